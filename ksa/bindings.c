/* bindings.c - requests in memory and on disk. */
#include "ksa/bindings.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "err.h"
#include "ksa/keystore.sql.h"

#define STAMP_MS	10

/* 0: more than there may be. */
static uint32_t
count_lines(const char *s)
{
	uint32_t	n = 1;

	for (; (s = strchr(s, '\n')) != NULL; s++)
		n++;
	return n <= BINDING_SLAVES_MAX ? n : 0;
}

struct binding *
binding_new(const char *master, const char *slaves)
{
	struct binding	*b = calloc(1, sizeof(*b));

	if (b != NULL && ((b->master = strdup(master)) == NULL ||
	    (b->slaves = strdup(slaves)) == NULL))
		binding_free(&b);
	if (b != NULL)
		b->nslaves = count_lines(slaves);
	return b;
}

void
binding_free(struct binding **bp)
{
	struct binding	*b = *bp;

	if (b == NULL)
		return;
	free(b->master);
	free(b->slaves);
	free(b->pieces);
	free(b->copy);
	free(b->fetched);
	free(b->erased);
	free(b);
	*bp = NULL;
}

int
binding_add_slave(struct binding *b, const char *slave)
{
	size_t	 len = strlen(b->slaves), more = strlen(slave);
	char	*p = realloc(b->slaves, len + more + 2);

	if (p == NULL)
		return -E_NO_MEMORY;
	p[len] = '\n';
	memcpy(p + len + 1, slave, more + 1);
	b->slaves = p;
	b->nslaves++;
	return 0;
}

int
binding_slave(const struct binding *b, const char *name)
{
	const char	*s = b->slaves;
	size_t		 len = strlen(name);

	for (int i = 0;; i++) {
		size_t	n = strcspn(s, "\n");

		if (n == len && memcmp(s, name, n) == 0)
			return i;
		if (s[n] == '\0')
			return -E_NOT_FOUND;
		s += n + 1;
	}
}

bool
binding_equal(const struct binding *a, const struct binding *b)
{
	return a->request == b->request && a->keys == b->keys &&
	    a->octets == b->octets && a->copied == b->copied &&
	    a->in_session == b->in_session &&
	    memcmp(a->session, b->session, BINDING_SESSION) == 0 &&
	    strcmp(a->master, b->master) == 0 &&
	    strcmp(a->slaves, b->slaves) == 0 &&
	    memcmp(a->seed, b->seed, KEYID_SEED) == 0 &&
	    a->pieces->n == b->pieces->n && memcmp(a->pieces->v, b->pieces->v,
	    a->pieces->n * sizeof(a->pieces->v[0])) == 0;
}

uint32_t
binding_stamp(const struct binding *b, uint64_t now)
{
	return now <= b->made ? 1 : (uint32_t)((now - b->made) / STAMP_MS + 1);
}

uint64_t
binding_time(const struct binding *b, uint32_t stamp)
{
	return b->made + (uint64_t)(stamp - 1) * STAMP_MS;
}

bool
binding_window_open(uint64_t at, uint64_t window, uint64_t now)
{
	return window != 0 && now <= at + window && at <= now + window;
}

bool
binding_is_erased(const struct binding *b, uint32_t key)
{
	return b->erased != NULL && (b->erased[key / 8] >> key % 8 & 1) != 0;
}

int
binding_need_fetched(struct binding *b)
{
	if (b->fetched == NULL)
		b->fetched = calloc((size_t)b->nslaves * b->keys,
		    sizeof(b->fetched[0]));
	return b->fetched == NULL ? -E_NO_MEMORY : 0;
}

/* ---- blobs ---- */

/* One stamp for all says it in 4 octets: the common case is a whole batch. */
static size_t
stamps_encode(const struct binding *b, uint8_t *out)
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
drop_copy(struct side *s, int64_t peer, bool mine, uint64_t request)
{
	int	r = db_run(s->db, SQL_COPY_DELETE, "iiu", peer,
		    (int64_t)mine, request);

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
	size_t	len = stamps_encode(b, stamps);
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
	    (r < 0 ? r : 0) : drop_copy(s, peer, false, b->request);
}

int
bindings_void_issued(struct side *s, int64_t peer, uint64_t request)
{
	int	r = db_run(s->db, SQL_SESSION_RETURN_ISSUED, "iu", peer,
		    request);

	if (r >= 0)
		r = db_run(s->db, SQL_ISSUED_VOID, "iu", peer, request);
	return r < 0 ? r : drop_copy(s, peer, true, request);
}

int
bindings_void_received(struct side *s, int64_t peer, uint64_t request)
{
	int	r;

	if ((r = db_run(s->db, SQL_RECEIVED_VOID, "iu", peer, request)) <= 0)
		return r;
	r = db_run(s->db, SQL_FETCHED_ADD, "iuu", peer, request, (uint64_t)0);
	return r < 0 ? r : 0;
}

int
bindings_void_all(struct side *s, int64_t peer)
{
	int	r = db_run(s->db, SQL_RECEIVED_VOID_ALL, "i", peer);

	if (r >= 0)
		r = db_run(s->db, SQL_COPIES_DELETE, "iii", peer, (int64_t)0,
		    INT64_MAX);
	return r < 0 ? r : 0;
}

int
bindings_drop_copies(struct side *s, int64_t peer, uint64_t upto)
{
	int	r = db_run(s->db, SQL_COPIES_DELETE, "iiu", peer, (int64_t)1,
		    upto);

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
	    request))) < 0 || !tell)
		return r;
	r = db_run(s->db, SQL_RECALL_ADD, "iu", peer, request);
	return r < 0 ? r : 0;
}

int
bindings_withdraw(struct side *s, int64_t peer, uint64_t request)
{
	int	r = db_run(s->db, SQL_SESSION_RETURN_RECEIVED, "iu", peer,
		    request);

	return r < 0 ? r : bindings_void_received(s, peer, request);
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
	    (r = received = db_run(s->db, SQL_OFFERED_RECEIVED, "")) < 0)
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
row_decode(sqlite3_stmt *st, uint32_t extra, struct binding *b)
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

/* `extra`: octets that the pieces have beyond the keys if there is a copy. */
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
	r = b == NULL ? -E_NO_MEMORY : row_decode(st, extra, b);
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
