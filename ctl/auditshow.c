/*
 * auditshow.c - qkdctl audit show: the last rows that fit, oldest first. The
 * file may be a stranger's: rows that do not end, or are too much, are damage.
 */
#include <inttypes.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auditask.h"
#include "auditverify.h"
#include "err.h"
#include "table.h"
#include "term.h"

#define OCTETS_MAX	(256U << 20)	/* of the texts of all rows */

/* The same columns in a store and in an archive. */
#define COLUMNS "seq, strftime('%Y-%m-%d %H:%M:%f', at / 1000.0," \
	" 'unixepoch') AS time, event, link, peer, source," \
	" replace(destination, char(10), ', ') AS destination, application," \
	" CASE WHEN request IS NOT NULL THEN printf('%08x-%04x-7%03x-*'," \
	" request >> 28, request >> 12 & 65535, request & 4095) END" \
	" AS key_IDs, block, first, last, count, octets, detail"
#define QUERY "SELECT " COLUMNS " FROM audit_log WHERE" \
	" (?1 IS NULL OR at >= unixepoch(?1) * 1000)" \
	" AND (?2 IS NULL OR event = ?2) AND (?3 IS NULL OR peer = ?3)" \
	" AND (?4 IS NULL OR application = ?4) AND seq < ?6" \
	" ORDER BY seq DESC LIMIT ?5"

static const struct table_column columns[] = {
	{ "seq", "ROW", TABLE_INT },
	{ "time", "TIME", TABLE_TEXT },
	{ "event", "EVENT", TABLE_TEXT },
	{ "link", "LINK", TABLE_TEXT },
	{ "peer", "PEER", TABLE_TEXT },
	{ "source", "SOURCE", TABLE_TEXT },
	{ "destination", "DESTINATION", TABLE_TEXT },
	{ "application", "APPLICATION", TABLE_TEXT },
	{ "key_IDs", "KEY IDS", TABLE_TEXT },
	{ "block", "BLOCK", TABLE_INT },
	{ "first", "FIRST", TABLE_INT },
	{ "last", "LAST", TABLE_INT },
	{ "count", "COUNT", TABLE_INT },
	{ "octets", "OCTETS", TABLE_INT },
	{ "detail", "DETAIL", TABLE_TEXT },
	{ NULL, NULL, TABLE_TEXT }
};

struct rows {
	json_t	*list;			/* backwards */
	int64_t	 before;		/* those that come are of a lower seq */
	size_t	 octets;
};

static json_t *
value(struct rows *rows, sqlite3_stmt *st, int i)
{
	switch (sqlite3_column_type(st, i)) {
	case SQLITE_INTEGER:
		return json_integer(sqlite3_column_int64(st, i));
	case SQLITE_TEXT:
		rows->octets += (size_t)sqlite3_column_bytes(st, i);
		return json_string((const char *)sqlite3_column_text(st, i));
	default:
		return NULL;
	}
}

/* A tree of pages that leads back to itself has rows for ever. */
static bool
add_row(struct rows *rows, sqlite3_stmt *st)
{
	json_t	*row = json_object();
	int64_t	 seq = sqlite3_column_int64(st, 0);

	for (int i = 0; i < sqlite3_column_count(st); i++)
		json_object_set_new(row, sqlite3_column_name(st, i),
		    value(rows, st, i));
	json_array_append_new(rows->list, row);
	if (seq >= rows->before || rows->octets > OCTETS_MAX)
		return false;
	rows->before = seq;
	return true;
}

static void
bind(sqlite3_stmt *st, const struct auditcmd *a, const struct rows *rows)
{
	const char	*v[] = { a->since, a->event, a->peer, a->application };

	for (int i = 0; i < 4; i++)
		if (v[i] != NULL)
			sqlite3_bind_text(st, i + 1, v[i], -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 5, (int64_t)(a->limit -
	    json_array_size(rows->list)));
	sqlite3_bind_int64(st, 6, rows->before);
}

/* Adds what comes before the rows that are there. */
static int
add_rows(const struct auditcmd *a, sqlite3 *db, struct rows *rows)
{
	sqlite3_stmt	*st;
	unsigned	 steps = 0;
	int		 code;

	if (sqlite3_prepare_v2(db, QUERY, -1, &st, NULL) != SQLITE_OK)
		return CALL_UNREACHABLE;
	bind(st, a, rows);
	auditchain_patience(db, &steps);
	while ((code = sqlite3_step(st)) == SQLITE_ROW && add_row(rows, st))
		steps = 0;
	auditchain_patience(db, NULL);
	sqlite3_finalize(st);
	return code == SQLITE_DONE ? CALL_DONE : CALL_UNREACHABLE;
}

/* ---- archives ---- */

struct file { char *name; int64_t last; };
struct files { struct file *v; size_t n; };

static int
add_file(void *arg, const char *file, uint64_t first,
    const struct audit_anchor *last)
{
	struct files	*f = arg;
	struct file	*v = realloc(f->v, (f->n + 1) * sizeof(*v));

	(void)first;
	if (v == NULL)
		return -E_NO_MEMORY;
	f->v = v;
	v[f->n].last = (int64_t)last->seq;
	if ((v[f->n].name = strdup(file)) == NULL)
		return -E_NO_MEMORY;
	f->n++;
	return 0;
}

/* Behind the row that the store calls its last, it does not count. */
static int
add_archive(const struct auditcmd *a, const struct file *f, struct rows *rows)
{
	const char	*slash = strrchr(a->store, '/');
	char		 path[4096];
	sqlite3		*db;
	int		 r;

	if (a->archives != NULL)
		snprintf(path, sizeof(path), "%s/%s", a->archives, f->name);
	else
		snprintf(path, sizeof(path), "%.*s%s", slash == NULL ? 0 :
		    (int)(slash - a->store) + 1, a->store, f->name);
	if ((r = auditverify_open(&db, path)) < 0)
		return r == -E_NOT_FOUND ? CALL_DONE :	/* moved away */
		    CALL_UNREACHABLE;
	if (f->last < rows->before - 1)
		rows->before = f->last + 1;
	r = add_rows(a, db, rows);
	sqlite3_close(db);
	return r;
}

static int
collect(const struct auditcmd *a, struct rows *rows)
{
	struct files	 f = { NULL, 0 };
	sqlite3		*db;
	int		 r = CALL_UNREACHABLE;

	if (auditverify_open(&db, a->store) == 0 &&
	    auditverify_archives(db, add_file, &f) == 0)
		r = add_rows(a, db, rows);
	for (size_t i = f.n; i-- > 0;) {
		if (r == CALL_DONE && json_array_size(rows->list) < a->limit)
			r = add_archive(a, &f.v[i], rows);
		free(f.v[i].name);
	}
	free(f.v);
	sqlite3_close(db);
	return r;
}

static json_t *
turned(json_t *backwards)
{
	json_t	*rows = json_array();

	for (size_t i = json_array_size(backwards); i-- > 0;)
		json_array_append(rows, json_array_get(backwards, i));
	json_decref(backwards);
	return rows;
}

int
auditcmd_show(struct auditcmd *a)
{
	struct rows	 backwards = { json_array(), INT64_MAX, 0 };
	int		 r = collect(a, &backwards);
	json_t		*rows = turned(backwards.list);
	char		*text;

	if (r != CALL_DONE)
		fprintf(stderr, "qkdctl: %s: it or one of its archives is not "
		    "there, may not be read, has no record of keys, or is "
		    "damaged\n", a->store);
	else if (a->json) {
		json_dumpf(rows, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
	} else if ((text = table_text(columns, rows, 0)) != NULL) {
		puts(text[0] == '\0' ? "none" : text);
		free(text);
	}
	json_decref(rows);
	return term_flush(r);
}
