/* linkstore.c - link keys on disk; see linkstore.h. */
#include "kma/linkstore.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "bytes.h"
#include "db.h"
#include "err.h"
#include "log.h"
#include "seal.h"

#define LINK_SHIFT	48	/* a row's key is link << 48 | index */
#define ROW(link, idx)	((int64_t)((uint64_t)(link) << LINK_SHIFT | (idx)))

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
};

struct linkstore {
	struct db		*writer, *reader;
	struct sealer		*wseal, *rseal;
	struct committer	*committer;
};

enum kind { PUT, LAST, AGREE, SPEND, DROP, DROP_AGREED, DROP_OLDER, MARK, SEEN,
	CONTROL, INBOUND, INBOUND_TAKE, INBOUND_OLDER };

struct change {
	enum kind		 kind;
	uint32_t		 link;
	uint64_t		 n;
	km_id			 source;
	struct secret		*bytes;
	STAILQ_ENTRY(change)	 next;
};

struct linktx {
	struct linkstore	*ls;
	STAILQ_HEAD(, change)	 changes;
	linktx_done		*done;
	void			*arg;
	int			 failed;	/* while it was put together */
};

/* ---- sealing: the name of the row is what a sealed value is bound to ---- */

struct rowname { char text[KM_ID_MAX + 32]; size_t len; };

static struct rowname
rowname(const char *table, const char *source, uint64_t n)
{
	struct rowname	 r;
	size_t		 t = strlen(table) + 1, s = strlen(source) + 1;

	memcpy(r.text, table, t);
	memcpy(r.text + t, source, s);
	put_be64((uint8_t *)r.text + t + s, n);
	r.len = t + s + 8;
	return r;
}

static int
seal_row(struct linkstore *ls, const struct rowname *name,
    const struct secret *in, uint8_t **out)
{
	if ((*out = malloc(in->len + SEAL_OVERHEAD)) == NULL)
		return -E_NO_MEMORY;
	return seal(ls->wseal, *out, in->bytes, in->len, name->text,
	    name->len);
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

/* ---- changes, on the committer's thread ---- */

static int
run_put(struct linkstore *ls, struct db *db, struct change *c)
{
	struct rowname	 name = rowname("link_block", "",
			    (uint64_t)ROW(c->link, c->n));
	uint8_t		*sealed = NULL;
	int		 r;

	if ((r = seal_row(ls, &name, c->bytes, &sealed)) < 0)
		goto out;
	r = db_run(db, "INSERT INTO link_block VALUES (?, 0, ?, ?, ?)",
	    "iuub", ROW(c->link, c->n), now_ms(), (uint64_t)c->bytes->len,
	    sealed, c->bytes->len + SEAL_OVERHEAD);
out:
	free(sealed);
	return r;
}

static int
run_inbound(struct linkstore *ls, struct db *db, struct change *c)
{
	struct rowname	 name = rowname("inbound", c->source, c->n);
	uint8_t		*sealed = NULL;
	int		 r;

	if ((r = seal_row(ls, &name, c->bytes, &sealed)) < 0)
		goto out;
	r = db_run(db, "INSERT INTO inbound VALUES (?, ?, ?, ?, ?)"
	    " ON CONFLICT DO NOTHING", "suuub", c->source, c->n, now_ms(),
	    (uint64_t)c->bytes->len, sealed, c->bytes->len + SEAL_OVERHEAD);
	if (r == 0)
		r = -E_EXISTS;
out:
	free(sealed);
	return r;
}

static int
run_control(struct linkstore *ls, struct db *db, struct change *c)
{
	struct rowname	 name = rowname("control", "", c->link);
	uint8_t		*sealed = NULL;
	int		 r;

	if ((r = seal_row(ls, &name, c->bytes, &sealed)) < 0)
		goto out;
	r = db_run(db, "UPDATE qkd_link SET control = ?, control_key = ?"
	    " WHERE id = ?", "ubu", c->n, sealed,
	    c->bytes->len + SEAL_OVERHEAD, (uint64_t)c->link);
out:
	free(sealed);
	return r;
}

/* The row must have been there: a block is spent once. */
static int
must_change(int changed)
{
	return changed == 0 ? -E_SPENT : changed;
}

static int
run_change(struct linkstore *ls, struct db *db, struct change *c)
{
	int64_t		 row = ROW(c->link, c->n);
	int64_t		 from = ROW(c->link, 0), to = ROW(c->link + 1, 0);
	uint64_t	 link = c->link;

	switch (c->kind) {
	case PUT:
		return run_put(ls, db, c);
	case LAST:
		return db_run(db, "UPDATE qkd_link SET last = max(last, ?)"
		    " WHERE id = ?", "uu", c->n, link);
	case AGREE:
		return db_run(db, "UPDATE link_block SET state = 1"
		    " WHERE key = ?", "i", row);
	case SPEND:
		return must_change(db_run(db,
		    "DELETE FROM link_block WHERE key = ?", "i", row));
	case DROP:
		return db_run(db, "DELETE FROM link_block WHERE key = ?", "i",
		    row);
	case DROP_AGREED:
		return db_run(db, "DELETE FROM link_block WHERE state = 1"
		    " AND key >= ? AND key < ?", "ii", from, to);
	case DROP_OLDER:
		return db_run(db, "DELETE FROM link_block WHERE made < ?"
		    " AND key >= ? AND key < ?", "uii", c->n, from, to);
	case MARK:
		return db_run(db, "UPDATE qkd_link SET mark = max(mark, ?)"
		    " WHERE id = ?", "uu", c->n, link);
	case SEEN:
		return db_run(db, "UPDATE qkd_link SET seen = max(seen, ?)"
		    " WHERE id = ?", "uu", c->n, link);
	case CONTROL:
		return run_control(ls, db, c);
	case INBOUND:
		return run_inbound(ls, db, c);
	case INBOUND_TAKE:
		return must_change(db_run(db, "DELETE FROM inbound"
		    " WHERE source = ? AND block = ?", "su", c->source, c->n));
	case INBOUND_OLDER:
		return db_run(db, "DELETE FROM inbound WHERE made < ?", "u",
		    c->n);
	}
	return -E_RANGE;
}

static int
run_tx(struct db *db, void *job)
{
	struct linktx	*tx = job;
	struct change	*c;
	int		 r = tx->failed;

	STAILQ_FOREACH(c, &tx->changes, next) {
		if (r < 0)
			break;
		r = run_change(tx->ls, db, c);
	}
	return r < 0 ? r : 0;
}

static void
tx_free(struct linktx *tx)
{
	struct change	*c;

	while ((c = STAILQ_FIRST(&tx->changes)) != NULL) {
		STAILQ_REMOVE_HEAD(&tx->changes, next);
		secret_free(&c->bytes);
		free(c);
	}
	free(tx);
}

static void
done_tx(void *job, int result)
{
	struct linktx	*tx = job;

	if (tx->done != NULL)
		tx->done(tx->arg, result);
	tx_free(tx);
}

/* ---- putting a transaction together ---- */

struct linktx *
linktx_new(struct linkstore *ls)
{
	struct linktx	*tx;

	if ((tx = calloc(1, sizeof(*tx))) == NULL)
		abort();	/* a few octets: nothing sensible is left */
	tx->ls = ls;
	STAILQ_INIT(&tx->changes);
	return tx;
}

static struct change *
add(struct linktx *tx, enum kind kind, uint32_t link, uint64_t n)
{
	struct change	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		abort();
	c->kind = kind;
	c->link = link;
	c->n = n;
	STAILQ_INSERT_TAIL(&tx->changes, c, next);
	return c;
}

static void
add_bytes(struct linktx *tx, struct change *c, const uint8_t *p, size_t octets)
{
	if ((c->bytes = secret_copy(p, octets)) == NULL)
		tx->failed = -E_NO_MEMORY;
}

void
linktx_put(struct linktx *tx, uint32_t link, uint64_t idx, const uint8_t *p,
    size_t octets)
{
	add_bytes(tx, add(tx, PUT, link, idx), p, octets);
	linktx_last(tx, link, idx);
}

void
linktx_last(struct linktx *tx, uint32_t link, uint64_t last)
{
	add(tx, LAST, link, last);
}

void
linktx_agree(struct linktx *tx, uint32_t link, uint64_t idx)
{
	add(tx, AGREE, link, idx);
}

void
linktx_spend(struct linktx *tx, uint32_t link, uint64_t idx)
{
	add(tx, SPEND, link, idx);
}

void
linktx_drop(struct linktx *tx, uint32_t link, uint64_t idx)
{
	add(tx, DROP, link, idx);
}

void
linktx_drop_agreed(struct linktx *tx, uint32_t link)
{
	add(tx, DROP_AGREED, link, 0);
}

void
linktx_drop_older(struct linktx *tx, uint32_t link, uint64_t made_ms)
{
	add(tx, DROP_OLDER, link, made_ms);
}

void
linktx_mark(struct linktx *tx, uint32_t link, uint64_t mark)
{
	add(tx, MARK, link, mark);
}

void
linktx_seen(struct linktx *tx, uint32_t link, uint64_t seen)
{
	add(tx, SEEN, link, seen);
}

void
linktx_control(struct linktx *tx, uint32_t link, uint64_t idx,
    const uint8_t key[32])
{
	add_bytes(tx, add(tx, CONTROL, link, idx), key, 32);
}

void
linktx_inbound(struct linktx *tx, const char *source, uint64_t block,
    const uint8_t *p, size_t octets)
{
	struct change	*c = add(tx, INBOUND, 0, block);

	memcpy(c->source, source, strlen(source) + 1);
	add_bytes(tx, c, p, octets);
}

void
linktx_inbound_take(struct linktx *tx, const char *source, uint64_t block)
{
	struct change	*c = add(tx, INBOUND_TAKE, 0, block);

	memcpy(c->source, source, strlen(source) + 1);
}

void
linktx_inbound_drop_older(struct linktx *tx, uint64_t made_ms)
{
	add(tx, INBOUND_OLDER, 0, made_ms);
}

void
linktx_commit(struct linktx *tx, linktx_done *done, void *arg)
{
	tx->done = done;
	tx->arg = arg;
	committer_add(tx->ls->committer, run_tx, done_tx, tx);
}

int
linktx_commit_sync(struct linktx *tx)
{
	int	r = committer_sync(tx->ls->committer, run_tx, tx);

	tx_free(tx);
	return r;
}

/* ---- reading ---- */

static int
read_control(struct linkstore *ls, struct linkrow *row, sqlite3_stmt *st)
{
	struct rowname	 name = rowname("control", "", row->id);
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
    void (*fn)(void *, uint64_t, bool), void *arg)
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
		    sqlite3_column_int(st, 1) == 1);
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
	struct rowname	name = rowname("link_block", "",
			    (uint64_t)ROW(link, idx));

	return read_one(ls, db_bind(ls->reader, "SELECT sealed FROM link_block"
	    " WHERE key = ?", "i", ROW(link, idx)), &name, out);
}

int
linkstore_read_inbound(struct linkstore *ls, const char *source,
    uint64_t block, struct secret **out)
{
	struct rowname	name = rowname("inbound", source, block);

	return read_one(ls, db_bind(ls->reader, "SELECT sealed FROM inbound"
	    " WHERE source = ? AND block = ?", "su", source, block), &name,
	    out);
}

size_t
linkstore_queued(const struct linkstore *ls)
{
	return committer_queued(ls->committer);
}

void
linkstore_checkpoint(struct linkstore *ls)
{
	committer_checkpoint(ls->committer);
}

/* ---- open and close ---- */

int
linkstore_open(struct linkstore **out, struct event_base *base,
    const char *path, const char *node_key)
{
	struct linkstore	*ls;
	uint8_t			*key;
	int			 r = -E_NO_MEMORY;

	ls = calloc(1, sizeof(*ls));
	key = secure_calloc(SEAL_KEY);
	if (ls == NULL || key == NULL)
		goto out;
	if ((r = seal_load_key(node_key, key)) < 0 ||
	    (r = sealer_new(&ls->wseal, key)) < 0 ||
	    (r = sealer_new(&ls->rseal, key)) < 0 ||
	    (r = db_open(&ls->writer, path, migrations,
	    sizeof(migrations) / sizeof(migrations[0]))) < 0 ||
	    (r = db_open_reader(&ls->reader, path)) < 0)
		goto out;
	r = committer_new(&ls->committer, base, ls->writer);
out:
	if (key != NULL)
		secure_free(key, SEAL_KEY);
	if (r < 0)
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
	db_close(&ls->reader);
	db_close(&ls->writer);
	sealer_free(&ls->wseal);
	sealer_free(&ls->rseal);
	free(ls);
	*lsp = NULL;
}
