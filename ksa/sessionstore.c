/* sessionstore.c - rows of sessions. */
#include "ksa/sessionstore.h"

#include <string.h>

#include "err.h"
#include "ksa/keystore.sql.h"
#include "ksa/record.h"

#define ID	((size_t)SESSIONSTORE_ID)

static int
one(int r)
{
	return r < 0 ? r : r == 0 ? -E_GONE : 0;
}

int
sessionstore_add(struct side *s, const struct session_row *w)
{
	int	r;

	if (w->most > INT64_MAX || w->drawn > INT64_MAX)
		return -E_RANGE;
	r = db_run(s->db, SQL_SESSION_ADD, "biiisssuuiiiuu", w->id, ID,
	    w->peer, (int64_t)w->source_here, (int64_t)w->destination_here,
	    w->source, w->destination, w->name, w->most, w->drawn,
	    (int64_t)w->state, (int64_t)w->status, (int64_t)w->told, w->made,
	    w->ended);
	if (r < 0 || w->state != SESSION_OPEN)
		return r < 0 ? r : 0;
	return record_session(s, AUDIT_OPENED, w->id, w);
}

int
sessionstore_open(struct side *s, const uint8_t id[SESSIONSTORE_ID])
{
	int	r = one(db_run(s->db, SQL_SESSION_OPEN, "b", id, ID));

	return r < 0 ? r : record_session(s, AUDIT_OPENED, id, NULL);
}

int
sessionstore_end(struct side *s, const uint8_t id[SESSIONSTORE_ID],
    enum supply_status why, bool told, uint64_t now)
{
	int	r = one(db_run(s->db, SQL_SESSION_END, "biiu", id, ID,
		    (int64_t)why, (int64_t)told, now));

	return r < 0 ? r : record_session(s, AUDIT_ENDED, id, NULL);
}

int
sessionstore_told(struct side *s, const uint8_t id[SESSIONSTORE_ID])
{
	int	r = db_run(s->db, SQL_SESSION_TOLD, "b", id, ID);

	return r < 0 ? r : 0;
}

int
sessionstore_drop(struct side *s, const uint8_t id[SESSIONSTORE_ID])
{
	int	r = db_run(s->db, SQL_SESSION_DELETE, "b", id, ID);

	return r < 0 ? r : 0;
}

int
sessionstore_draw(struct side *s, const uint8_t id[SESSIONSTORE_ID],
    uint32_t keys)
{
	int64_t	state;
	int	r;

	if ((r = db_run(s->db, SQL_SESSION_DRAW, "bi", id, ID,
	    (int64_t)keys)) != 0)
		return r < 0 ? r : 0;
	state = db_int(s->db, -1, SQL_SESSION_STATE, "b", id, ID);
	return state < 0 ? -E_NOT_FOUND : state == SESSION_OPEN ? -E_RANGE :
	    -E_GONE;
}

static const char *
text(sqlite3_stmt *st, int i)
{
	const char	*s = (const char *)sqlite3_column_text(st, i);

	return s == NULL ? "" : s;
}

static int
row_decode(sqlite3_stmt *st, struct session_row *w)
{
	*w = (struct session_row){
		.peer = sqlite3_column_int64(st, 1),
		.source_here = sqlite3_column_int(st, 2) != 0,
		.destination_here = sqlite3_column_int(st, 3) != 0,
		.name = (char *)(uintptr_t)text(st, 6),
		.most = (uint64_t)sqlite3_column_int64(st, 7),
		.drawn = (uint64_t)sqlite3_column_int64(st, 8),
		.state = (enum session_state)sqlite3_column_int(st, 9),
		.status = (enum supply_status)sqlite3_column_int(st, 10),
		.told = sqlite3_column_int(st, 11) != 0,
		.made = (uint64_t)sqlite3_column_int64(st, 12),
		.ended = (uint64_t)sqlite3_column_int64(st, 13),
	};
	strncpy(w->source, text(st, 4), sizeof(w->source) - 1);
	strncpy(w->destination, text(st, 5), sizeof(w->destination) - 1);
	if (sqlite3_column_bytes(st, 0) != SESSIONSTORE_ID ||
	    w->state > SESSION_ENDED || w->status >= SUPPLY_STATUSES)
		return -E_STORE_CORRUPT;
	memcpy(w->id, sqlite3_column_blob(st, 0), ID);
	return 0;
}

int
sessionstore_each(struct side *s,
    int (*fn)(void *arg, const struct session_row *), void *arg)
{
	struct session_row	 w;
	sqlite3_stmt		*st;
	int			 r, e = 0;

	if ((st = db_bind(s->db, SQL_SESSION_EACH, "")) == NULL)
		return -E_STORE;
	while (e == 0 && (r = db_step(s->db, st)) == SQLITE_ROW)
		if ((e = row_decode(st, &w)) == 0)
			e = fn(arg, &w);
	sqlite3_reset(st);
	return e != 0 ? e : r < 0 ? r : 0;
}
