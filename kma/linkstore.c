/* linkstore.c - link keys on disk; see linkstore.h. */
#include "kma/linkrow.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "audit.h"
#include "auditsql.h"
#include "bytes.h"
#include "db.h"
#include "err.h"
#include "kma/conf.h"
#include "kma/views.sql.h"
#include "log.h"
#include "seal.h"
#include "storefigures.h"
#include "storestatus.h"

static const char *const migrations[] = {
	/* One row per QKD link. */
	"CREATE TABLE qkd_link ("
	" id INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE,"
	" peer TEXT NOT NULL,"		/* KM ID at the other end */
	" mark INTEGER NOT NULL DEFAULT 0,"	/* commits that spent key */
	" seen INTEGER NOT NULL DEFAULT 0,"	/* the peer's, as known here */
	" last INTEGER NOT NULL DEFAULT 0,"	/* highest index had; all up
						 * to it without a row are
						 * spent or void */
	" control INTEGER NOT NULL DEFAULT 0,"	/* block of the control key */
	" control_key BLOB);"			/* sealed */
	/* One row per unspent block. A spent block has no row. */
	"CREATE TABLE link_block ("
	" key INTEGER PRIMARY KEY,"	/* link << 48 | index */
	" state INTEGER NOT NULL,"	/* 0 new, 1 agreed with the peer */
	" made INTEGER NOT NULL,"	/* ms since 1970 */
	" octets INTEGER NOT NULL,"
	" sealed BLOB NOT NULL);"
	/* Pool blocks that came from other nodes and wait for ksa. */
	"CREATE TABLE inbound ("
	" source TEXT NOT NULL,"	/* KM ID of the source */
	" block INTEGER NOT NULL,"	/* its serial */
	" made INTEGER NOT NULL,"
	" octets INTEGER NOT NULL,"
	" sealed BLOB NOT NULL,"
	" PRIMARY KEY (source, block));"
	"CREATE VIEW link AS SELECT l.name, l.peer,"
	" CASE b.state WHEN 0 THEN 'new' ELSE 'agreed' END AS state,"
	" CASE b.key & 1 WHEN 0 THEN 'lower KM ID' ELSE 'higher KM ID' END"
	"  AS owner, count(*) AS blocks, sum(b.octets) AS octets,"
	" datetime(min(b.made) / 1000, 'unixepoch') AS oldest"
	" FROM link_block b JOIN qkd_link l ON l.id = b.key >> 48"
	" GROUP BY 1, 2, 3, 4;"
	"CREATE VIEW pool AS SELECT source, count(*) AS blocks,"
	" sum(octets) AS octets,"
	" datetime(min(made) / 1000, 'unixepoch') AS oldest"
	" FROM inbound GROUP BY source;",
	/* state 2: agreed and moved, the owner is not what the index says. */
	"DROP VIEW link;"
	"CREATE VIEW link AS SELECT l.name, l.peer,"
	" CASE b.state WHEN 0 THEN 'new' ELSE 'agreed' END AS state,"
	" CASE WHEN (b.key & 1) = (b.state = 2)"
	"  THEN 'lower KM ID' ELSE 'higher KM ID' END"
	"  AS owner, count(*) AS blocks, sum(b.octets) AS octets,"
	" datetime(min(b.made) / 1000, 'unixepoch') AS oldest"
	" FROM link_block b JOIN qkd_link l ON l.id = b.key >> 48"
	" GROUP BY 1, 2, 3, 4;",
	/* Routes that an operator set; nothing else is used to that KM. */
	"CREATE TABLE route ("
	" destination TEXT PRIMARY KEY,"	/* KM ID */
	" route TEXT NOT NULL,"		/* KM IDs from here to there */
	" made INTEGER NOT NULL);",	/* ms since 1970 */
	/* How many node-disjoint paths a block came over: the XOR of parts. */
	"ALTER TABLE inbound ADD COLUMN paths INTEGER NOT NULL DEFAULT 1;"
	/* Parts of which not all are there. A start destroys them. */
	"CREATE TABLE part ("
	" source TEXT NOT NULL,"	/* as in inbound */
	" block INTEGER NOT NULL,"
	" part INTEGER NOT NULL,"	/* 1, 2, ... */
	" made INTEGER NOT NULL,"
	" sealed BLOB NOT NULL,"
	" PRIMARY KEY (source, block, part));",
	/* What an operator reads. */
	SQL_VIEWS,
	STOREKEY_SQL,
	/* The record of keys. */
	AUDIT_SCHEMA,
};

#define AUDIT_SINCE	7	/* the number of that one */

struct rowname
linkrow_name(const char *table, const char *source, uint64_t n)
{
	struct rowname	 r;
	size_t		 t = strlen(table) + 1, s = strlen(source) + 1;

	memcpy(r.text, table, t);
	memcpy(r.text + t, source, s);
	put_be64((uint8_t *)r.text + t + s, n);
	r.len = t + s + 8;
	return r;
}

struct rowname
linkrow_part(const char *source, uint64_t block, uint32_t part)
{
	char	table[16];

	snprintf(table, sizeof(table), "part %u", part);
	return linkrow_name(table, source, block);
}

static int
open_row(struct linkstore *ls, const struct rowname *name, const void *sealed,
    int len, struct secret **out)
{
	int	r;

	if (sealed == NULL || len <= SEAL_OVERHEAD)
		return -E_STORE_CORRUPT;
	if ((*out = secret_new((size_t)len - SEAL_OVERHEAD)) == NULL)
		return -E_NO_MEMORY;
	if ((r = unseal(ls->rseal, (*out)->bytes, sealed, (size_t)len,
	    name->text, name->len)) < 0)
		secret_free(out);
	return r;
}

/* ---- reading ---- */

static int
read_control(struct linkstore *ls, struct linkrow *row, sqlite3_stmt *st)
{
	struct rowname	 name = linkrow_name("control", "", row->id);
	struct secret	*key = NULL;
	int		 r;

	if (row->control == 0)
		return 0;
	r = open_row(ls, &name, sqlite3_column_blob(st, 5),
	    sqlite3_column_bytes(st, 5), &key);
	if (r == 0 && key->len == sizeof(row->control_key))
		memcpy(row->control_key, key->bytes, key->len);
	secret_free(&key);
	return r;
}

int
linkstore_link(struct linkstore *ls, const char *name, const char *peer,
    struct linkrow *row)
{
	sqlite3_stmt	*st;
	int		 r;

	memset(row, 0, sizeof(*row));
	if ((r = db_run(ls->writer, "INSERT INTO qkd_link (name, peer)"
	    " VALUES (?, ?) ON CONFLICT (name) DO NOTHING", "ss", name,
	    peer)) < 0)
		return r;
	st = db_bind(ls->writer, "SELECT id, mark, seen, last, control,"
	    " control_key, peer FROM qkd_link WHERE name = ?", "s", name);
	if (st == NULL || db_step(ls->writer, st) != SQLITE_ROW)
		return -E_STORE;
	row->id = (uint32_t)sqlite3_column_int64(st, 0);
	row->mark = (uint64_t)sqlite3_column_int64(st, 1);
	row->seen = (uint64_t)sqlite3_column_int64(st, 2);
	row->last = (uint64_t)sqlite3_column_int64(st, 3);
	row->control = (uint64_t)sqlite3_column_int64(st, 4);
	r = read_control(ls, row, st);
	if (r == 0 && strcmp((const char *)sqlite3_column_text(st, 6),
	    peer) != 0) {
		log_err("the store knows this link with another peer",
		    "link=%s configured=%s stored=%s store=%s", name, peer,
		    (const char *)sqlite3_column_text(st, 6),
		    db_path(ls->writer));
		r = -E_CONFIG;
	}
	sqlite3_reset(st);
	return r;
}

int
linkstore_each(struct linkstore *ls, uint32_t link,
    void (*fn)(void *, uint64_t, enum block_state), void *arg)
{
	sqlite3_stmt	*st;
	int		 r;

	st = db_bind(ls->writer, "SELECT key, state FROM link_block"
	    " WHERE key >= ? AND key < ? ORDER BY key", "ii", ROW(link, 0),
	    ROW(link + 1, 0));
	if (st == NULL)
		return -E_STORE;
	while ((r = db_step(ls->writer, st)) == SQLITE_ROW)
		fn(arg, (uint64_t)sqlite3_column_int64(st, 0) &
		    ((UINT64_C(1) << LINK_SHIFT) - 1),
		    (enum block_state)sqlite3_column_int(st, 1));
	sqlite3_reset(st);
	return r == SQLITE_DONE ? 0 : r;
}

int
linkstore_each_older(struct linkstore *ls, uint32_t link, uint64_t made_ms,
    void (*fn)(void *, uint64_t), void *arg)
{
	sqlite3_stmt	*st;
	int		 r;

	st = db_bind(ls->reader, "SELECT key FROM link_block WHERE made < ?"
	    " AND key >= ? AND key < ?", "uii", made_ms, ROW(link, 0),
	    ROW(link + 1, 0));
	if (st == NULL)
		return -E_STORE;
	while ((r = db_step(ls->reader, st)) == SQLITE_ROW)
		fn(arg, (uint64_t)sqlite3_column_int64(st, 0) &
		    ((UINT64_C(1) << LINK_SHIFT) - 1));
	sqlite3_reset(st);
	return r == SQLITE_DONE ? 0 : r;
}

int
linkstore_each_route(struct linkstore *ls,
    void (*fn)(void *, const char *, const char *, uint64_t), void *arg)
{
	sqlite3_stmt	*st;
	int		 r;

	st = db_bind(ls->reader, "SELECT destination, route, made FROM route",
	    "");
	if (st == NULL)
		return -E_STORE;
	while ((r = db_step(ls->reader, st)) == SQLITE_ROW)
		fn(arg, (const char *)sqlite3_column_text(st, 0),
		    (const char *)sqlite3_column_text(st, 1),
		    (uint64_t)sqlite3_column_int64(st, 2));
	sqlite3_reset(st);
	return r == SQLITE_DONE ? 0 : r;
}

int
linkstore_each_inbound(struct linkstore *ls,
    void (*fn)(void *, const char *, uint64_t), void *arg)
{
	sqlite3_stmt	*st;
	int		 r;

	st = db_bind(ls->reader, "SELECT source, block FROM inbound"
	    " ORDER BY made", "");
	if (st == NULL)
		return -E_STORE;
	while ((r = db_step(ls->reader, st)) == SQLITE_ROW)
		fn(arg, (const char *)sqlite3_column_text(st, 0),
		    (uint64_t)sqlite3_column_int64(st, 1));
	sqlite3_reset(st);
	return r == SQLITE_DONE ? 0 : r;
}

static int
read_one(struct linkstore *ls, sqlite3_stmt *st, const struct rowname *name,
    struct secret **out)
{
	int	r;

	if (st == NULL)
		return -E_STORE;
	r = db_step(ls->reader, st);
	if (r == SQLITE_ROW)
		r = open_row(ls, name, sqlite3_column_blob(st, 0),
		    sqlite3_column_bytes(st, 0), out);
	else if (r == SQLITE_DONE)
		r = -E_NOT_FOUND;
	sqlite3_reset(st);
	return r;
}

int
linkstore_read(struct linkstore *ls, uint32_t link, uint64_t idx,
    struct secret **out)
{
	struct rowname	name = linkrow_name("link_block", "",
			    (uint64_t)ROW(link, idx));

	return read_one(ls, db_bind(ls->reader, "SELECT sealed FROM link_block"
	    " WHERE key = ?", "i", ROW(link, idx)), &name, out);
}

int
linkstore_made(struct linkstore *ls, uint32_t link, uint64_t idx,
    uint64_t *made)
{
	int64_t	v = db_int(ls->reader, -1, "SELECT made FROM link_block"
		    " WHERE key = ?", "i", ROW(link, idx));

	*made = (uint64_t)v;
	return v < 0 ? -E_NOT_FOUND : 0;
}

int
linkstore_read_inbound(struct linkstore *ls, const char *source,
    uint64_t block, struct secret **out)
{
	struct rowname	name = linkrow_name("inbound", source, block);

	return read_one(ls, db_bind(ls->reader, "SELECT sealed FROM inbound"
	    " WHERE source = ? AND block = ?", "su", source, block), &name,
	    out);
}

int
linkstore_inbound_paths(struct linkstore *ls, const char *source,
    uint64_t block, uint32_t *paths)
{
	int64_t	v = db_int(ls->reader, -1, "SELECT paths FROM inbound"
		    " WHERE source = ? AND block = ?", "su", source, block);

	*paths = (uint32_t)v;
	return v < 0 ? -E_NOT_FOUND : 0;
}

int
linkstore_read_part(struct linkstore *ls, const char *source, uint64_t block,
    uint32_t part, struct secret **out)
{
	struct rowname	name = linkrow_part(source, block, part);

	return read_one(ls, db_bind(ls->reader, "SELECT sealed FROM part"
	    " WHERE source = ? AND block = ? AND part = ?", "sui", source,
	    block, (int64_t)part), &name, out);
}

size_t
linkstore_queued(const struct linkstore *ls)
{
	return committer_queued(ls->committer);
}

uint64_t
linkstore_commits(const struct linkstore *ls)
{
	struct committer_figures f;

	committer_figures(ls->committer, &f);
	return f.commits;
}

struct audit *
linkstore_audit(const struct linkstore *ls)
{
	return ls->audit;
}

void
linkstore_tick(struct linkstore *ls)
{
	audit_tick(ls->audit, ls->committer);
}

void
linkstore_checkpoint(struct linkstore *ls)
{
	committer_checkpoint(ls->committer);
}

json_t *
linkstore_status(struct linkstore *ls, json_t *warnings)
{
	return store_status(db_path(ls->writer), ls->committer, warnings);
}

void
linkstore_figures(struct linkstore *ls, json_t *all)
{
	storefigures(all, ls->committer, ls->keys);
	audit_figures(ls->audit, ls->reader, all);
}

struct storekey *
linkstore_keys(struct linkstore *ls)
{
	return ls->keys;
}

/* ---- what is sealed, for sealing it again ---- */

static size_t
named(uint8_t out[STOREKEY_AAD_MAX], const struct rowname *name)
{
	memcpy(out, name->text, name->len);
	return name->len;
}

static size_t
control_name(uint8_t out[STOREKEY_AAD_MAX], sqlite3_stmt *st)
{
	struct rowname	n = linkrow_name("control", "",
			    (uint64_t)sqlite3_column_int64(st, 0));

	return named(out, &n);
}

static size_t
block_name(uint8_t out[STOREKEY_AAD_MAX], sqlite3_stmt *st)
{
	struct rowname	n = linkrow_name("link_block", "",
			    (uint64_t)sqlite3_column_int64(st, 0));

	return named(out, &n);
}

static size_t
inbound_name(uint8_t out[STOREKEY_AAD_MAX], sqlite3_stmt *st)
{
	struct rowname	n = linkrow_name("inbound",
			    (const char *)sqlite3_column_text(st, 3),
			    (uint64_t)sqlite3_column_int64(st, 4));

	return named(out, &n);
}

static size_t
part_name(uint8_t out[STOREKEY_AAD_MAX], sqlite3_stmt *st)
{
	struct rowname	n = linkrow_part(
			    (const char *)sqlite3_column_text(st, 3),
			    (uint64_t)sqlite3_column_int64(st, 4),
			    (uint32_t)sqlite3_column_int64(st, 5));

	return named(out, &n);
}

_Static_assert(sizeof(((struct rowname *)0)->text) <= STOREKEY_AAD_MAX,
    "the name of a row has room");

#define AFTER(id)	" WHERE " id " > ?1 AND ?2 < 0 ORDER BY " id " LIMIT 1"

static const struct storekey_table sealed_tables[] = {
	{ "SELECT id, -1, control_key FROM qkd_link WHERE id > ?1 AND ?2 < 0"
	  " AND control_key IS NOT NULL ORDER BY id LIMIT 1",
	  "UPDATE qkd_link SET control_key = ?1 WHERE id = ?2 AND ?3 < 0",
	  control_name },
	{ "SELECT key, -1, sealed FROM link_block" AFTER("key"),
	  "UPDATE link_block SET sealed = ?1 WHERE key = ?2 AND ?3 < 0",
	  block_name },
	{ "SELECT rowid, -1, sealed, source, block FROM inbound"
	  AFTER("rowid"),
	  "UPDATE inbound SET sealed = ?1 WHERE rowid = ?2 AND ?3 < 0",
	  inbound_name },
	{ "SELECT rowid, -1, sealed, source, block, part FROM part"
	  AFTER("rowid"),
	  "UPDATE part SET sealed = ?1 WHERE rowid = ?2 AND ?3 < 0",
	  part_name },
	{ AUDIT_SEALED, AUDIT_SEAL, audit_sealed_name },
	{ NULL, NULL, NULL }
};

/* ---- open and close ---- */

static int
open_audit(struct linkstore *ls)
{
	const struct audit_conf	conf = { "kma", kma_conf.audit_accept,
		kma_conf.audit_days, kma_conf.audit_rows, AUDIT_SINCE,
		"SELECT count(*) FROM qkd_link WHERE last > 0" };

	return audit_open(&ls->audit, &conf, ls->writer, ls->wseal);
}

static int
open_files(struct linkstore *ls, const char *path, const char *node_key,
    const char *next)
{
	const struct storekey_file	file = { "kma", sealed_tables, path,
		migrations, sizeof(migrations) / sizeof(migrations[0]),
		node_key, next };
	int				r;

	if ((r = storekey_open_file(&ls->keys, &file, &ls->writer, &ls->wseal,
	    &ls->rseal)) < 0 || (r = open_audit(ls)) < 0)
		return r;
	return db_open_reader(&ls->reader, path);
}

int
linkstore_open(struct linkstore **out, struct event_base *base,
    const char *path, const char *node_key, const char *next)
{
	struct linkstore	*ls;
	int			 r;

	*out = NULL;
	if ((ls = calloc(1, sizeof(*ls))) == NULL)
		return -E_NO_MEMORY;
	if ((r = open_files(ls, path, node_key, next)) < 0 ||
	    (r = committer_new(&ls->committer, base, ls->writer)) < 0 ||
	    (r = storekey_start(ls->keys, base, ls->committer)) < 0)
		linkstore_close(&ls);
	*out = ls;
	return r;
}

void
linkstore_close(struct linkstore **lsp)
{
	struct linkstore	*ls = *lsp;

	if (ls == NULL)
		return;
	committer_free(&ls->committer);
	storekey_close(&ls->keys);
	db_close(&ls->reader);
	db_close(&ls->writer);
	audit_free(&ls->audit);
	free(ls);
	*lsp = NULL;
}
