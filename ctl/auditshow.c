/* auditshow.c - qkdctl audit show: the last rows that fit, oldest first. */
#include <inttypes.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auditask.h"
#include "auditverify.h"
#include "table.h"

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
	" AND (?4 IS NULL OR application = ?4)" \
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

static json_t *
value(sqlite3_stmt *st, int i)
{
	switch (sqlite3_column_type(st, i)) {
	case SQLITE_INTEGER:
		return json_integer(sqlite3_column_int64(st, i));
	case SQLITE_TEXT:
		return json_string((const char *)sqlite3_column_text(st, i));
	default:
		return NULL;
	}
}

static json_t *
row_of(sqlite3_stmt *st)
{
	json_t	*row = json_object();

	for (int i = 0; i < sqlite3_column_count(st); i++)
		json_object_set_new(row, sqlite3_column_name(st, i),
		    value(st, i));
	return row;
}

static void
bind(sqlite3_stmt *st, const struct auditcmd *a, size_t have)
{
	const char	*v[] = { a->since, a->event, a->peer, a->application };

	for (int i = 0; i < 4; i++)
		if (v[i] != NULL)
			sqlite3_bind_text(st, i + 1, v[i], -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 5, (int64_t)(a->limit - have));
}

/* Adds what comes before the rows that are there, backwards. */
static int
add_rows(const struct auditcmd *a, sqlite3 *db, json_t *rows)
{
	sqlite3_stmt	*st;
	int		 code;

	if (sqlite3_prepare_v2(db, QUERY, -1, &st, NULL) != SQLITE_OK)
		return CALL_UNREACHABLE;
	bind(st, a, json_array_size(rows));
	while ((code = sqlite3_step(st)) == SQLITE_ROW)
		json_array_append_new(rows, row_of(st));
	sqlite3_finalize(st);
	return code == SQLITE_DONE ? CALL_DONE : CALL_UNREACHABLE;
}

/* ---- archives ---- */

struct files { char **v; size_t n; };

static int
add_file(void *arg, const char *file, uint64_t first,
    const struct audit_anchor *last)
{
	struct files	*f = arg;
	char		**v = realloc(f->v, (f->n + 1) * sizeof(*v));

	(void)first, (void)last;
	if (v == NULL || (v[f->n] = strdup(file)) == NULL)
		abort();
	f->v = v;
	f->n++;
	return 0;
}

static void
add_archive(const struct auditcmd *a, const char *file, json_t *rows)
{
	const char	*slash = strrchr(a->store, '/');
	char		 path[4096];
	sqlite3		*db;

	if (a->archives != NULL)
		snprintf(path, sizeof(path), "%s/%s", a->archives, file);
	else
		snprintf(path, sizeof(path), "%.*s%s", slash == NULL ? 0 :
		    (int)(slash - a->store) + 1, a->store, file);
	if (auditverify_open(&db, path) < 0)
		return;		/* moved away */
	(void)add_rows(a, db, rows);
	sqlite3_close(db);
}

static int
collect(const struct auditcmd *a, json_t *rows)
{
	struct files	 f = { NULL, 0 };
	sqlite3		*db;
	int		 r = CALL_UNREACHABLE;

	if (auditverify_open(&db, a->store) == 0 &&
	    auditverify_archives(db, add_file, &f) == 0)
		r = add_rows(a, db, rows);
	for (size_t i = f.n; i-- > 0;) {
		if (r == CALL_DONE && json_array_size(rows) < a->limit)
			add_archive(a, f.v[i], rows);
		free(f.v[i]);
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
	json_t	*rows = json_array();
	char	*text;
	int	 r = collect(a, rows);

	rows = turned(rows);

	if (r != CALL_DONE)
		fprintf(stderr, "qkdctl: %s: is not there, may not be read, "
		    "has no record of keys, or is damaged\n", a->store);
	else if (a->json) {
		json_dumpf(rows, stdout, JSON_COMPACT);
		putchar('\n');
	} else if ((text = table_text(columns, rows, 0)) != NULL) {
		puts(text);
		free(text);
	}
	json_decref(rows);
	return r;
}
