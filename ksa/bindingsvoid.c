/* bindingsvoid.c - keys that become void, and those that are offered. */
#include "ksa/bindings.h"

#include "err.h"
#include "ksa/keystore.sql.h"
#include "ksa/record.h"

static int
record_request(struct side *s, int64_t peer, uint64_t request, const char *why)
{
	struct audit_row row = { .event = AUDIT_VOID, .request = request,
	    .detail = why };

	return record(s, peer, &row);
}

int
bindings_void_issued(struct side *s, int64_t peer, uint64_t request)
{
	int	r = db_run(s->db, SQL_SESSION_RETURN_OFFERED, "iu", peer,
		    request);

	if (r >= 0)
		r = db_run(s->db, SQL_ISSUED_VOID, "iu", peer, request);
	if (r > 0)
		r = record_request(s, peer, request, "refused by the peer");
	if (r >= 0)
		r = db_run(s->db, SQL_COPY_DELETE, "iiu", peer, (int64_t)1,
		    request);
	return r < 0 ? r : 0;
}

int
bindings_void_received(struct side *s, int64_t peer, uint64_t request,
    const char *why)
{
	int	r;

	if ((r = db_run(s->db, SQL_RECEIVED_VOID, "iu", peer, request)) <= 0)
		return r;
	if ((r = record_request(s, peer, request, why)) < 0)
		return r;
	r = db_run(s->db, SQL_FETCHED_ADD, "iuu", peer, request, (uint64_t)0);
	return r < 0 ? r : 1;
}

int
bindings_void_all(struct side *s, int64_t peer)
{
	int	r = db_run(s->db, SQL_RECEIVED_VOID_ALL, "i", peer);

	if (r >= 0)
		r = record_many(s, AUDIT_VOID, peer, r,
		    "requests: the store went back in time");
	if (r >= 0)
		r = db_run(s->db, SQL_COPIES_DELETE, "iii", peer, (int64_t)0,
		    INT64_MAX);
	return r < 0 ? r : 0;
}

/* ---- keys of sessions ---- */

static int
one(int r)
{
	return r < 0 ? r : r == 0 ? -E_GONE : 0;
}

int
bindings_settle_issued(struct side *s, int64_t peer, uint64_t request)
{
	return one(db_run(s->db, SQL_ISSUED_SETTLE, "iu", peer, request));
}

/* Delivered long ago they may be erased by now. */
int
bindings_settle_received(struct side *s, int64_t peer, uint64_t request)
{
	int		 r, state = BINDING_ERASED;
	struct binding	*b;

	if ((r = bindings_get_received(s, peer, request, &b)) < 0)
		return r == -E_NOT_FOUND ? -E_GONE : r;
	for (uint32_t i = 0; i < b->keys; i++)
		if (!binding_is_erased(b, i))
			state = BINDING_VALID;
	binding_free(&b);
	return one(db_run(s->db, SQL_RECEIVED_SETTLE, "iui", peer, request,
	    (int64_t)state));
}

int
bindings_recall(struct side *s, int64_t peer, uint64_t request, bool tell)
{
	int	r = db_run(s->db, SQL_SESSION_RETURN_ISSUED, "iu", peer,
		    request);

	if (r < 0 || (r = one(db_run(s->db, SQL_ISSUED_RECALL, "iu", peer,
	    request))) < 0 ||
	    (r = record_request(s, peer, request,
	    "not taken in its session")) < 0 || !tell)
		return r;
	r = db_run(s->db, SQL_RECALL_ADD, "iu", peer, request);
	return r < 0 ? r : 0;
}

int
bindings_withdraw(struct side *s, int64_t peer, uint64_t request,
    const uint8_t session[BINDING_SESSION])
{
	const size_t	n = BINDING_SESSION;
	int		r;

	if ((r = db_run(s->db, SQL_SESSION_RETURN_RECEIVED, "iub", peer,
	    request, session, n)) < 0 ||
	    (r = db_run(s->db, SQL_RECEIVED_WITHDRAW, "iub", peer, request,
	    session, n)) <= 0 ||
	    (r = record_request(s, peer, request,
	    "not taken in its session")) < 0)
		return r;
	r = db_run(s->db, SQL_FETCHED_ADD, "iuu", peer, request, (uint64_t)0);
	return r < 0 ? r : 0;
}

/* What counts them goes before what changes them. */
int
bindings_void_offered(struct side *s, int64_t self)
{
	int	issued, received, r;

	if ((r = db_run(s->db, SQL_OFFERED_RETURN, "i", self)) < 0 ||
	    (r = db_run(s->db, SQL_OFFERED_RECALL, "")) < 0 ||
	    (r = db_run(s->db, SQL_OFFERED_ERASE, "")) < 0 ||
	    (r = issued = db_run(s->db, SQL_OFFERED_ISSUED, "")) < 0 ||
	    (r = received = db_run(s->db, SQL_OFFERED_RECEIVED, "")) < 0 ||
	    (r = record_many(s, AUDIT_VOID, 0, issued + received,
	    "requests of sessions that were on their way at the stop")) < 0)
		return r;
	return issued + received;
}

int
bindings_recalls(struct side *s, int64_t peer, uint64_t *v, int n)
{
	sqlite3_stmt	*st;
	int		 i = 0, r;

	if ((st = db_bind(s->db, SQL_RECALL_EACH, "ii", peer,
	    (int64_t)n)) == NULL)
		return -E_STORE;
	while ((r = db_step(s->db, st)) == SQLITE_ROW && i < n)
		v[i++] = (uint64_t)sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return r < 0 ? r : i;
}

int
bindings_drop_recall(struct side *s, int64_t peer, uint64_t request)
{
	int	r = db_run(s->db, SQL_RECALL_DELETE, "iu", peer, request);

	return r < 0 ? r : 0;
}
