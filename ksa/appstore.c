/* appstore.c - the applications of other nodes, on disk. */
#include "ksa/appstore.h"

#include <string.h>

#include "err.h"
#include "ksa/keystore.sql.h"

uint64_t
appstore_generation(struct side *s, int64_t peer)
{
	int64_t	v = db_int(s->db, 0, SQL_ANNOUNCER_GET, "i", peer);

	return v > 0 ? (uint64_t)v : 0;
}

int
appstore_load(struct side *s, int64_t peer, struct applist *l)
{
	sqlite3_stmt	*st = db_bind(s->db, SQL_ANNOUNCED_EACH, "i", peer);
	int		 r = 0, step = 0;

	if (st == NULL)
		return -E_STORE;
	while (r == 0 && (step = db_step(s->db, st)) == SQLITE_ROW)
		r = applist_add(l, (const char *)sqlite3_column_text(st, 0),
		    (size_t)sqlite3_column_bytes(st, 0), UINT32_MAX);
	sqlite3_reset(st);
	return r < 0 ? r : step < 0 ? step : 0;
}

int
appstore_change(struct side *s, int64_t peer, const char *id, bool added)
{
	int	r = db_run(s->db, added ? SQL_ANNOUNCED_ADD :
		    SQL_ANNOUNCED_DELETE, "is", peer, id);

	return r < 0 ? r : 0;
}

int
appstore_clear(struct side *s, int64_t peer)
{
	int	r = db_run(s->db, SQL_ANNOUNCED_CLEAR, "i", peer);

	return r < 0 ? r : 0;
}

int
appstore_set(struct side *s, int64_t peer, uint64_t generation, uint64_t now)
{
	int	r = db_run(s->db, SQL_ANNOUNCER_SET, "iuu", peer, generation,
		    now);

	return r < 0 ? r : 0;
}
