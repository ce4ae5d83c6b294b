/*
 * saehttp.h - one HTTP/1.1 response: octets in, status and body out. The body
 * lies in locked memory. Pure, but for that memory.
 */
#ifndef SAE_HTTP_H
#define SAE_HTTP_H

#include <stdbool.h>
#include <stddef.h>

struct saehttp;

enum saehttp_event {
	SAEHTTP_MORE,
	SAEHTTP_WHOLE,
	SAEHTTP_FAULT,		/* saehttp_fault() says why */
};

/* NULL: out of memory. A body larger than body_max is a fault. */
struct saehttp *saehttp_new(size_t body_max);
void	saehttp_free(struct saehttp **);	/* wipes */
enum saehttp_event saehttp_feed(struct saehttp *, const char *, size_t);
/* The connection has ended: that ends some bodies. Never MORE. */
enum saehttp_event saehttp_end(struct saehttp *);
const char *saehttp_fault(const struct saehttp *);

/* Of a whole response. */
unsigned	 saehttp_status(const struct saehttp *);
char		*saehttp_body(struct saehttp *, size_t *len);
/* Whether the next request may go the same way. */
bool		 saehttp_keep_alive(const struct saehttp *);

#endif
