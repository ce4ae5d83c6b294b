#include "bytequeue.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* Never realloc: it would leave a copy behind. */
static int
move(struct bytequeue *q, size_t room)
{
	uint8_t	*p;

	if ((p = malloc(room)) == NULL)
		return -1;
	if (q->len > 0)
		memcpy(p, q->p + q->off, q->len);
	if (q->p != NULL)
		OPENSSL_cleanse(q->p + q->off, q->len);
	free(q->p);
	q->p = p;
	q->off = 0;
	q->room = room;
	return 0;
}

uint8_t *
bytequeue_reserve(struct bytequeue *q, size_t octets)
{
	size_t	room;

	if (q->room - q->off - q->len >= octets)
		return q->p + q->off + q->len;
	if (octets > SIZE_MAX / 4 - q->len)
		return NULL;
	if (q->room - q->len >= octets && q->off >= q->len) {
		memcpy(q->p, q->p + q->off, q->len);
		OPENSSL_cleanse(q->p + q->off, q->len);
		q->off = 0;
		return q->p + q->len;
	}
	room = q->room > 0 ? q->room : 1024;
	while (room < q->len + octets)
		room *= 2;
	return move(q, room) == 0 ? q->p + q->len : NULL;
}

void
bytequeue_commit(struct bytequeue *q, size_t octets)
{
	q->len += octets;
}

void
bytequeue_consume(struct bytequeue *q, size_t octets)
{
	OPENSSL_cleanse(q->p + q->off, octets);
	q->off += octets;
	q->len -= octets;
	if (q->len == 0)
		q->off = 0;
}

void
bytequeue_free(struct bytequeue *q)
{
	if (q->p != NULL)
		OPENSSL_cleanse(q->p + q->off, q->len);
	free(q->p);
	memset(q, 0, sizeof(*q));
}
