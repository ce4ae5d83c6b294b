/* storekeychange.c - a new data key, a new node key, of a store in use. */
#include "storekeyimpl.h"

#include <stdlib.h>
#include <unistd.h>

#include "err.h"
#include "ident.h"
#include "log.h"
#include "secret.h"

/* A job, while the loop waits for it. */
struct change {
	struct storekey	*k;
	struct kek	*kek;		/* the one handed over */
	uint8_t		*key;		/* locked */
	int		 which;		/* settle: what it opens */
};

/* ---- data key ---- */

/* No key is put beside others that the node key does not open. */
static int
run_add(struct db *db, void *arg)
{
	struct change		*c = arg;
	struct storekey		*k = c->k;
	struct storekey_row	 rows[2];
	uint8_t			*now = secure_calloc(SEAL_KEY);
	int			 r = -E_NO_MEMORY;

	/* One whose commit seemed to fail has sealed nothing. */
	if (now != NULL && (r = db_run(db, "DELETE FROM store_key"
	    " WHERE id > ?", "u", k->id)) >= 0 &&
	    (r = storekey_rows(db, rows)) == 1) {
		r = storekey_open_row(k, k->conf.kek, &rows[0], now);
		r = r < 0 ? r : r == 1 || rows[0].there[1] ? -E_BUSY :
		    storekey_add(k, db, k->id + 1, STOREKEY_STEP, c->key);
	} else if (r >= 0)
		r = -E_BUSY;
	secure_free(now, SEAL_KEY);
	return r;
}

/*
 * The reader first: it must open whatever the writer seals. That one turns
 * when the walk begins, whatever became of other jobs before.
 */
static void
turn(struct storekey *k)
{
	sealer_turn(k->reader);
	k->before = k->id++;
	k->made = now_ms();
	k->reserved = STOREKEY_STEP;
	storekeywalk_begin(k);
}

int
storekey_rotate(struct storekey *k)
{
	struct change	c = { .k = k, .key = secure_calloc(SEAL_KEY) };
	int		r = -E_NO_MEMORY;

	if (k->before != 0 || k->pending)
		r = -E_BUSY;
	else if (c.key != NULL && (r = storekey_draw(c.key)) == 0 &&
	    (r = sealer_prepare(k->writer, c.key)) == 0 &&
	    (r = sealer_prepare(k->reader, c.key)) == 0 &&
	    (r = committer_sync(k->committer, run_add, &c)) == 0)
		turn(k);
	secure_free(c.key, SEAL_KEY);
	return r;
}

/* ---- node key ---- */

static int
run_offer(struct db *db, void *arg)
{
	struct change		*c = arg;
	struct storekey_row	 rows[2];
	int			 n = storekey_rows(db, rows), r = n;

	for (int i = 0; r >= 0 && i < n; i++)
		if ((r = storekey_open_row(c->k, c->k->conf.kek, &rows[i],
		    c->key)) >= 0)
			r = r == 1 || rows[i].there[1] ? -E_BUSY :
			    storekey_wrap_next(c->k, db, c->kek, &rows[i],
			    c->key);
	return r < 0 ? r : 0;
}

/* The key of the file, which goes. */
static int
take(struct change *c, struct storekey *k, const char *path)
{
	*c = (struct change){ .k = k, .kek = kek_new(path),
	    .key = secure_calloc(SEAL_KEY) };
	if (unlink(path) < 0)
		log_warn("a key that was handed over stays as a file",
		    "path=%s", log_quote(path));
	return c->kek == NULL ? -E_CONFIG : c->key == NULL ? -E_NO_MEMORY :
	    0;
}

static void
put_away(struct change *c)
{
	kek_free(&c->kek);
	secure_free(c->key, SEAL_KEY);
}

int
storekey_offer(struct storekey *k, const char *path)
{
	struct change	c;
	int		r;

	if ((r = take(&c, k, path)) == 0)
		r = k->pending ? -E_BUSY :
		    committer_sync(k->committer, run_offer, &c);
	if (r == 0)
		k->pending = true;
	put_away(&c);
	return r;
}

static int
run_settle(struct db *db, void *arg)
{
	struct change		*c = arg;
	struct storekey_row	 rows[2];
	int			 n = storekey_rows(db, rows), r = n;

	for (int i = 0; r >= 0 && i < n; i++)
		r = c->which = storekey_open_row(c->k, c->kek, &rows[i],
		    c->key);
	if (r < 0)
		return r;
	return db_run(db, c->which == 1 ? "UPDATE store_key"
	    " SET wrapped = wrapped_next, wrapped_next = NULL" :
	    "UPDATE store_key SET wrapped_next = NULL", "");
}

int
storekey_settle(struct storekey *k, const char *path)
{
	struct change	c;
	struct kek	*before = k->conf.kek;
	int		r;

	if ((r = take(&c, k, path)) == 0 &&
	    (r = committer_sync(k->committer, run_settle, &c)) == 0) {
		k->pending = false;
		if (c.which == 1) {
			kek_forget(c.kek);
			k->conf.kek = c.kek;
			c.kek = before;
			log_notice("the store has a new node key; the one "
			    "before opens nothing", "store=%s",
			    log_quote(db_path(k->db)));
		}
		storekey_clean(k);
	}
	put_away(&c);
	return r;
}
