/*
 * storecopy.c - see storecopy.h. What is copied is listed here, not what is
 * left out: a table that comes with a later schema is refused until somebody
 * has thought about it.
 */
#include "storecopy.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#define BUSY_MS		5000

struct table {
	enum store	 store;
	const char	*name;
	const char	*blank;		/* a column left out; NULL: none;
					 * "*": all rows are */
	const char	*instead;	/* of that column */
};

static const struct table tables[] = {
	{ STORE_KMA, "qkd_link", "control_key", "NULL" },
	{ STORE_KMA, "link_block", "*", NULL },
	{ STORE_KMA, "inbound", "*", NULL },
	{ STORE_KMA, "part", "*", NULL },
	{ STORE_KMA, "route", NULL, NULL },
	{ STORE_KMA, "store_key", "*", NULL },
	{ STORE_KMA, "audit_log", NULL, NULL },
	{ STORE_KMA, "audit_head", "sealed", "NULL" },
	{ STORE_KMA, "audit_archive", NULL, NULL },
	{ STORE_KSA, "peer", NULL, NULL },
	{ STORE_KSA, "block", "*", NULL },
	{ STORE_KSA, "segment", "*", NULL },
	{ STORE_KSA, "control", "*", NULL },
	{ STORE_KSA, "issued", NULL, NULL },
	{ STORE_KSA, "received", NULL, NULL },
	{ STORE_KSA, "fetched", "*", NULL },
	{ STORE_KSA, "notice", NULL, NULL },
	{ STORE_KSA, "copy", "*", NULL },
	{ STORE_KSA, "session", NULL, NULL },
	{ STORE_KSA, "recall", NULL, NULL },
	{ STORE_KSA, "plain_key", "sealed", "NULL" },
	{ STORE_KSA, "tombstone", NULL, NULL },
	{ STORE_KSA, "announcer", NULL, NULL },
	{ STORE_KSA, "announced", NULL, NULL },
	{ STORE_KSA, "store_key", "*", NULL },
	{ STORE_KSA, "audit_log", NULL, NULL },
	{ STORE_KSA, "audit_head", "sealed", "NULL" },
	{ STORE_KSA, "audit_archive", NULL, NULL },
};

/* The control key goes with its number. */
static const char *const	after_copy[] = {
	[STORE_KMA] = "UPDATE qkd_link SET control = 0",
	[STORE_KSA] = "UPDATE peer SET control = 0",
};

/* mark = 0: this store is known to have gone back in time. */
static const char *const	voiding[] = {
	[STORE_KMA] = "SELECT 1",
	[STORE_KSA] = "UPDATE peer SET mark = 0;"
	    "UPDATE received SET state = 2 WHERE state IN (0, 4);"
	    "UPDATE plain_key SET state = 2 WHERE state = 4 OR"
	    " (state = 0 AND mine = 0);",
};

static int
failed(sqlite3 *db, const char *what, char *why)
{
	snprintf(why, STORECOPY_WHY, "%s: %s", what,
	    db == NULL ? "out of memory" : sqlite3_errmsg(db));
	return -1;
}

static int
run(sqlite3 *db, const char *sql, char *why)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 :
	    failed(db, "key store", why);
}

static int
run_freed(sqlite3 *db, char *sql, char *why)
{
	int	r = sql == NULL ? failed(NULL, "key store", why) :
		    run(db, sql, why);

	sqlite3_free(sql);
	return r;
}

static int
open_db(sqlite3 **db, const char *path, char *why)
{
	if (sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_NOFOLLOW,
	    NULL) != SQLITE_OK)
		return failed(*db, path, why);
	sqlite3_busy_timeout(*db, BUSY_MS);
	return run(*db, "PRAGMA trusted_schema = OFF;"
	    "PRAGMA journal_mode = DELETE; PRAGMA secure_delete = ON;", why);
}

static int
attach(sqlite3 *db, const char *from, char *why)
{
	struct stat	st;

	if (lstat(from, &st) < 0 || !S_ISREG(st.st_mode) ||
	    strpbrk(from, "?#%") != NULL) {
		snprintf(why, STORECOPY_WHY, "%s: is not there, no regular "
		    "file, or may not be read", from);
		return -1;
	}
	return run_freed(db, sqlite3_mprintf("ATTACH 'file:%q?mode=ro' AS s;"
	    "BEGIN", from), why);
}

static const struct table *
find(enum store store, const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (tables[i].store == store &&
		    strcmp(tables[i].name, name) == 0)
			return &tables[i];
	return NULL;
}

/* Column by column, in their order: that is the same in both. A list that
 * ends too early has too few of them for the table. */
static int
copy_rows(sqlite3 *db, const struct table *t, char *why)
{
	char		*list;
	sqlite3_stmt	*st;
	const char	*column;

	if (sqlite3_prepare_v2(db, "SELECT name FROM s.pragma_table_info(?)",
	    -1, &st, NULL) != SQLITE_OK)
		return failed(db, t->name, why);
	sqlite3_bind_text(st, 1, t->name, -1, SQLITE_STATIC);
	list = sqlite3_mprintf("");
	while (sqlite3_step(st) == SQLITE_ROW) {
		column = (const char *)sqlite3_column_text(st, 0);
		list = sqlite3_mprintf(t->blank != NULL &&
		    strcmp(column, t->blank) == 0 ? "%z%s%s" : "%z%s\"%w\"",
		    list, list == NULL || list[0] == '\0' ? "" : ", ",
		    t->blank != NULL && strcmp(column, t->blank) == 0 ?
		    t->instead : column);
	}
	sqlite3_finalize(st);
	return run_freed(db, sqlite3_mprintf("INSERT INTO main.\"%w\" "
	    "SELECT %z FROM s.\"%w\"", t->name, list, t->name), why);
}

static int
copy_table(sqlite3 *db, enum store store, const char *name, const char *sql,
    char *why)
{
	const struct table	*t = find(store, name);

	if (t == NULL) {
		snprintf(why, STORECOPY_WHY, "the store has a table %s that "
		    "this qkdctl does not know: use the one that came with "
		    "the daemons", name);
		return -1;
	}
	if (run(db, sql, why) < 0)
		return -1;
	return t->blank != NULL && strcmp(t->blank, "*") == 0 ? 0 :
	    copy_rows(db, t, why);
}

/* Tables first, then what stands on them. */
static int
copy_kind(sqlite3 *db, enum store store, bool table, char *why)
{
	sqlite3_stmt	*st;
	const char	*name, *sql;
	int		 r = 0, code = SQLITE_DONE;

	if (sqlite3_prepare_v2(db, "SELECT name, sql FROM s.sqlite_schema"
	    " WHERE (type = 'table') = ? AND sql IS NOT NULL"
	    " AND type IN ('table', 'index', 'view')"
	    " AND name NOT LIKE 'sqlite_%' ORDER BY rowid", -1, &st,
	    NULL) != SQLITE_OK)
		return failed(db, "key store", why);
	sqlite3_bind_int(st, 1, table);
	while (r == 0 && (code = sqlite3_step(st)) == SQLITE_ROW) {
		name = (const char *)sqlite3_column_text(st, 0);
		sql = (const char *)sqlite3_column_text(st, 1);
		r = table ? copy_table(db, store, name, sql, why) :
		    run(db, sql, why);
	}
	if (r == 0 && code != SQLITE_DONE)
		r = failed(db, "key store", why);
	sqlite3_finalize(st);
	return r;
}

static int
copy_version(sqlite3 *db, char *why)
{
	sqlite3_stmt	*st;
	int		 version = 0;

	if (sqlite3_prepare_v2(db, "PRAGMA s.user_version", -1, &st, NULL) !=
	    SQLITE_OK)
		return failed(db, "key store", why);
	if (sqlite3_step(st) == SQLITE_ROW)
		version = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return run_freed(db, sqlite3_mprintf("PRAGMA main.user_version = %d",
	    version), why);
}

int
storecopy(enum store store, const char *from, const char *to,
    char why[STORECOPY_WHY])
{
	sqlite3	*db = NULL;
	int	 r;

	if ((r = open_db(&db, to, why)) == 0 &&
	    (r = attach(db, from, why)) == 0 &&
	    (r = copy_kind(db, store, true, why)) == 0 &&
	    (r = copy_kind(db, store, false, why)) == 0 &&
	    (r = copy_version(db, why)) == 0 &&
	    (r = run(db, after_copy[store], why)) == 0)
		r = run(db, "COMMIT", why);
	sqlite3_close(db);
	return r;
}

int
storecopy_void(enum store store, const char *path, char why[STORECOPY_WHY])
{
	sqlite3	*db = NULL;
	int	 r;

	if ((r = open_db(&db, path, why)) == 0 &&
	    (r = run(db, "BEGIN", why)) == 0 &&
	    (r = run(db, voiding[store], why)) == 0)
		r = run(db, "COMMIT", why);
	sqlite3_close(db);
	return r;
}

int
storecopy_anchor(const char *path, char *out, size_t room)
{
	sqlite3		*db = NULL;
	sqlite3_stmt	*st;

	out[0] = '\0';
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) ==
	    SQLITE_OK && sqlite3_prepare_v2(db, "SELECT seq || ':' ||"
	    " lower(hex(hash)) FROM audit_log ORDER BY seq DESC LIMIT 1", -1,
	    &st, NULL) == SQLITE_OK) {
		if (sqlite3_step(st) == SQLITE_ROW)
			snprintf(out, room, "%s",
			    (const char *)sqlite3_column_text(st, 0));
		sqlite3_finalize(st);
	}
	sqlite3_close(db);
	return out[0] != '\0';
}
