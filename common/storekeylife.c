/* storekeylife.c - a store in use: seals are set aside, logs cleaned. */
#include "storekeyimpl.h"

#include "err.h"
#include "ident.h"
#include "log.h"

#define TICK_MS		100
#define RENEW_MS	60000	/* after one that failed */
#define CLEAN_TICKS	20

static int
run_reserve(struct db *db, void *arg)
{
	struct storekey	*k = arg;

	return db_run(db, "UPDATE store_key SET seals = max(seals, ?)"
	    " WHERE id = ?", "uu", k->reserve.seals, k->reserve.id);
}

static void
reserved(void *arg, int result)
{
	struct storekey	*k = arg;

	(void)result;		/* the next one says as much, and more */
	k->reserve.busy = false;
}

/* Far ahead of what can be sealed until the next tick. */
static void
reserve(struct storekey *k)
{
	uint64_t	made = sealer_seals(k->writer);

	if (made < k->counted)
		k->counted = 0;		/* they are a new key's */
	if (k->reserve.busy || made - k->counted < STOREKEY_STEP / 2)
		return;
	k->counted += STOREKEY_STEP / 2;
	k->reserved += STOREKEY_STEP / 2;
	k->reserve.id = k->id;
	k->reserve.seals = k->reserved;
	k->reserve.busy = true;
	committer_add(k->committer, run_reserve, reserved, k);
}

static uint64_t
truncated(struct storekey *k)
{
	struct committer_figures	f;

	committer_figures(k->committer, &f);
	return f.truncated;
}

/* What was overwritten may still be in the log. */
static void
clean(struct storekey *k)
{
	if (!k->unclean)
		return;
	if (truncated(k) != k->truncated)
		k->unclean = false;
	else if (++k->ticks % CLEAN_TICKS == 0)
		committer_checkpoint(k->committer);
}

/* Without one the store goes on; the other key's seals have a long way yet. */
static void
renew(struct storekey *k)
{
	int	r;

	if (k->reserved < STOREKEY_MOST || k->before != 0 || k->pending ||
	    mono_ms() < k->renew)
		return;
	if ((r = storekey_rotate(k)) == 0)
		return;
	k->renew = mono_ms() + RENEW_MS;
	log_warn("the store needs a new data key and gets none; tried each "
	    "minute", "store=%s reason=%s remedy=\"see that the disk has room"
	    " and, if the node key is in a token, that the token is there\"",
	    log_quote(db_path(k->db)), log_quote(err_text(r)));
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct storekey	*k = arg;

	(void)fd, (void)what;
	renew(k);
	reserve(k);
	clean(k);
}

void
storekey_clean(struct storekey *k)
{
	k->unclean = true;
	k->truncated = truncated(k);
	committer_checkpoint(k->committer);
}

int
storekey_start(struct storekey *k, struct event_base *base,
    struct committer *c)
{
	const struct timeval	every = { 0, TICK_MS * 1000 };

	k->committer = c;
	k->tick = event_new(base, -1, EV_PERSIST, on_tick, k);
	k->step = evtimer_new(base, storekeywalk_step, k);
	if (k->tick == NULL || k->step == NULL ||
	    event_add(k->tick, &every) < 0)
		return -E_NO_MEMORY;
	storekeywalk_begin(k);
	return 0;
}

void
storekey_stop(struct storekey *k)
{
	if (k->tick != NULL)
		event_free(k->tick);
	if (k->step != NULL)
		event_free(k->step);
	k->tick = k->step = NULL;
}
