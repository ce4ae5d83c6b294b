/* auditverify.c - archives, then the store, as one chain. */
#include "auditverify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auditsql.h"
#include "err.h"

#define TRIES		5	/* rows may go to an archive meanwhile */
#define ROW_MAX		(1 << 20)	/* octets of a value */
#define BUSY_MS		2000
#define SCHEMA_STEPS	1000000	/* of SQLite's machine: some thousand rows */

static int
too_long(void *arg)
{
	(void)arg;
	return 1;
}

/* What is read is rows: a view may compute for ever. So may a schema have rows
 * for ever, which SQLite reads first of all. */
static bool
odd(sqlite3 *db)
{
	sqlite3_stmt	*st;
	int		 code;

	sqlite3_progress_handler(db, SCHEMA_STEPS, too_long, NULL);
	code = sqlite3_prepare_v2(db, "SELECT 1 FROM sqlite_schema WHERE"
	    " lower(name) IN ('audit_log', 'audit_head', 'audit_archive')"
	    " AND (type <> 'table' OR rootpage IS NULL OR rootpage < 1)", -1,
	    &st, NULL);
	if (code == SQLITE_OK) {
		code = sqlite3_step(st);
		sqlite3_finalize(st);
	}
	sqlite3_progress_handler(db, 0, NULL, NULL);
	/* Of other failures whoever reads it will see why. */
	return code == SQLITE_ROW || code == SQLITE_INTERRUPT;
}

int
auditverify_open(sqlite3 **db, const char *path)
{
	*db = NULL;
	if (sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY, NULL) !=
	    SQLITE_OK) {
		sqlite3_close(*db);
		*db = NULL;
		return -E_NOT_FOUND;
	}
	sqlite3_limit(*db, SQLITE_LIMIT_LENGTH, ROW_MAX);
	sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_busy_timeout(*db, BUSY_MS);
	sqlite3_exec(*db, "PRAGMA trusted_schema=OFF; "
	    "PRAGMA cell_size_check=ON", NULL, NULL, NULL);
	if (odd(*db)) {
		sqlite3_close(*db);
		*db = NULL;
		return -E_STORE_CORRUPT;
	}
	return 0;
}

static int
one_archive(sqlite3_stmt *st, auditverify_each *fn, void *arg)
{
	const char		*file = (const char *)sqlite3_column_text(st,
				    3);
	struct audit_anchor	 last = {
	    .seq = (uint64_t)sqlite3_column_int64(st, 1) };

	if (file == NULL || strchr(file, '/') != NULL ||
	    sqlite3_column_bytes(st, 2) != AUDITROW_HASH)
		return -E_STORE_CORRUPT;
	memcpy(last.hash, sqlite3_column_blob(st, 2), AUDITROW_HASH);
	return fn(arg, file, (uint64_t)sqlite3_column_int64(st, 0), &last);
}

int
auditverify_archives(sqlite3 *db, auditverify_each *fn, void *arg)
{
	sqlite3_stmt	*st;
	unsigned	 steps = 0;
	int64_t		 first = 0;
	int		 code, r = 0;

	if (sqlite3_prepare_v2(db, "SELECT first, last, hash, file FROM"
	    " audit_archive ORDER BY first", -1, &st, NULL) != SQLITE_OK)
		return -E_NOT_FOUND;
	auditchain_patience(db, &steps);
	while (r == 0 && (code = sqlite3_step(st)) == SQLITE_ROW) {
		steps = 0;
		r = sqlite3_column_int64(st, 0) > first ?
		    one_archive(st, fn, arg) : -E_STORE_CORRUPT;
		first = sqlite3_column_int64(st, 0);
	}
	auditchain_patience(db, NULL);
	sqlite3_finalize(st);
	return r < 0 ? r : code == SQLITE_DONE ? 0 : -E_STORE_CORRUPT;
}

struct walk {
	struct auditchain	*chain;
	struct auditverify	*v;
	const char		*dir;
};

/* Of the last row in it the store has the hash. */
static void
pass_anchors(struct walk *w, uint64_t first, const struct audit_anchor *last)
{
	const struct auditchain	*c = w->chain;
	char			*out = w->v->unchecked;
	size_t			 n;

	for (size_t i = 0; i < c->nanchors; i++) {
		const struct audit_anchor	*a = &c->anchors[i];

		if (a->seq < first || a->seq > last->seq)
			continue;
		if (a->seq == last->seq) {
			if (memcmp(a->hash, last->hash, AUDITROW_HASH) != 0)
				auditchain_fault(w->chain, a->seq, "row %"
				    PRIu64 " is another than the anchor says: "
				    "the record was written anew", a->seq);
			continue;
		}
		n = strlen(out);
		snprintf(out + n, sizeof(w->v->unchecked) - n, "%srow %"
		    PRIu64, n > 0 ? ", " : "", a->seq);
	}
}

/* Its rows are elsewhere: the chain goes on behind it. */
static void
absent(struct walk *w, const char *file, uint64_t first,
    const struct audit_anchor *last)
{
	size_t	n = strlen(w->v->absent);

	snprintf(w->v->absent + n, sizeof(w->v->absent) - n,
	    "%s%s (rows %" PRIu64 " to %" PRIu64 ")", n > 0 ? ", " : "", file,
	    first, last->seq);
	pass_anchors(w, first, last);
	w->chain->at = *last;
}

static int
read_archive(void *arg, const char *file, uint64_t first,
    const struct audit_anchor *last)
{
	struct walk		*w = arg;
	struct auditchain	*c = w->chain;
	char			 path[4096];
	sqlite3			*db;
	int			 r;

	if (first != c->at.seq + 1)
		auditchain_fault(c, c->at.seq + 1, "rows %" PRIu64 " to %"
		    PRIu64 " are in no archive", c->at.seq + 1, first - 1);
	snprintf(path, sizeof(path), "%s/%s", w->dir, file);
	if (access(path, F_OK) < 0 && errno == ENOENT) {
		absent(w, file, first, last);
		return 0;
	}
	r = auditverify_open(&db, path);
	if (r == -E_NOT_FOUND) {
		snprintf(w->v->file, sizeof(w->v->file), "%s", file);
		return r;
	}
	if (r == 0)
		r = auditchain_read(c, db, last->seq);
	sqlite3_close(db);
	if (r < 0 || c->at.seq != last->seq ||
	    memcmp(c->at.hash, last->hash, AUDITROW_HASH) != 0)
		auditchain_fault(c, c->at.seq + 1, "archive %s is not what was "
		    "archived: it should end with row %" PRIu64, file,
		    last->seq);
	c->at = *last;
	return r == -E_SYSTEM ? r : 0;
}

/* ---- the store ---- */

struct head { struct audit_anchor last; struct audit_anchor before; };

static int
read_head(sqlite3 *db, struct head *h)
{
	sqlite3_stmt	*st;
	int		 r = -E_NOT_FOUND;

	if (sqlite3_prepare_v2(db, "SELECT seq, hash, first, before FROM"
	    " audit_head WHERE id = 1", -1, &st, NULL) != SQLITE_OK)
		return r;
	if (sqlite3_step(st) == SQLITE_ROW &&
	    sqlite3_column_bytes(st, 1) == AUDITROW_HASH &&
	    sqlite3_column_bytes(st, 3) == AUDITROW_HASH) {
		h->last.seq = (uint64_t)sqlite3_column_int64(st, 0);
		h->before.seq = (uint64_t)sqlite3_column_int64(st, 2) - 1;
		memcpy(h->last.hash, sqlite3_column_blob(st, 1),
		    AUDITROW_HASH);
		memcpy(h->before.hash, sqlite3_column_blob(st, 3),
		    AUDITROW_HASH);
		r = 0;
	}
	sqlite3_finalize(st);
	return r;
}

static void
check_head(struct auditchain *c, const struct head *h)
{
	if (c->at.seq < h->last.seq)
		auditchain_fault(c, c->at.seq + 1, "rows %" PRIu64 " to %"
		    PRIu64 " are missing at the end", c->at.seq + 1,
		    h->last.seq);
	else if (c->at.seq > h->last.seq)
		auditchain_fault(c, h->last.seq + 1, "row %" PRIu64
		    " was added: the head is row %" PRIu64, h->last.seq + 1,
		    h->last.seq);
	else if (memcmp(c->at.hash, h->last.hash, AUDITROW_HASH) != 0)
		auditchain_fault(c, c->at.seq, "row %" PRIu64
		    " is not what the head says", c->at.seq);
}

static void
check_end(struct auditchain *c)
{
	for (size_t i = 0; i < c->nanchors; i++)
		if (c->anchors[i].seq > c->at.seq)
			auditchain_fault(c, c->at.seq + 1, "rows %" PRIu64
			    " to %" PRIu64 " are missing at the end: the "
			    "anchor knows them", c->at.seq + 1,
			    c->anchors[i].seq);
}

/* 1: rows have gone to an archive meanwhile. */
static int
read_store(struct auditchain *c, sqlite3 *db)
{
	struct head	begin, end;
	int		r;

	if ((r = read_head(db, &begin)) < 0)
		return r;
	if (begin.before.seq != c->at.seq)
		return 1;
	if (memcmp(begin.before.hash, c->at.hash, AUDITROW_HASH) != 0)
		auditchain_fault(c, c->at.seq + 1, "row %" PRIu64 " does not "
		    "follow on the archives", c->at.seq + 1);
	if ((r = auditchain_read(c, db, INT64_MAX)) < 0)
		return r;
	/* The rest and the head as one. */
	sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
	if ((r = auditchain_read(c, db, INT64_MAX)) == 0 &&
	    (r = read_head(db, &end)) == 0) {
		if (end.before.seq != begin.before.seq && c->fault_at != 0)
			r = 1;
		check_head(c, &end);
	}
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	return r;
}

static int
read_all(struct auditverify *v, sqlite3 *db, struct walk *w)
{
	int	r;

	if ((r = auditverify_archives(db, read_archive, w)) < 0 ||
	    (r = read_store(w->chain, db)) != 0)
		return r;
	check_end(w->chain);
	v->rows = w->chain->rows;
	v->head = w->chain->at;
	v->fault_at = w->chain->fault_at;
	v->accepted = w->chain->accepted;
	memcpy(v->fault, w->chain->fault, sizeof(v->fault));
	memcpy(v->accepted_last, w->chain->accepted_last,
	    sizeof(v->accepted_last));
	return 0;
}

static int
once(struct auditverify *v, sqlite3 *db, const char *dir,
    const struct audit_anchor *anchors, size_t n)
{
	struct audit_anchor	none = { 0 };
	struct walk		w = { .v = v, .dir = dir };
	int			r;

	*v = (struct auditverify){ 0 };
	if ((r = auditchain_new(&w.chain, &none)) < 0)
		return r;
	w.chain->anchors = anchors;
	w.chain->nanchors = n;
	r = read_all(v, db, &w);
	if (r == 1) {
		v->fault_at = w.chain->at.seq + 1;
		snprintf(v->fault, sizeof(v->fault), "the archives end with "
		    "row %" PRIu64 ", and the store begins elsewhere",
		    w.chain->at.seq);
	}
	auditchain_free(&w.chain);
	return r;
}

int
auditverify(struct auditverify *v, const char *store, const char *archives,
    const struct audit_anchor *anchors, size_t nanchors)
{
	sqlite3	*db;
	int	 r;

	if ((r = auditverify_open(&db, store)) < 0)
		return r;
	for (int i = 0; i < TRIES; i++)
		if ((r = once(v, db, archives, anchors, nanchors)) <= 0)
			break;
	sqlite3_close(db);
	return r < 0 ? r : 0;
}
