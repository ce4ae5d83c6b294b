/* bytequeue.h - octets in, octets out; wiped as they leave or move. */
#ifndef QKD_BYTEQUEUE_H
#define QKD_BYTEQUEUE_H

#include <stddef.h>
#include <stdint.h>

struct bytequeue {
	uint8_t	*p;
	size_t	 off, len, room;	/* p[off..off+len) is in use */
};

/* Room for `octets` at the end; NULL: no memory, nothing changed. */
uint8_t	*bytequeue_reserve(struct bytequeue *, size_t octets);
/* The first `octets` of the room reserved are now in the queue. */
void	 bytequeue_commit(struct bytequeue *, size_t octets);
/* The first octets are used up. The memory stays. */
void	 bytequeue_consume(struct bytequeue *, size_t octets);
void	 bytequeue_free(struct bytequeue *);
static inline uint8_t *
bytequeue_head(const struct bytequeue *q)
{
	return q->p + q->off;
}

#endif
