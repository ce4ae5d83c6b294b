/*
 * receipts.h - which answers with keys may not have reached the client of one
 * connection yet.
 */
#ifndef KSA_RECEIPTS_H
#define KSA_RECEIPTS_H

#include <stdbool.h>
#include <stdint.h>

#define RECEIPTS_NEVER	(((uint64_t)1 << 48) - 1)

struct receipt {		/* of one answer; 32 octets */
	uint64_t	 end : 48;	/* behind it, among all octets sent */
	uint64_t	 number : 16;	/* of keys; 0: none */
	const char	*method;
	uint8_t		 first[16];	/* key_ID */
};

struct receipts {		/* zeroed at first */
	struct receipt	*v;
	unsigned	 n, room;
};

/* No room without more memory: what has arrived should go first. */
bool	receipts_full(const struct receipts *);
int	receipts_add(struct receipts *, const struct receipt *);
/* The client has the first `octets` of all that was sent. */
void	receipts_arrived(struct receipts *, uint64_t octets);
void	receipts_free(struct receipts *);

#endif
