/*
 * storekeywalk.c - what the data key before has sealed is sealed again, a
 * few rows in a transaction, with pauses; then that key goes. Rows that are
 * written meanwhile are under the new key: a walk once through each table
 * finds all others, in whatever order they come and go.
 */
#include "storekeyimpl.h"

#include <string.h>

#include "err.h"
#include "ident.h"
#include "log.h"
#include "secret.h"

#define BATCH_ROWS	128
#define BATCH_OCTETS	(256 * 1024)
#define PAUSE_MIN_MS	5
#define PAUSE_TIMES	3	/* at most a quarter of the time */
#define RETRY_MS	1000

/* ---- on the committer's thread ---- */

/* One row: 1, 0 at the end of the table; `octets` of it are added. */
static int
row(struct storekey *k, struct db *db, const struct storekey_table *t,
    size_t *octets)
{
	struct storekey_walk	*w = &k->walk;
	sqlite3_stmt		*st = db_bind(db, t->next, "ii", w->at_a,
				    w->at_b);
	uint8_t			 aad[STOREKEY_AAD_MAX];
	struct secret		*clear, *sealed;
	size_t			 aadlen, len;
	int			 r;

	if ((r = db_step(db, st)) != SQLITE_ROW)
		return r < 0 ? r : 0;
	w->at_a = sqlite3_column_int64(st, 0);
	w->at_b = sqlite3_column_int64(st, 1);
	len = (size_t)sqlite3_column_bytes(st, 2);
	aadlen = t->aad(aad, st);
	sealed = secret_copy(sqlite3_column_blob(st, 2), len);
	clear = secret_new(len);
	sqlite3_reset(st);
	*octets += len;
	w->at_rows++;
	r = sealed == NULL || clear == NULL ? -E_NO_MEMORY :
	    reseal(k->writer, clear->bytes, sealed->bytes, len, aad, aadlen);
	if (r == 1)
		r = db_run(db, t->set, "bii", sealed->bytes, len, w->at_a,
		    w->at_b);
	secret_free(&clear);
	secret_free(&sealed);
	if (r == -E_SEAL)	/* damaged: nobody can read it any more */
		w->at_bad++;
	return r < 0 && r != -E_SEAL ? r : 1;
}

/* May run again, from the same row. */
static int
run_batch(struct db *db, void *arg)
{
	struct storekey			*k = arg;
	struct storekey_walk		*w = &k->walk;
	const struct storekey_table	*t = &k->conf.tables[w->table];
	size_t				 octets = 0;
	int				 r = 1;

	sealer_turn(k->writer);		/* the first: what is new is by it */
	w->at_a = w->a;
	w->at_b = w->b;
	w->at_rows = w->at_bad = 0;
	while (r == 1 && w->at_rows < BATCH_ROWS && octets < BATCH_OCTETS)
		r = row(k, db, t, &octets);
	w->at_end = r == 0;
	return r < 0 ? r : 0;
}

static int
run_end(struct db *db, void *arg)
{
	struct storekey	*k = arg;

	sealer_turn(k->writer);		/* if there are no tables */
	sealer_forget(k->writer);
	return db_run(db, "DELETE FROM store_key WHERE id < ?", "u", k->id);
}

/* ---- on the loop ---- */

static void
later(struct storekey *k, uint64_t ms)
{
	const struct timeval	tv = { (time_t)(ms / 1000),
				    (suseconds_t)(ms % 1000 * 1000) };

	if (k->step != NULL)
		event_add(k->step, &tv);
}

static bool
failed(struct storekey *k, int result)
{
	struct storekey_walk	*w = &k->walk;

	w->busy = false;
	if (result >= 0) {
		w->logged = false;
		return false;
	}
	if (!w->logged)
		log_warn("the store cannot be sealed again; tried until it "
		    "can", "store=%s reason=%s", log_quote(db_path(k->db)),
		    log_quote(err_text(result)));
	w->logged = true;
	later(k, RETRY_MS);
	return true;
}

static void
ended(void *arg, int result)
{
	struct storekey	*k = arg;

	if (failed(k, result))
		return;
	sealer_forget(k->reader);
	k->before = 0;
	storekey_clean(k);
	log_notice("the store is sealed by its new key; the one before is "
	    "destroyed", "store=%s key=%llu rows=%llu unreadable=%llu",
	    log_quote(db_path(k->db)), (unsigned long long)k->id,
	    (unsigned long long)k->walk.rows,
	    (unsigned long long)k->walk.bad);
}

static void
sealed(void *arg, int result)
{
	struct storekey		*k = arg;
	struct storekey_walk	*w = &k->walk;
	uint64_t		 took;

	if (failed(k, result))
		return;
	w->rows += w->at_rows;
	w->bad += w->at_bad;
	w->a = w->at_a;
	w->b = w->at_b;
	if (w->at_end) {
		w->table++;
		w->a = w->b = -1;
	}
	took = (mono_ms() - w->began) * PAUSE_TIMES;
	later(k, took > PAUSE_MIN_MS ? took : PAUSE_MIN_MS);
}

void
storekeywalk_step(evutil_socket_t fd, short what, void *arg)
{
	struct storekey	*k = arg;
	bool		 end = k->conf.tables[k->walk.table].next == NULL;

	(void)fd, (void)what;
	if (k->walk.busy || k->before == 0)
		return;
	k->walk.busy = true;
	k->walk.began = mono_ms();
	committer_add(k->committer, end ? run_end : run_batch,
	    end ? ended : sealed, k);
}

void
storekeywalk_begin(struct storekey *k)
{
	if (k->before == 0)
		return;
	k->walk = (struct storekey_walk){ .a = -1, .b = -1 };
	log_notice("the store is sealed again", "store=%s key=%llu",
	    log_quote(db_path(k->db)), (unsigned long long)k->id);
	later(k, PAUSE_MIN_MS);
}
