/* jsonout.h - an append-only writer of JSON into room that is given. */
#ifndef RELAYD_JSONOUT_H
#define RELAYD_JSONOUT_H

#include <stddef.h>
#include <stdint.h>

struct jsonout {
	char	*p;
	size_t	 len, room;	/* len > room: it did not fit */
};

void	jsonout_raw(struct jsonout *, const char *);
/* In quotes and escaped; must be UTF-8. */
void	jsonout_text(struct jsonout *, const char *);
/* In quotes: numbers beyond 2^53 do not survive every parser. */
void	jsonout_u64(struct jsonout *, uint64_t);
void	jsonout_base64(struct jsonout *, const uint8_t *, size_t);
/* Octets written, or 0 if they did not fit. */
size_t	jsonout_end(const struct jsonout *);

#endif
