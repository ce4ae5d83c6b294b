/*
 * jsonout.h - append-only writer of JSON text into room given by the caller;
 * no copies, no allocation. With no room it counts, so that an answer is
 * measured first and then written where it leaves.
 */
#ifndef QKD_JSONOUT_H
#define QKD_JSONOUT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct jsonout {
	char	*p;		/* NULL: only count */
	size_t	 room;		/* what exceeds it is counted, not written */
	size_t	 len;
};

void	jsonout_raw(struct jsonout *, const char *text, size_t len);
#define jsonout_text(O, LITERAL) jsonout_raw(O, LITERAL, sizeof(LITERAL) - 1)
/* Quoted and escaped; octets that are not UTF-8 become '?'. */
void	jsonout_string(struct jsonout *, const char *);
void	jsonout_uint(struct jsonout *, uint64_t);
/* In quotes: numbers beyond 2^53 do not survive every parser. */
void	jsonout_u64(struct jsonout *, uint64_t);
void	jsonout_base64(struct jsonout *, const uint8_t *, size_t);
/* A tree without secrets. */
void	jsonout_tree(struct jsonout *, const json_t *);
/* Octets written, or 0 if they did not fit. */
size_t	jsonout_end(const struct jsonout *);

#endif
