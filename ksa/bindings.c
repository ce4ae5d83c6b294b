/* bindings.c - requests on disk. */
#include "ksa/bindings.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/bindrow.h"
#include "ksa/keystore.sql.h"

/* ---- writing ---- */

static int
add(struct side *s, const char *sql, int64_t peer, const struct binding *b)
{
	size_t	 len = b->pieces->n * PIECE_OCTETS;
	uint8_t	*out;
	int	 r;

	if ((out = malloc(len)) == NULL)
		return -E_NO_MEMORY;
	pieces_encode(b->pieces, out);
	r = db_run(s->db, sql, "iussiiubbiib", peer, b->request, b->master,
	    b->slaves, (int64_t)b->keys, (int64_t)b->octets, b->made, b->seed,
	    (size_t)KEYID_SEED, out, len, (int64_t)b->state,
	    (int64_t)b->copied, b->session,
	    (size_t)(b->in_session ? BINDING_SESSION : 0));
	free(out);
	return r < 0 ? r : 0;
}

static int
add_copy(struct side *s, int64_t peer, bool mine, const struct binding *b)
{
	int	r = db_run(s->db, SQL_COPY_ADD, "iiubb", peer, (int64_t)mine,
		    b->request, b->mac, sizeof(b->mac), b->copy,
		    (size_t)binding_size(b));

	return r < 0 ? r : 0;
}

static int
drop_copy(struct side *s, int64_t peer, uint64_t request)
{
	int	r = db_run(s->db, SQL_COPY_DELETE, "iiu", peer, (int64_t)0,
		    request);

	return r < 0 ? r : 0;
}

int
bindings_issue(struct side *s, int64_t peer, const struct binding *b)
{
	int	r = add(s, SQL_ISSUED_ADD, peer, b);

	return r < 0 || !b->copied ? r : add_copy(s, peer, true, b);
}

int
bindings_receive(struct side *s, int64_t peer, const struct binding *b)
{
	int	r = add(s, SQL_RECEIVED_ADD, peer, b);

	return r < 0 || !b->copied || b->state != BINDING_VALID ? r :
	    add_copy(s, peer, false, b);
}

int
bindings_received_last(struct side *s, int64_t peer, uint64_t *last)
{
	int64_t	v = db_int(s->db, -1, SQL_PEER_RECEIVED_GET, "i", peer);

	*last = (uint64_t)v;
	return v < 0 ? -E_STORE : 0;
}

int
bindings_set_received_last(struct side *s, int64_t peer, uint64_t last)
{
	int	r = db_run(s->db, SQL_PEER_RECEIVED, "iu", peer, last);

	return r < 0 ? r : 0;
}

int
bindings_fetch(struct side *s, int64_t peer, const struct binding *b,
    uint64_t now)
{
	uint8_t	stamps[4 * BINDING_KEYS_MAX * BINDING_SLAVES_MAX];
	size_t	len = bindrow_stamps(b, stamps);
	int	r;

	if ((r = db_run(s->db, SQL_RECEIVED_FETCHED, "iub", peer, b->request,
	    stamps, len)) < 0)
		return r;
	if (r == 0)
		return -E_GONE;
	r = db_run(s->db, SQL_FETCHED_ADD, "iuu", peer, b->request, now);
	return r < 0 ? r : 0;
}

int
bindings_set_erased(struct side *s, int64_t peer, const struct binding *b)
{
	int	r = db_run(s->db, SQL_RECEIVED_ERASED, "iubi", peer,
		    b->request, b->erased, (size_t)(b->keys + 7) / 8,
		    (int64_t)b->state);

	return r < 0 || !b->copied || b->state == BINDING_VALID ?
	    (r < 0 ? r : 0) : drop_copy(s, peer, b->request);
}

int
bindings_drop_copies(struct side *s, int64_t peer, uint64_t upto)
{
	int	r = db_run(s->db, SQL_COPIES_DELETE, "iiu", peer, (int64_t)1,
		    upto);

	return r < 0 ? r : 0;
}

int
bindings_forget(struct side *s, int64_t peer, uint64_t upto, uint64_t before)
{
	int	issued, received;

	if ((issued = db_run(s->db, SQL_ISSUED_FORGET, "iuu", peer, upto,
	    before)) < 0)
		return issued;
	if ((received = db_run(s->db, SQL_RECEIVED_FORGET, "iu", peer,
	    before)) < 0)
		return received;
	return issued + received;
}

/* ---- reading ---- */

static int
get(struct side *s, const char *sql, uint32_t extra, int64_t peer,
    uint64_t request, struct binding **out)
{
	sqlite3_stmt	*st;
	struct binding	*b = NULL;
	int		 r;

	if ((st = db_bind(s->db, sql, "iu", peer, request)) == NULL)
		return -E_STORE;
	if ((r = db_step(s->db, st)) != SQLITE_ROW) {
		r = r < 0 ? r : -E_NOT_FOUND;
		goto out;
	}
	b = binding_new((const char *)sqlite3_column_text(st, 1),
	    (const char *)sqlite3_column_text(st, 2));
	r = b == NULL ? -E_NO_MEMORY : bindrow_decode(st, extra, b);
out:
	sqlite3_reset(st);
	if (r < 0)
		binding_free(&b);
	*out = b;
	return r;
}

int
bindings_get_issued(struct side *s, int64_t peer, uint64_t request,
    struct binding **out)
{
	return get(s, SQL_ISSUED_GET, OTP_MAC_KEY, peer, request, out);
}

int
bindings_next_issued(struct side *s, int64_t peer, uint64_t after,
    struct binding **out)
{
	return get(s, SQL_ISSUED_NEXT, OTP_MAC_KEY, peer, after, out);
}

int
bindings_get_received(struct side *s, int64_t peer, uint64_t request,
    struct binding **out)
{
	return get(s, SQL_RECEIVED_GET, 0, peer, request, out);
}

int
bindings_next_received(struct side *s, int64_t peer, uint64_t after,
    struct binding **out)
{
	return get(s, SQL_RECEIVED_NEXT, 0, peer, after, out);
}

int
bindings_copy(struct side *s, int64_t peer, bool mine,
    const struct binding *b, uint8_t **copy, uint8_t mac[OTP_MAC])
{
	size_t		 len = binding_size(b);
	sqlite3_stmt	*st;
	int		 r;

	if ((st = db_bind(s->db, SQL_COPY_GET, "iiu", peer, (int64_t)mine,
	    b->request)) == NULL)
		return -E_STORE;
	if ((r = db_step(s->db, st)) != SQLITE_ROW)
		r = r < 0 ? r : -E_GONE;
	else if (sqlite3_column_bytes(st, 0) != OTP_MAC ||
	    (size_t)sqlite3_column_bytes(st, 1) != len)
		r = -E_STORE_CORRUPT;
	else if ((*copy = malloc(len)) == NULL)
		r = -E_NO_MEMORY;
	else {
		memcpy(mac, sqlite3_column_blob(st, 0), OTP_MAC);
		memcpy(*copy, sqlite3_column_blob(st, 1), len);
		r = 0;
	}
	sqlite3_reset(st);
	return r;
}

int64_t
bindings_outbox(struct side *s, int64_t peer, uint64_t acked)
{
	return db_int(s->db, 0, SQL_ISSUED_PENDING, "iu", peer, acked);
}

/* ---- deliveries ---- */

int
bindings_first_delivery(struct side *s, struct delivery *d)
{
	sqlite3_stmt	*st;
	int		 r;

	if ((st = db_bind(s->db, SQL_FETCHED_FIRST, "")) == NULL)
		return -E_STORE;
	if ((r = db_step(s->db, st)) == SQLITE_ROW)
		*d = (struct delivery){ sqlite3_column_int64(st, 0),
		    sqlite3_column_int64(st, 1),
		    (uint64_t)sqlite3_column_int64(st, 2),
		    (uint64_t)sqlite3_column_int64(st, 3) };
	sqlite3_reset(st);
	return r == SQLITE_ROW ? 0 : r < 0 ? r : -E_NOT_FOUND;
}

int
bindings_drop_delivery(struct side *s, int64_t seq)
{
	int	r = db_run(s->db, SQL_FETCHED_DELETE, "i", seq);

	return r < 0 ? r : 0;
}
