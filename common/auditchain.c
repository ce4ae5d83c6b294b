/* auditchain.c - one row after the other. */
#include "auditchain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auditsql.h"
#include "err.h"

#define AT_ONCE		10000	/* rows in one read transaction */
#define STEPS		1000000	/* of SQLite's machine */
#define STEPS_MAX	1000	/* so often STEPS for a row: some ten seconds */

void
auditchain_fault(struct auditchain *c, uint64_t seq, const char *fmt, ...)
{
	va_list	ap;

	if (c->fault_at != 0)
		return;		/* all after the first may follow from it */
	c->fault_at = seq;
	va_start(ap, fmt);
	vsnprintf(c->fault, sizeof(c->fault), fmt, ap);
	va_end(ap);
}

static void
values(sqlite3_stmt *st, struct audit_value v[AUDIT_COLUMNS])
{
	for (int i = 0; i < AUDIT_COLUMNS; i++) {
		v[i] = (struct audit_value){ .type = AUDIT_NULL };
		switch (sqlite3_column_type(st, i + 1)) {
		case SQLITE_INTEGER:
			v[i].type = AUDIT_NUMBER;
			v[i].n = sqlite3_column_int64(st, i + 1);
			break;
		case SQLITE_NULL:
			break;
		case SQLITE_TEXT:
			v[i].type = AUDIT_TEXT;
			v[i].p = (const char *)sqlite3_column_text(st, i + 1);
			v[i].n = v[i].p == NULL ? -1 :
			    sqlite3_column_bytes(st, i + 1);
			break;
		default:	/* reads like a text, but is not equal to it */
			v[i] = (struct audit_value){ .type = AUDIT_TEXT,
			    .n = -1 };
		}
	}
}

static void
check_anchors(struct auditchain *c)
{
	for (size_t i = 0; i < c->nanchors; i++)
		if (c->anchors[i].seq == c->at.seq &&
		    memcmp(c->anchors[i].hash, c->at.hash,
		    AUDITROW_HASH) != 0)
			auditchain_fault(c, c->at.seq, "row %" PRIu64 " is "
			    "another than the anchor says: the record was "
			    "written anew", c->at.seq);
}

static void
check_place(struct auditchain *c, uint64_t seq)
{
	if (seq == c->at.seq + 2)
		auditchain_fault(c, c->at.seq + 1, "row %" PRIu64
		    " is missing", c->at.seq + 1);
	else if (seq != c->at.seq + 1)
		auditchain_fault(c, c->at.seq + 1, "rows %" PRIu64 " to %"
		    PRIu64 " are missing", c->at.seq + 1, seq - 1);
}

static bool
says(const struct audit_value *v, const char *text)
{
	return v->type == AUDIT_TEXT && (size_t)v->n == strlen(text) &&
	    memcmp(v->p, text, strlen(text)) == 0;
}

static void
let_pass(struct auditchain *c, const char *what, size_t len)
{
	c->accepted++;
	snprintf(c->accepted_last, sizeof(c->accepted_last), "%.*s", (int)len,
	    what);
}

/*
 * This fault, before this row, was let pass by the operator; no other. If
 * there is none it was one that rows do not show, such as an end cut off.
 */
static void
accept_fault(struct auditchain *c, const struct audit_value v[AUDIT_COLUMNS])
{
	const struct audit_value	*detail = &v[AUDIT_DETAIL];

	if (!says(&v[AUDIT_EVENT], auditrow_event(AUDIT_ACCEPTED)))
		return;
	if (c->fault_at == 0 && detail->type == AUDIT_TEXT)
		let_pass(c, detail->p, (size_t)detail->n);
	else if (c->fault_at != 0 && c->fault_at < c->at.seq &&
	    says(detail, c->fault)) {
		let_pass(c, c->fault, strlen(c->fault));
		c->fault_at = 0;
	}
}

/* After a fault it goes on with what the row itself says. */
int
auditchain_step(struct auditchain *c, sqlite3_stmt *st)
{
	struct audit_value	 v[AUDIT_COLUMNS];
	uint64_t		 seq = (uint64_t)sqlite3_column_int64(st, 0);
	const void		*hash;
	const char		*why;
	bool			 holds;

	if ((int64_t)seq <= (int64_t)c->at.seq)
		return -E_STORE_CORRUPT;	/* SQLite was deceived */
	check_place(c, seq);
	c->at.seq = seq;
	c->rows++;
	values(st, v);
	if ((why = auditrow_check(v)) != NULL)
		auditchain_fault(c, seq, "row %" PRIu64 " was changed: %s",
		    seq, why);
	else if (auditrow_hash(c->hasher, seq, v, c->at.hash) < 0)
		return -E_SYSTEM;
	hash = sqlite3_column_blob(st, AUDIT_COLUMNS + 1);
	if (hash == NULL || sqlite3_column_bytes(st, AUDIT_COLUMNS + 1) !=
	    AUDITROW_HASH) {
		auditchain_fault(c, seq, "row %" PRIu64 " has no hash", seq);
		return 0;
	}
	holds = why == NULL && memcmp(hash, c->at.hash, AUDITROW_HASH) == 0;
	if (why == NULL && !holds)
		auditchain_fault(c, seq, "row %" PRIu64 " was changed, moved, "
		    "or does not follow on the row before", seq);
	memcpy(c->at.hash, hash, AUDITROW_HASH);
	check_anchors(c);
	if (holds)
		accept_fault(c, v);
	return 0;
}

static int
too_long(void *times)
{
	return ++*(unsigned *)times > STEPS_MAX;
}

void
auditchain_patience(sqlite3 *db, unsigned *steps)
{
	sqlite3_progress_handler(db, steps != NULL ? STEPS : 0,
	    steps != NULL ? too_long : NULL, steps);
}

/* How many; 0: no more. */
static int
read_some(struct auditchain *c, sqlite3_stmt *st, uint64_t upto)
{
	unsigned	times = 0;
	int		n = 0, code, r = 0;

	sqlite3_bind_int64(st, 1, (int64_t)c->at.seq);
	sqlite3_bind_int64(st, 2, (int64_t)upto);
	sqlite3_bind_int64(st, 3, AT_ONCE);
	auditchain_patience(sqlite3_db_handle(st), &times);
	while ((code = sqlite3_step(st)) == SQLITE_ROW && r == 0) {
		r = auditchain_step(c, st);
		n++;
		times = 0;
	}
	auditchain_patience(sqlite3_db_handle(st), NULL);
	sqlite3_reset(st);
	return r < 0 ? r : code == SQLITE_DONE ? n : -E_STORE_CORRUPT;
}

int
auditchain_read(struct auditchain *c, sqlite3 *db, uint64_t upto)
{
	sqlite3_stmt	*st = NULL;
	int		 r;

	if (sqlite3_prepare_v2(db, AUDITCHAIN_SELECT " WHERE seq > ?"
	    " AND seq <= ? ORDER BY seq LIMIT ?", -1, &st, NULL) != SQLITE_OK)
		return -E_STORE_CORRUPT;
	while ((r = read_some(c, st, upto)) > 0)
		;
	sqlite3_finalize(st);
	return r;
}

int
auditchain_find(sqlite3 *db, uint64_t seq, struct audit_anchor *out)
{
	sqlite3_stmt	*st = NULL;
	int		 r = -E_NOT_FOUND;

	if (sqlite3_prepare_v2(db, "SELECT hash FROM audit_log WHERE seq = ?",
	    -1, &st, NULL) != SQLITE_OK)
		return -E_STORE_CORRUPT;
	sqlite3_bind_int64(st, 1, (int64_t)seq);
	if (sqlite3_step(st) == SQLITE_ROW &&
	    sqlite3_column_bytes(st, 0) == AUDITROW_HASH) {
		out->seq = seq;
		memcpy(out->hash, sqlite3_column_blob(st, 0), AUDITROW_HASH);
		r = 0;
	}
	sqlite3_finalize(st);
	return r;
}

int
auditchain_new(struct auditchain **out, const struct audit_anchor *at)
{
	struct auditchain	*c = calloc(1, sizeof(*c));
	int			 r = -E_NO_MEMORY;

	if (c != NULL && (r = auditrow_hasher_new(&c->hasher)) == 0)
		c->at = *at;
	else
		auditchain_free(&c);
	*out = c;
	return r;
}

void
auditchain_free(struct auditchain **c)
{
	if (*c != NULL)
		auditrow_hasher_free(&(*c)->hasher);
	free(*c);
	*c = NULL;
}
