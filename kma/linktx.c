/* linktx.c - transactions on link keys, see linkstore.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "err.h"
#include "kma/linkaudit.h"
#include "kma/linkrow.h"

enum kind { PUT, LAST, AGREE, MOVE, SPEND, DROP, DROP_AGREED, DROP_OLDER, MARK, SEEN,
	CONTROL, INBOUND, INBOUND_TAKE, INBOUND_OLDER, ROUTE, ROUTE_CLEAR,
	PART, PARTS_TAKE, PARTS_DROP };

struct change {
	enum kind		 kind;
	uint32_t		 link;
	uint64_t		 n;
	uint32_t		 part;	/* or how many, or paths */
	km_id			 source;
	struct secret		*bytes;
	char			*text;
	STAILQ_ENTRY(change)	 next;
};

struct linktx {
	struct linkstore	*ls;
	STAILQ_HEAD(, change)	 changes;
	struct linkaudit	 audit;
	km_id			 source, destination;	/* "": none */
	linktx_done		*done;
	void			*arg;
	int			 failed;	/* while it was put together */
};

static int
seal_row(struct linkstore *ls, const struct rowname *name,
    const struct secret *in, uint8_t **out)
{
	if ((*out = malloc(in->len + SEAL_OVERHEAD)) == NULL)
		return -E_NO_MEMORY;
	return seal(ls->wseal, *out, in->bytes, in->len, name->text,
	    name->len);
}

/* ---- changes, on the committer's thread ---- */

static int
run_put(struct linktx *tx, struct db *db, struct change *c)
{
	struct rowname	 name = linkrow_name("link_block", "",
			    (uint64_t)ROW(c->link, c->n));
	uint8_t		*sealed = NULL;
	int		 r;

	if ((r = seal_row(tx->ls, &name, c->bytes, &sealed)) < 0)
		goto out;
	r = db_run(db, "INSERT INTO link_block VALUES (?, 0, ?, ?, ?)",
	    "iuub", ROW(c->link, c->n), now_ms(), (uint64_t)c->bytes->len,
	    sealed, c->bytes->len + SEAL_OVERHEAD);
	if (r >= 0)
		r = linkaudit_index(&tx->audit, AUDIT_RECEIVED, c->link,
		    c->n, c->bytes->len);
out:
	free(sealed);
	return r;
}

static int
run_inbound(struct linktx *tx, struct db *db, struct change *c)
{
	struct rowname	 name = linkrow_name("inbound", c->source, c->n);
	uint8_t		*sealed = NULL;
	int		 r;

	if ((r = seal_row(tx->ls, &name, c->bytes, &sealed)) < 0)
		goto out;
	r = db_run(db, "INSERT INTO inbound (source, block, made, octets,"
	    " sealed, paths) VALUES (?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT DO NOTHING", "suuubi", c->source, c->n, now_ms(),
	    (uint64_t)c->bytes->len, sealed, c->bytes->len + SEAL_OVERHEAD,
	    (int64_t)c->part);
	if (r == 0)
		r = -E_EXISTS;
	if (r > 0)
		r = linkaudit_block(&tx->audit, AUDIT_ARRIVED, c->source,
		    c->n, c->bytes->len, NULL);
out:
	free(sealed);
	return r;
}

static int
run_part(struct linktx *tx, struct db *db, struct change *c)
{
	struct rowname	 name = linkrow_part(c->source, c->n, c->part);
	char		 part[24];
	uint8_t		*sealed = NULL;
	int		 r;

	if ((r = seal_row(tx->ls, &name, c->bytes, &sealed)) < 0)
		goto out;
	r = db_run(db, "INSERT INTO part (source, block, part, made, sealed)"
	    " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", "suiub",
	    c->source, c->n, (int64_t)c->part, now_ms(), sealed,
	    c->bytes->len + SEAL_OVERHEAD);
	if (r == 0)
		r = -E_EXISTS;
	snprintf(part, sizeof(part), "part %u", c->part);
	if (r > 0)
		r = linkaudit_block(&tx->audit, AUDIT_ARRIVED, c->source,
		    c->n, c->bytes->len, part);
out:
	free(sealed);
	return r;
}

/* What the block itself, made of them, says is not said of each. */
static int
run_parts_take(struct db *db, struct change *c)
{
	int	r = db_run(db, "DELETE FROM part WHERE source = ?"
		    " AND block = ?", "su", c->source, c->n);

	return r < 0 || (uint32_t)r == c->part ? r : -E_SPENT;
}

static int
run_parts_drop(struct linktx *tx, struct db *db, struct change *c)
{
	bool	all = c->source[0] == '\0';

	return linkaudit_blocks_deleted(&tx->audit, AUDIT_VOID, all ?
	    db_bind(db, "DELETE FROM part"
	    " RETURNING source, block, 0", "") :
	    db_bind(db, "DELETE FROM part WHERE source = ? AND block = ?"
	    " RETURNING source, block, 0", "su", c->source, c->n),
	    "parts of a block that is not whole");
}

static int
run_control(struct linktx *tx, struct db *db, struct change *c)
{
	struct rowname	 name = linkrow_name("control", "", c->link);
	uint8_t		*sealed = NULL;
	int		 r;

	if ((r = seal_row(tx->ls, &name, c->bytes, &sealed)) < 0)
		goto out;
	r = db_run(db, "UPDATE qkd_link SET control = ?, control_key = ?"
	    " WHERE id = ?", "ubu", c->n, sealed,
	    c->bytes->len + SEAL_OVERHEAD, (uint64_t)c->link);
	if (r >= 0)
		r = linkaudit_index(&tx->audit, AUDIT_CONTROL, c->link, c->n,
		    0);
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

/* A row of a block was changed, or none: then there is nothing to tell. */
static int
told(struct linktx *tx, enum audit_event event, const struct change *c,
    int changed)
{
	return changed <= 0 ? changed :
	    linkaudit_index(&tx->audit, event, c->link, c->n, 0);
}

static int
run_block(struct linktx *tx, struct db *db, struct change *c)
{
	int64_t	row = ROW(c->link, c->n);

	switch (c->kind) {
	case AGREE:
		return told(tx, AUDIT_AGREED, c, db_run(db,
		    "UPDATE link_block SET state = 1"
		    " WHERE key = ? AND state = 0", "i", row));
	case MOVE:
		return told(tx, AUDIT_MOVED, c, must_change(db_run(db,
		    "UPDATE link_block SET state = 2"
		    " WHERE key = ? AND state = 1", "i", row)));
	case SPEND:
		return told(tx, AUDIT_SPENT, c, must_change(db_run(db,
		    "DELETE FROM link_block WHERE key = ?", "i", row)));
	default:
		return told(tx, AUDIT_VOID, c, db_run(db,
		    "DELETE FROM link_block WHERE key = ?", "i", row));
	}
}

static int
run_range(struct linktx *tx, struct db *db, struct change *c)
{
	int64_t	from = ROW(c->link, 0), to = ROW(c->link + 1, 0);

	if (c->kind == DROP_OLDER)
		return linkaudit_deleted(&tx->audit, AUDIT_EXPIRED, c->link,
		    db_bind(db, "DELETE FROM link_block WHERE made < ?"
		    " AND key >= ? AND key < ? RETURNING key", "uii", c->n,
		    from, to));
	return linkaudit_deleted(&tx->audit, AUDIT_VOID, c->link, db_bind(db,
	    "DELETE FROM link_block WHERE state > 0"
	    " AND key >= ? AND key < ? RETURNING key", "ii", from, to));
}

static int
run_inbound_take(struct linktx *tx, struct db *db, struct change *c)
{
	int	r = must_change(db_run(db, "DELETE FROM inbound"
		    " WHERE source = ? AND block = ?", "su", c->source, c->n));

	return r < 0 ? r : linkaudit_block(&tx->audit, AUDIT_GIVEN, c->source,
	    c->n, 0, NULL);
}

static int
run_change(struct linktx *tx, struct db *db, struct change *c)
{
	uint64_t	link = c->link;

	switch (c->kind) {
	case PUT:
		return run_put(tx, db, c);
	case LAST:
		return db_run(db, "UPDATE qkd_link SET last = max(last, ?)"
		    " WHERE id = ?", "uu", c->n, link);
	case AGREE:
	case MOVE:
	case SPEND:
	case DROP:
		return run_block(tx, db, c);
	case DROP_AGREED:
	case DROP_OLDER:
		return run_range(tx, db, c);
	case MARK:
		return db_run(db, "UPDATE qkd_link SET mark = max(mark, ?)"
		    " WHERE id = ?", "uu", c->n, link);
	case SEEN:
		return db_run(db, "UPDATE qkd_link SET seen = max(seen, ?)"
		    " WHERE id = ?", "uu", c->n, link);
	case CONTROL:
		return run_control(tx, db, c);
	case INBOUND:
		return run_inbound(tx, db, c);
	case INBOUND_TAKE:
		return run_inbound_take(tx, db, c);
	case INBOUND_OLDER:
		return linkaudit_blocks_deleted(&tx->audit, AUDIT_EXPIRED,
		    db_bind(db, "DELETE FROM inbound WHERE made < ?"
		    " RETURNING source, block, octets", "u", c->n),
		    tx->audit.why);
	case ROUTE:
		return db_run(db, "INSERT OR REPLACE INTO route VALUES"
		    " (?, ?, ?)", "ssu", c->source, c->text, c->n);
	case ROUTE_CLEAR:
		return db_run(db, "DELETE FROM route WHERE destination = ?",
		    "s", c->source);
	case PART:
		return run_part(tx, db, c);
	case PARTS_TAKE:
		return run_parts_take(db, c);
	case PARTS_DROP:
		return run_parts_drop(tx, db, c);
	}
	return -E_RANGE;
}

static int
run_tx(struct db *db, void *job)
{
	struct linktx	*tx = job;
	struct change	*c;
	int		 r = tx->failed;

	tx->audit.audit = tx->ls->audit;
	tx->audit.db = db;
	tx->audit.open = false;
	STAILQ_FOREACH(c, &tx->changes, next) {
		if (r < 0)
			break;
		r = run_change(tx, db, c);
	}
	if (r >= 0)
		r = linkaudit_end(&tx->audit);
	return r < 0 ? r : 0;
}

static void
tx_free(struct linktx *tx)
{
	struct change	*c;

	while ((c = STAILQ_FIRST(&tx->changes)) != NULL) {
		STAILQ_REMOVE_HEAD(&tx->changes, next);
		secret_free(&c->bytes);
		free(c->text);
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
linktx_move(struct linktx *tx, uint32_t link, uint64_t idx)
{
	add(tx, MOVE, link, idx);
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

/* Of a pool block, or of its parts. */
static struct change *
add_named(struct linktx *tx, enum kind kind, const char *source,
    uint64_t block, uint32_t part)
{
	struct change	*c = add(tx, kind, 0, block);

	memcpy(c->source, source, strlen(source) + 1);
	c->part = part;
	return c;
}

void
linktx_inbound(struct linktx *tx, const char *source, uint64_t block,
    uint32_t paths, const uint8_t *p, size_t octets)
{
	add_bytes(tx, add_named(tx, INBOUND, source, block, paths), p,
	    octets);
}

void
linktx_inbound_take(struct linktx *tx, const char *source, uint64_t block)
{
	add_named(tx, INBOUND_TAKE, source, block, 0);
}

void
linktx_part(struct linktx *tx, const char *source, uint64_t block,
    uint32_t part, const uint8_t *p, size_t octets)
{
	add_bytes(tx, add_named(tx, PART, source, block, part), p, octets);
}

void
linktx_parts_take(struct linktx *tx, const char *source, uint64_t block,
    uint32_t parts)
{
	add_named(tx, PARTS_TAKE, source, block, parts);
}

void
linktx_parts_drop(struct linktx *tx, const char *source, uint64_t block)
{
	add_named(tx, PARTS_DROP, source, block, 0);
}

void
linktx_inbound_drop_older(struct linktx *tx, uint64_t made_ms)
{
	add(tx, INBOUND_OLDER, 0, made_ms);
}

void
linktx_route(struct linktx *tx, const char *destination, const char *route,
    uint64_t made_ms)
{
	struct change	*c = add(tx, route != NULL ? ROUTE : ROUTE_CLEAR, 0,
			    made_ms);

	memcpy(c->source, destination, strlen(destination) + 1);
	if (route != NULL && (c->text = strdup(route)) == NULL)
		tx->failed = -E_NO_MEMORY;
}

void
linktx_relays(struct linktx *tx, const char *source, const char *destination,
    uint64_t block)
{
	memcpy(tx->source, source, strlen(source) + 1);
	memcpy(tx->destination, destination, strlen(destination) + 1);
	tx->audit.source = tx->source;
	tx->audit.destination = tx->destination;
	tx->audit.block = block;
}

void
linktx_because(struct linktx *tx, const char *why)
{
	tx->audit.why = why;
}

void
linktx_cancel(struct linktx *tx)
{
	tx_free(tx);
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
