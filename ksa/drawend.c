/* drawend.c - how keys that were offered end: supplied, or void at both
 * ends; on disk before anybody hears of it. */
#include <inttypes.h>
#include <stdio.h>

#include "err.h"
#include "ksa/bindcache.h"
#include "ksa/bindings.h"
#include "ksa/drawint.h"
#include "ksa/recall.h"
#include "ksa/sessionwire.h"
#include "log.h"
#include "quiet.h"

#define AGAIN_MS	1000	/* until a commit that failed is tried again */

/* ---- void ---- */

static void
log_void(const struct draw *d)
{
	const struct session_row	*row = &d->session->row;
	uuid_text			 session, first;

	if (quiet())
		return;
	uuid_print(row->id, session);
	uuid_print(d->ids[0], first);
	log_notice("session keys void", "session=%s source=%s destination=%s "
	    "peer=%s keys=%" PRIu32 " first=%s response=%s reason=%s",
	    session, log_quote(row->source), log_quote(row->destination),
	    d->session->peer->km, d->number, first,
	    sessionwire_token(d->status), log_quote(d->words));
}

static int
void_run(struct db *db, void *arg)
{
	struct draw		*d = arg;
	const struct session	*s = d->session;
	struct side		*w = keystore_writer(d->all->env->store);
	int			 r;

	(void)db;
	r = s->peer->self ? bindings_withdraw(w, d->key.peer, d->key.request,
	    s->row.id) : bindings_recall(w, d->key.peer, d->key.request, true);
	return r == -E_GONE ? 0 : r;	/* the peer was first */
}

/* Who waits is told; the keys are no less void while the disk is full. */
static void
not_written(struct draw *d, int r)
{
	if (d->call.done != NULL && !quiet())
		log_err("void keys of a session not written yet", "peer=%s "
		    "request=%" PRIu64 " error=%s", d->session->peer->km,
		    d->key.request, err_name(r));
	call_fail(&d->call, d->status, "%s", d->words);
	d->stage = DRAW_STUCK;
	d->deadline = mono_ms() + AGAIN_MS;
}

static void
void_done(void *arg, int r)
{
	/* model: session voided */
	struct draw	*d = arg;
	struct env	*env = d->all->env;

	bindcache_drop(env->bindings, d->key.peer, d->key.request);
	if (r < 0 && !env->stopping) {	/* else the next start does it */
		not_written(d, r);
		return;
	}
	recall_one(d->session->peer, d->key.request);
	draw_give_back(d);
	call_fail(&d->call, d->status, "%s", d->words);
	draw_free(d);
}

void
drawend_again(struct draw *d)
{
	d->stage = DRAW_VOIDING;
	env_add(d->all->env, void_run, void_done, d);
}

/*
 * Void at both ends; the answer comes when it is on disk. The peer is told
 * even if the word was its own: the binding may have reached it later.
 */
void
drawend_void(struct draw *d, enum supply_status status, const char *words)
{
	/* model: session void_keys */
	d->status = status;
	snprintf(d->words, sizeof(d->words), "%s", words);
	secret_free(&d->keys);
	d->all->env->count.session_keys_void += d->number;
	log_void(d);
	drawend_again(d);
}

/* ---- supplied ---- */

static int
settle_run(struct db *db, void *arg)
{
	struct draw	*d = arg;
	struct side	*w = keystore_writer(d->all->env->store);

	(void)db;
	return d->session->peer->self ?
	    bindings_settle_received(w, d->key.peer, d->key.request) :
	    bindings_settle_issued(w, d->key.peer, d->key.request);
}

static void
answer(struct draw *d)
{
	struct supply_answer	 a = { .status = SUPPLY_OK };

	a.number = d->number;
	a.octets = d->octets;
	a.ids = (const uint8_t (*)[16])d->ids;
	a.keys = d->keys;
	a.origin = d->told ? &d->origin : NULL;
	a.session = d->session->row.id;
	d->keys = NULL;
	d->all->env->count.session_keys += d->number;
	call_answer(&d->call, &a);
	draw_free(d);
}

static void
settle_done(void *arg, int r)
{
	/* model: session settled */
	struct draw	*d = arg;

	bindcache_drop(d->all->env->bindings, d->key.peer, d->key.request);
	if (r == 0 && !d->gone)
		answer(d);
	else if (r == 0)
		drawend_void(d, SUPPLY_UNAVAILABLE,
		    "the source application has gone");
	else
		drawend_void(d, SUPPLY_UNAVAILABLE, r == -E_GONE ?
		    "the keys are void" : err_text(r));
}

void
drawend_settle(struct draw *d)
{
	d->stage = DRAW_SETTLING;
	env_add(d->all->env, settle_run, settle_done, d);
}
