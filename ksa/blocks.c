/* blocks.c - pool blocks on disk. */
#include "ksa/blocks.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "bytes.h"
#include "err.h"
#include "ksa/keystore.sql.h"
#include "secret.h"

#define SEG		BLOCKS_SEGMENT
#define HEAD		(BLOCKS_SEGMENTS - 1)	/* number of the head */
#define AAD_MAX		(1 + 8 + 4 + KM_ID_MAX)

_Static_assert(AAD_MAX <= STOREKEY_AAD_MAX, "a name has room");
_Static_assert(SEG <= SCRATCH_OCTETS, "the scratch holds a segment");
_Static_assert((POOL_KEY_OCTETS(BLOCK_OCTETS_MAX) + SEG - 1) / SEG <= HEAD,
    "a block has too many segments");

int
blocks_check_size(size_t octets)
{
	return octets < POOL_OCTETS(BLOCK_OCTETS_MIN) ||
	    octets > POOL_OCTETS(BLOCK_OCTETS_MAX) ? -E_RANGE : 0;
}

/* ---- segments ---- */

static size_t
segment_aad(uint8_t aad[AAD_MAX], const struct block_name *b, uint32_t number)
{
	size_t	len = strlen(b->km);

	aad[0] = (uint8_t)b->direction;
	put_be64(aad + 1, b->serial);
	put_be32(aad + 9, number);
	memcpy(aad + 13, b->km, len);
	return 13 + len;
}

size_t
blocks_sealed_name(uint8_t out[STOREKEY_AAD_MAX], sqlite3_stmt *st)
{
	const struct block_name	b = {
		.km = (const char *)sqlite3_column_text(st, 5),
		.direction = sqlite3_column_int(st, 3),
		.serial = (uint64_t)sqlite3_column_int64(st, 4) };

	return segment_aad(out, &b, (uint32_t)(sqlite3_column_int64(st, 0) %
	    BLOCKS_SEGMENTS));
}

static int
segment_seal(struct side *s, const struct block_name *b, uint32_t number,
    const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t	aad[AAD_MAX];

	return seal(s->sealer, out, in, len, aad,
	    segment_aad(aad, b, number));
}

static int
segment_add(struct side *s, const struct block_name *b, int64_t id,
    uint32_t number, const uint8_t *in, size_t len)
{
	uint8_t	sealed[SEG + SEAL_OVERHEAD];
	int	r;

	if ((r = segment_seal(s, b, number, in, len, sealed)) < 0)
		return r;
	r = db_run(s->db, SQL_SEGMENT_ADD, "iib", id * BLOCKS_SEGMENTS + number,
	    (int64_t)len, sealed, len + SEAL_OVERHEAD);
	return r < 0 ? r : 0;
}

/* Returns how many octets are not erased, or negative. */
static int
segment_get(struct side *s, const struct block_name *b, int64_t id,
    uint32_t number, uint8_t out[SEG], size_t *len)
{
	uint8_t		 aad[AAD_MAX];
	sqlite3_stmt	*st;
	int		 r, n;

	if ((st = db_bind(s->db, SQL_SEGMENT_GET, "i",
	    id * BLOCKS_SEGMENTS + number)) == NULL)
		return -E_STORE;
	if ((r = db_step(s->db, st)) != SQLITE_ROW) {
		sqlite3_reset(st);
		return r < 0 ? r : -E_SPENT;
	}
	n = sqlite3_column_bytes(st, 1);
	if (n <= SEAL_OVERHEAD || n > SEG + SEAL_OVERHEAD)
		r = -E_SEAL;
	else
		r = unseal(s->sealer, out, sqlite3_column_blob(st, 1),
		    (size_t)n, aad, segment_aad(aad, b, number));
	*len = (size_t)n - SEAL_OVERHEAD;
	if (r == 0 && (r = sqlite3_column_int(st, 0)) < 0)
		r = -E_STORE_CORRUPT;
	sqlite3_reset(st);
	return r;
}

int
blocks_read_segment(struct side *s, const struct block_name *b, int64_t id,
    uint32_t number, uint8_t out[SEG], size_t *len)
{
	int	r = segment_get(s, b, id, number, out, len);

	return r < 0 ? r : 0;
}

static int
segment_delete(struct side *s, int64_t id, uint32_t number)
{
	return db_run(s->db, SQL_SEGMENT_DELETE, "i",
	    id * BLOCKS_SEGMENTS + number);
}

/* Zeroes octets from..from+n of a segment; at the last one the row goes, and
 * at once if it does not open: nothing of it can be supplied. */
static int
segment_erase(struct side *s, const struct block_name *b, int64_t id,
    uint32_t number, uint32_t from, uint32_t n)
{
	uint8_t	*clear = s->scratch, sealed[SEG + SEAL_OVERHEAD];
	size_t	len;
	int	r, remaining;

	if ((r = segment_get(s, b, id, number, clear, &len)) < 0) {
		r = r == -E_SEAL ? segment_delete(s, id, number) :
		    r == -E_SPENT ? 0 : r;
		goto out;
	}
	remaining = r - (int)n;
	if (remaining < 0 || from + n > len) {
		r = -E_STORE_CORRUPT;
	} else if (remaining == 0) {
		r = segment_delete(s, id, number);
	} else {
		memset(clear + from, 0, n);
		if ((r = segment_seal(s, b, number, clear, len, sealed)) == 0)
			r = db_run(s->db, SQL_SEGMENT_SET, "iib",
			    id * BLOCKS_SEGMENTS + number, (int64_t)remaining,
			    sealed, len + SEAL_OVERHEAD);
	}
out:
	OPENSSL_cleanse(clear, SEG);
	return r < 0 ? r : 0;
}

/* Of which nothing is erased yet: need not be opened. Returns how many went. */
static int
segments_erase(struct side *s, int64_t id, uint32_t first, uint32_t n)
{
	return db_run(s->db, SQL_SEGMENTS_WHOLE, "iii",
	    id * BLOCKS_SEGMENTS + first, id * BLOCKS_SEGMENTS + first + n,
	    (int64_t)SEG);
}

/* ---- blocks ---- */

int
blocks_add(struct side *s, const struct block_name *b, int state,
    const struct material *m, const uint8_t *pool, size_t octets,
    uint64_t now, int64_t *id)
{
	uint32_t		 left = (uint32_t)octets - POOL_KEYS, n;
	struct block_row	 row;
	int			 r;

	if ((r = blocks_find(s, b, &row)) != -E_NOT_FOUND)
		return r < 0 ? r : -E_EXISTS;
	if ((r = db_run(s->db, SQL_BLOCK_ADD, "iiuiiuiui", b->peer,
	    (int64_t)b->direction, b->serial, (int64_t)state, (int64_t)left,
	    now, (int64_t)m->hops, m->born, (int64_t)m->paths)) < 0)
		return r;
	*id = sqlite3_last_insert_rowid(db_handle(s->db));
	if (b->direction == OWN && (r = db_run(s->db, SQL_PEER_BLOCK, "iu",
	    b->peer, b->serial)) < 0)
		return r;
	r = state == BLOCK_NEW ?
	    segment_add(s, b, *id, HEAD, pool, POOL_KEYS) : 0;
	pool += POOL_KEYS;
	for (uint32_t i = 0; r == 0 && left > 0; i++, left -= n, pool += n) {
		n = left < SEG ? left : SEG;
		r = segment_add(s, b, *id, i, pool, n);
	}
	return r;
}

int
blocks_ready(struct side *s, int64_t id, const uint8_t answer[16])
{
	int	r;

	if ((r = db_run(s->db, SQL_BLOCK_READY, "ib", id, answer,
	    (size_t)16)) < 0)
		return r;
	if (r == 0)
		return 1;
	r = db_run(s->db, SQL_SEGMENT_DELETE, "i", id * BLOCKS_SEGMENTS + HEAD);
	return r < 0 ? r : 0;
}

int
blocks_use(struct side *s, int64_t id, uint32_t used)
{
	int	r = db_run(s->db, SQL_BLOCK_USED, "ii", id, (int64_t)used);

	return r < 0 ? r : 0;
}

int
blocks_erase(struct side *s, const struct block_name *b, int64_t id,
    uint32_t from, uint32_t octets)
{
	int	r = 0;

	while (r == 0 && octets > 0) {
		uint32_t	in = from % SEG, n = SEG - in;
		uint32_t	whole = in == 0 ? octets / SEG : 0;

		if (whole > 0 && (r = segments_erase(s, id, from / SEG,
		    whole)) == (int)whole) {
			n = whole * SEG;
			r = 0;
		} else if (r >= 0) {
			n = n > octets ? octets : n;
			r = segment_erase(s, b, id, from / SEG, in, n);
		}
		from += n;
		octets -= n;
	}
	if (r == 0)
		r = db_run(s->db, SQL_BLOCK_SPENT, "i", id);
	return r < 0 ? r : 0;
}

int
blocks_take(struct side *s, const struct block_name *b, uint32_t from,
    uint32_t octets)
{
	struct block_row	row;
	int			r;

	if ((r = blocks_find(s, b, &row)) < 0 ||
	    (r = blocks_use(s, row.id, from + octets)) < 0)
		return r;
	return from <= row.used ? 0 :
	    blocks_erase(s, b, row.id, row.used, from - row.used);
}

int
blocks_wipe_used(struct side *s, const struct block_name *b)
{
	struct block_row	row;
	int			r;

	if ((r = blocks_find(s, b, &row)) < 0)
		return r == -E_NOT_FOUND ? 0 : r;
	if (row.used == row.wiped)
		return 0;
	if ((r = db_run(s->db, SQL_BLOCK_WIPED, "ii", row.id,
	    (int64_t)row.used)) < 0)
		return r;
	return blocks_erase(s, b, row.id, row.wiped, row.used - row.wiped);
}

int
blocks_delete(struct side *s, const struct block_name *b)
{
	struct block_row	row;
	int			r;

	if ((r = blocks_find(s, b, &row)) < 0)
		return r == -E_NOT_FOUND ? 0 : r;
	if ((r = db_run(s->db, SQL_SEGMENTS_DELETE, "i", row.id)) < 0)
		return r;
	r = db_run(s->db, SQL_BLOCK_DELETE, "i", row.id);
	return r < 0 ? r : 0;
}

int
blocks_close(struct side *s, const struct block_name *b,
    const struct block_row *row)
{
	int	r;

	if (row->state == BLOCK_NEW || row->used == 0)
		return blocks_delete(s, b);
	if (row->used == row->octets)
		return 0;
	if ((r = blocks_use(s, row->id, row->octets)) < 0)
		return r;
	return blocks_erase(s, b, row->id, row->used, row->octets - row->used);
}

/* ---- reading ---- */

static struct material
material_read(sqlite3_stmt *st, int i)
{
	struct material	m = { MATERIAL_HOPS_UNKNOWN, MATERIAL_BORN_UNKNOWN,
			    (uint32_t)sqlite3_column_int64(st, i + 2) };

	if (sqlite3_column_type(st, i) != SQLITE_NULL)
		m.hops = (uint32_t)sqlite3_column_int64(st, i);
	if (sqlite3_column_type(st, i + 1) != SQLITE_NULL)
		m.born = (uint64_t)sqlite3_column_int64(st, i + 1);
	return m;
}

static int
row_read(struct side *s, sqlite3_stmt *st, struct block_row *row)
{
	int	r = db_step(s->db, st);

	if (r == SQLITE_ROW) {
		*row = (struct block_row){
			.id = sqlite3_column_int64(st, 0),
			.serial = (uint64_t)sqlite3_column_int64(st, 1),
			.state = sqlite3_column_int(st, 2),
			.octets = (uint32_t)sqlite3_column_int64(st, 3),
			.used = (uint32_t)sqlite3_column_int64(st, 4),
			.wiped = (uint32_t)sqlite3_column_int64(st, 5),
			.made = (uint64_t)sqlite3_column_int64(st, 6),
			.material = material_read(st, 8),
		};
		if (sqlite3_column_bytes(st, 7) == sizeof(row->answer))
			memcpy(row->answer, sqlite3_column_blob(st, 7),
			    sizeof(row->answer));
	}
	sqlite3_reset(st);
	return r == SQLITE_ROW ? 0 : r < 0 ? r : -E_NOT_FOUND;
}

int
blocks_find(struct side *s, const struct block_name *b, struct block_row *row)
{
	sqlite3_stmt	*st = db_bind(s->db, SQL_BLOCK_FIND, "iiu", b->peer,
			    (int64_t)b->direction, b->serial);

	return st == NULL ? -E_STORE : row_read(s, st, row);
}

int
blocks_next(struct side *s, int64_t peer, int direction, uint64_t after,
    struct block_row *row)
{
	sqlite3_stmt	*st = db_bind(s->db, SQL_BLOCK_EACH, "iiu", peer,
			    (int64_t)direction, after);

	return st == NULL ? -E_STORE : row_read(s, st, row);
}

int
blocks_next_new(struct side *s, int64_t peer, int direction, uint64_t after,
    struct block_row *row)
{
	sqlite3_stmt	*st = db_bind(s->db, SQL_BLOCK_EACH_NEW, "iiu", peer,
			    (int64_t)direction, after);

	return st == NULL ? -E_STORE : row_read(s, st, row);
}

int
blocks_count(struct side *s, int64_t peer, int direction, uint64_t *blocks,
    uint64_t *octets)
{
	sqlite3_stmt	*st = db_bind(s->db, SQL_BLOCK_COUNT, "ii", peer,
			    (int64_t)direction);
	int		 r;

	if ((r = db_step(s->db, st)) == SQLITE_ROW) {
		*blocks = (uint64_t)sqlite3_column_int64(st, 0);
		*octets = (uint64_t)sqlite3_column_int64(st, 1);
	}
	sqlite3_reset(st);
	return r < 0 ? r : 0;
}

int
blocks_read(struct side *s, const struct block_name *b, int64_t id,
    uint32_t from, uint32_t octets, uint8_t *out)
{
	uint8_t	*clear = s->scratch;
	size_t	len;
	int	r = 0;

	while (r >= 0 && octets > 0) {
		uint32_t	in = from % SEG, n = SEG - in;

		n = n > octets ? octets : n;
		if ((r = segment_get(s, b, id, from / SEG, clear, &len)) < 0)
			break;
		if (in + n > len) {
			r = -E_RANGE;
			break;
		}
		memcpy(out, clear + in, n);
		out += n;
		from += n;
		octets -= n;
	}
	OPENSSL_cleanse(clear, SEG);
	return r < 0 ? r : 0;
}

int
blocks_read_head(struct side *s, const struct block_name *b, int64_t id,
    uint32_t from, uint32_t octets, uint8_t *out)
{
	uint8_t	*clear = s->scratch;
	size_t	 len = 0;
	int	 r = segment_get(s, b, id, HEAD, clear, &len);

	if (r >= 0 && (len != POOL_KEYS || from + octets > len))
		r = -E_STORE_CORRUPT;
	if (r >= 0)
		memcpy(out, clear + from, octets);
	OPENSSL_cleanse(clear, SEG);
	return r < 0 ? r : 0;
}

int
blocks_read_all(struct side *s, const struct block_name *b,
    const struct block_row *row, uint8_t *out)
{
	int	r = blocks_read_head(s, b, row->id, 0, POOL_KEYS, out);

	return r < 0 ? r : blocks_read(s, b, row->id, 0, row->octets,
	    out + POOL_KEYS);
}
