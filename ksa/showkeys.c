/* showkeys.c - requests of keys as they stand on disk, newest first. */
#include <stdlib.h>
#include <string.h>

#include "ident.h"
#include "ksa/keystore.sql.h"
#include "ksa/peer.h"
#include "ksa/show.h"

/* Their numbers grow with time, whoever made them. */
static int
newer(const void *pa, const void *pb)
{
	json_t *const	*a = pa, *const *b = pb;
	json_int_t	 x = json_integer_value(json_object_get(*a,
			    "request"));
	json_int_t	 y = json_integer_value(json_object_get(*b,
			    "request"));

	return (x < y) - (x > y);
}

/* One ID a line. */
static json_t *
slaves(const char *lines)
{
	json_t	*v = json_array();

	while (lines != NULL && *lines != '\0') {
		size_t	n = strcspn(lines, "\n");

		json_array_append_new(v, json_stringn(lines, n));
		lines += n + (lines[n] == '\n');
	}
	return v;
}

static const char *
text(sqlite3_stmt *st, int column)
{
	const char	*s = (const char *)sqlite3_column_text(st, column);

	return s != NULL ? s : "";
}

static json_t *
row_json(const char *km, const char *direction, sqlite3_stmt *st)
{
	json_t	*o = json_pack("{s:s, s:s, s:I, s:s, s:s, s:o, s:I, s:I, s:I,"
		    " s:s}", "direction", direction, "peer", km, "request",
		    (json_int_t)sqlite3_column_int64(st, 0), "key_IDs",
		    text(st, 1), "master", text(st, 2), "slaves",
		    slaves(text(st, 3)), "keys",
		    (json_int_t)sqlite3_column_int64(st, 4), "octets",
		    (json_int_t)sqlite3_column_int64(st, 5), "made_ms",
		    (json_int_t)sqlite3_column_int64(st, 6), "state",
		    text(st, 7));

	if (o != NULL && text(st, 8)[0] != '\0')
		json_object_set_new(o, "session", json_string(text(st, 8)));
	return o;
}

static void
add_rows(const struct env *e, const struct peer *p, const char *direction,
    const char *sql, uint64_t before, json_t *list)
{
	struct db	*db = keystore_reader(e->store)->db;
	/* One more than are shown tells that there are more. */
	sqlite3_stmt	*st = db_bind(db, sql, "iui", p->id, before,
			    (int64_t)SHOW_REQUESTS + 1);

	while (st != NULL && db_step(db, st) == SQLITE_ROW)
		json_array_append_new(list, row_json(p->km, direction, st));
	if (st != NULL)
		sqlite3_reset(st);
}

/* The newest of all; what is cut off comes with the next page. */
static json_t *
newest(json_t *all, bool *more)
{
	size_t	  n = json_array_size(all);
	json_t	**v = calloc(n + 1, sizeof(*v)), *list = json_array();

	for (size_t i = 0; v != NULL && i < n; i++)
		v[i] = json_array_get(all, i);
	if (v != NULL)
		qsort(v, n, sizeof(*v), newer);
	for (size_t i = 0; v != NULL && i < n && i < SHOW_REQUESTS; i++)
		json_array_append(list, v[i]);
	*more = n > json_array_size(list);
	free(v);
	return list;
}

json_t *
show_keys(const struct env *e, uint64_t before)
{
	json_t	*all = json_array(), *list;
	bool	 more;

	for (size_t i = 0; i < e->npeers; i++) {
		add_rows(e, e->peers[i], "issued", SQL_ISSUED_SHOW, before,
		    all);
		add_rows(e, e->peers[i], "received", SQL_RECEIVED_SHOW,
		    before, all);
	}
	list = newest(all, &more);
	json_decref(all);
	return json_pack("{s:s, s:b, s:o}", "kme_id", e->conf->kme_id,
	    "more", more, "keys", list);
}
