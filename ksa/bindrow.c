/* bindrow.c - the columns of a request that are more than a number. */
#include "ksa/bindrow.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "err.h"

/* One stamp for all says it in 4 octets: the common case is a whole batch. */
size_t
bindrow_stamps(const struct binding *b, uint8_t *out)
{
	uint32_t	n = b->nslaves * b->keys;

	for (uint32_t i = 1; i < n; i++)
		if (b->fetched[i] != b->fetched[0])
			goto each;
	n = 1;
each:
	for (uint32_t i = 0; i < n; i++)
		put_be32(out + 4 * i, b->fetched[i]);
	return 4 * (size_t)n;
}

static int
stamps_decode(struct binding *b, const uint8_t *in, size_t len)
{
	uint32_t	n = b->nslaves * b->keys;
	int		r;

	if (len == 0)
		return 0;
	if (len != 4 && len != 4 * (size_t)n)
		return -E_STORE_CORRUPT;
	if ((r = binding_need_fetched(b)) < 0)
		return r;
	for (uint32_t i = 0; i < n; i++)
		b->fetched[i] = get_be32(in + (len == 4 ? 0 : 4 * i));
	return 0;
}

static int
session_decode(struct binding *b, const uint8_t *in, size_t len)
{
	if (len == 0)
		return 0;
	if (len != BINDING_SESSION)
		return -E_STORE_CORRUPT;
	b->in_session = true;
	memcpy(b->session, in, len);
	return 0;
}

static int
erased_decode(struct binding *b, const uint8_t *in, size_t len)
{
	if (len == 0)
		return 0;
	if (len != (b->keys + 7) / 8)
		return -E_STORE_CORRUPT;
	if ((b->erased = malloc(len)) == NULL)
		return -E_NO_MEMORY;
	memcpy(b->erased, in, len);
	return 0;
}

int
bindrow_decode(sqlite3_stmt *st, uint32_t extra, struct binding *b)
{
	int	r;

	b->request = (uint64_t)sqlite3_column_int64(st, 0);
	b->keys = (uint32_t)sqlite3_column_int64(st, 3);
	b->octets = (uint32_t)sqlite3_column_int64(st, 4);
	b->made = (uint64_t)sqlite3_column_int64(st, 5);
	b->state = sqlite3_column_int(st, 8);
	b->copied = sqlite3_column_int(st, 9) != 0;
	if (b->keys == 0 || b->keys > BINDING_KEYS_MAX || b->octets == 0 ||
	    b->nslaves == 0 || sqlite3_column_bytes(st, 6) != KEYID_SEED)
		return -E_STORE_CORRUPT;
	memcpy(b->seed, sqlite3_column_blob(st, 6), KEYID_SEED);
	/* A refused binding stands there with the pieces it claimed. */
	r = pieces_decode(&b->pieces, sqlite3_column_blob(st, 7),
	    (size_t)sqlite3_column_bytes(st, 7),
	    (uint64_t)b->keys * b->octets + (b->copied ? extra : 0));
	if (r < 0)
		return r == -E_BAD_FORMAT ? -E_STORE_CORRUPT : r;
	if ((r = session_decode(b, sqlite3_column_blob(st, 10),
	    (size_t)sqlite3_column_bytes(st, 10))) < 0 ||
	    (r = stamps_decode(b, sqlite3_column_blob(st, 11),
	    (size_t)sqlite3_column_bytes(st, 11))) < 0)
		return r;
	return erased_decode(b, sqlite3_column_blob(st, 12),
	    (size_t)sqlite3_column_bytes(st, 12));
}
