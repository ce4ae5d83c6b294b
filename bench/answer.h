/* answer.h - what the load generators read and check in an answer, be it by
 * HTTP or a frame of Q.4161. */
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWER_FRAME	10		/* octets of a frame's header */

struct answer {
	const char	*text;		/* the head, the body behind it */
	int		 status;	/* of HTTP; a frame's as if by HTTP */
	size_t		 head, body;	/* octets */
	bool		 last;		/* the server closes after it */
	uint16_t	 command;	/* frames */
	uint32_t	 id;		/* frames: the request's MessageID */
};

struct answer_key {
	uint8_t		id[16];
	uint64_t	digest;		/* of the key's base64 text */
};

/* 1: whole, 0: more to come, -1: not an answer that we understand. */
int	answer_parse(struct answer *, const char *buf, size_t len);
int	answer_frame(struct answer *, const char *buf, size_t len);
/* The keys of a key container; how many, or -1: malformed, wrong size. */
int	answer_keys(const char *body, size_t len, struct answer_key *,
	    unsigned room, unsigned key_octets);
/* The member of this name that is a string, as it stands there; or NULL. */
const char *answer_member(const char *body, size_t len, const char *name,
	    size_t *n);
int	answer_uuid(const char *text, size_t len, uint8_t id[16]);

/* A set of key_IDs, to notice one that comes twice. */
struct idset;
struct idset *idset_new(size_t most);
/* 1: new, 0: there already, -1: full. */
int	idset_add(struct idset *, const uint8_t id[16]);
void	idset_free(struct idset *);

#endif
