/* auditopen.c - the record of keys, checked when its store is opened. */
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "auditchain.h"
#include "auditint.h"
#include "config.h"
#include "err.h"
#include "log.h"

#define CHECKED		100000	/* rows at a start; all: qkdctl audit verify */

static bool
blob(sqlite3_stmt *st, int i, void *out, int len)
{
	if (sqlite3_column_bytes(st, i) != len ||
	    sqlite3_column_blob(st, i) == NULL)
		return false;
	memcpy(out, sqlite3_column_blob(st, i), (size_t)len);
	return true;
}

static int
open_key(struct audit *a, struct sealer *sealer)
{
	uint8_t		 sealed[SEAL_KEY + SEAL_OVERHEAD];
	sqlite3_stmt	*st = db_bind(a->db, "SELECT sealed FROM audit_head"
			    " WHERE id = 1", "");
	int		 r = db_step(a->db, st);

	if (r != SQLITE_ROW)
		return r < 0 ? r : -E_AUDIT;
	r = sqlite3_column_type(st, 0) == SQLITE_NULL ? -E_NO_KEY :
	    blob(st, 0, sealed, sizeof(sealed)) ? 0 : -E_AUDIT;
	sqlite3_reset(st);
	return r < 0 ? r : unseal(sealer, a->key, sealed, sizeof(sealed),
	    AUDIT_KEY_NAME, strlen(AUDIT_KEY_NAME));
}

static int
read_head(struct audit *a, struct audit_state *head,
    uint8_t mac[AUDITROW_HASH])
{
	sqlite3_stmt	*st = db_bind(a->db, "SELECT seq, hash, first, before,"
			    " mac FROM audit_head WHERE id = 1", "");
	int		 r = db_step(a->db, st);

	if (r != SQLITE_ROW)
		return r < 0 ? r : -E_AUDIT;
	head->last.seq = (uint64_t)sqlite3_column_int64(st, 0);
	head->first = (uint64_t)sqlite3_column_int64(st, 2);
	r = blob(st, 1, head->last.hash, AUDITROW_HASH) &&
	    blob(st, 3, head->before, AUDITROW_HASH) &&
	    blob(st, 4, mac, AUDITROW_HASH) && head->first > 0 ? 0 :
	    -E_AUDIT;
	sqlite3_reset(st);
	return r;
}

int
audit_load(struct audit *a)
{
	struct audit_state	head;
	uint8_t			written[AUDITROW_HASH], mac[AUDITROW_HASH];
	int			r;

	if ((r = read_head(a, &head, written)) < 0 ||
	    (r = audit_mac(a, &head, mac)) < 0)
		return r;
	if (CRYPTO_memcmp(mac, written, sizeof(mac)) != 0)
		return -E_AUDIT;
	pthread_mutex_lock(&a->mutex);
	a->committed = head;
	pthread_mutex_unlock(&a->mutex);
	return 0;
}

/* ---- the check ---- */

static int
begin_at(const struct audit *a, struct audit_anchor *at)
{
	const struct audit_anchor	*head = &a->committed.last;
	int				 r = -E_NOT_FOUND;

	if (head->seq >= CHECKED && head->seq - CHECKED >= a->committed.first)
		r = auditchain_find(db_handle(a->db), head->seq - CHECKED,
		    at);
	if (r != -E_NOT_FOUND)
		return r;
	at->seq = a->committed.first - 1;
	memcpy(at->hash, a->committed.before, AUDITROW_HASH);
	return 0;
}

static void
check_end(const struct audit *a, struct auditchain *c)
{
	const struct audit_anchor	*head = &a->committed.last;

	if (c->at.seq < head->seq)
		auditchain_fault(c, c->at.seq + 1, "rows %" PRIu64 " to %"
		    PRIu64 " are missing", c->at.seq + 1, head->seq);
	else if (c->at.seq > head->seq)
		auditchain_fault(c, head->seq + 1, "row %" PRIu64
		    " was added", head->seq + 1);
	else if (memcmp(c->at.hash, head->hash, AUDITROW_HASH) != 0)
		auditchain_fault(c, head->seq, "row %" PRIu64
		    " was changed", head->seq);
}

static int
check_rows(struct audit *a, char fault[AUDITCHAIN_TEXT])
{
	struct auditchain	*c;
	struct audit_anchor	 at;
	int			 r;

	if ((r = begin_at(a, &at)) < 0 || (r = auditchain_new(&c, &at)) < 0)
		return r;
	if ((r = auditchain_read(c, db_handle(a->db), INT64_MAX)) == 0) {
		check_end(a, c);
		if (c->fault_at != 0)
			r = -E_AUDIT;
		memcpy(fault, c->fault, AUDITCHAIN_TEXT);
	}
	auditchain_free(&c);
	return r;
}

/* -E_AUDIT, -E_SEAL: `fault` says what is wrong. */
static int
check(struct audit *a, struct sealer *sealer, char fault[AUDITCHAIN_TEXT])
{
	int	r;

	if ((r = open_key(a, sealer)) == 0)
		r = audit_load(a);
	if (r == -E_SEAL)
		snprintf(fault, AUDITCHAIN_TEXT, "the key of its head does "
		    "not open: it is another store's, or node_key is not the "
		    "key of this store");
	else if (r == -E_NO_KEY) {
		snprintf(fault, AUDITCHAIN_TEXT, "the key of its head is not "
		    "there, as in a store restored from a backup");
		r = -E_AUDIT;
	} else if (r == -E_AUDIT)
		snprintf(fault, AUDITCHAIN_TEXT, "its head was changed, or "
		    "rows were written anew");
	return r < 0 ? r : check_rows(a, fault);
}

/* ---- its beginning ---- */

/*
 * New tables in a store in which nothing has happened, or that is older. An
 * empty record of a store that was used is one that somebody emptied.
 */
static bool
is_new(const struct audit *a)
{
	return db_int(a->db, 0, "SELECT seq = 0 AND sealed IS NULL AND NOT"
	    " EXISTS (SELECT 1 FROM audit_log) FROM audit_head WHERE id = 1",
	    "") == 1 && (db_version_before(a->db) < a->conf.since ||
	    db_int(a->db, 1, a->conf.used, "") == 0);
}

/* From the row after a->now on. */
static int
go_on(struct audit *a, struct sealer *sealer, enum audit_event event,
    const char *detail)
{
	struct audit_row	row = { .event = event, .detail = detail };
	int			r;

	if (a->now.first == 0)
		a->now.first = 1;
	if ((r = db_begin(a->db)) < 0)
		return r;
	if ((r = db_run(a->db, "INSERT OR IGNORE INTO audit_head VALUES (1,"
	    " 0, x'', 1, zeroblob(32), x'', NULL)", "")) >= 0 &&
	    (r = audit_new_key(a, sealer)) == 0 &&
	    (r = audit_add(a, &row)) == 0)
		r = audit_write_head(a);
	if (r == 0)
		r = db_commit(a->db);
	if (r < 0)
		db_rollback(a->db);
	return r;
}

/* ---- a record that fails it ---- */

/* The last row that is there, whatever the head says. */
static struct audit_anchor
last_row(struct db *db)
{
	struct audit_anchor	at = { 0 };
	int64_t			last = db_int(db, 0,
				    "SELECT max(seq) FROM audit_log", "");

	(void)auditchain_find(db_handle(db), (uint64_t)last, &at);
	return at;
}

/* Where the store's part begins: as far as can be known. */
static void
find_edge(struct audit *a)
{
	uint8_t	mac[AUDITROW_HASH];

	if (read_head(a, &a->now, mac) == 0)
		return;
	a->now = (struct audit_state){ .first = (uint64_t)db_int(a->db, 1,
	    "SELECT min(seq) FROM audit_log", "") };
}

static void
refuse(const struct audit *a, int r, const char *fault, const char *anchor)
{
	log_err(r == -E_SEAL ? "the record of keys cannot be checked" :
	    "the record of keys was changed", "path=%s fault=%s anchor=%s "
	    "remedy=\"keep a copy of the store and find out who did it (qkdctl "
	    "audit verify); to go on with the record as it is, set "
	    "audit_accept = \\\"%s\\\" in %s.conf and start again\"",
	    log_quote(db_path(a->db)), log_quote(fault), anchor, anchor,
	    a->conf.daemon);
}

/* What is there is left as it is; a row says so, and from there on it holds. */
static int
judge(struct audit *a, struct sealer *sealer, int r, const char *fault)
{
	struct audit_anchor	last = last_row(a->db), accept;
	char			text[AUDITROW_ANCHOR_TEXT];

	auditrow_anchor_text(&last, text);
	if (auditrow_anchor_parse(&accept, a->conf.accept) < 0 ||
	    accept.seq != last.seq ||
	    memcmp(accept.hash, last.hash, AUDITROW_HASH) != 0) {
		refuse(a, r, fault, text);
		return r;
	}
	log_warn("the operator takes the record of keys as it is",
	    "path=%s fault=%s anchor=%s", log_quote(db_path(a->db)),
	    log_quote(fault), text);
	find_edge(a);
	a->now.last = last;
	return (r = go_on(a, sealer, AUDIT_ACCEPTED, fault)) < 0 ? r :
	    audit_load(a);
}

static int
begin_or_check(struct audit *a, struct sealer *sealer)
{
	char	fault[AUDITCHAIN_TEXT];
	int	r;

	if (is_new(a) && (r = go_on(a, sealer, AUDIT_BEGUN,
	    db_version_before(a->db) == 0 ? "a new store" :
	    "the store is older than its record")) < 0)
		return r;
	r = check(a, sealer, fault);
	return r == -E_AUDIT || r == -E_SEAL ? judge(a, sealer, r, fault) : r;
}

int
audit_open(struct audit **out, const struct audit_conf *conf, struct db *db,
    struct sealer *sealer)
{
	const struct audit_row	started = { .event = AUDIT_STARTED,
				    .detail = PACKAGE_STRING };
	int			r;

	if ((r = audit_new(out, conf, db)) < 0)
		return r;
	if ((r = begin_or_check(*out, sealer)) == 0) {
		audit_follow(*out);
		r = audit_add(*out, &started);
	}
	if (r < 0) {
		db_follow(db, NULL, NULL);
		audit_free(out);
		return r;
	}
	audit_log(*out, "start");
	return 0;
}
