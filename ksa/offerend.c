/* offerend.c - how an offer ends: confirmed or void, on disk, and the source
 * hears of it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "err.h"
#include "ksa/bindcache.h"
#include "ksa/offerint.h"
#include "ksa/party.h"
#include "ksa/sessionwire.h"
#include "log.h"
#include "quiet.h"

static void
offer_free(struct offer *o)
{
	struct sessions	*a = o->all;

	sessions_hush(a, &o->notice);
	if (o->session != NULL)
		party_leave_line(o->session, &o->notice);
	HASH_DEL(a->bound, o);
	TAILQ_REMOVE(&a->offers, o, next);
	a->noffers--;
	o->peer->offers--;
	if (o->session != NULL) {
		o->session->busy--;
		o->session->offers--;
		o->session->used = mono_ms();
	}
	if (o->held > 0)
		hold_give(a, o->peer, HOLD_OFFERS, o->held);
	secret_free(&o->keys);
	binding_free(&o->delivery);
	free(o->ids);
	free(o->confirmed);
	free(o);
}

/* The source hears how it ended; it may be the other half of this node. */
static void
end(struct offer *o, enum supply_status status, const char *words)
{
	struct wire_keys	 k = { o->notice.session, o->key.request,
				    (const uint8_t (*)[16])o->ids,
				    o->notice.keys, o->notice.octets };
	char			 copy[OFFER_WORDS];

	snprintf(copy, sizeof(copy), "%s", words);
	(void)sessionwire_taken(o->peer, &k, status, copy);
	offer_free(o);
}

/* ---- void ---- */

static void
log_void(const struct offer *o)
{
	const struct session	*s = o->session;
	uuid_text		 id;

	if (quiet())
		return;
	uuid_print(o->notice.session, id);
	log_notice("session keys not taken", "session=%s source=%s "
	    "destination=%s peer=%s request=%" PRIu64 " keys=%" PRIu32
	    " response=%s reason=%s", id,
	    s == NULL ? "-" : log_quote(s->row.source),
	    s == NULL ? "-" : log_quote(s->row.destination), o->peer->km,
	    o->key.request, o->notice.keys, sessionwire_token(o->status),
	    log_quote(o->words));
}

static int
void_run(struct db *db, void *arg)
{
	struct offer	*o = arg;

	(void)db;
	return bindings_withdraw(keystore_writer(o->all->env->store),
	    o->key.peer, o->key.request, o->notice.session);
}

static void
void_done(void *arg, int r)
{
	struct offer	*o = arg;

	if (r < 0)
		log_err("void keys of a session not written", "peer=%s "
		    "request=%" PRIu64 " error=%s", o->peer->km, o->key.request,
		    err_name(r));
	bindcache_drop(o->all->env->bindings, o->key.peer, o->key.request);
	end(o, o->status, o->words);
}

/* On disk here before the source hears of it; of two applications of this
 * node the source's half sees to it. What is not here is void once it comes,
 * since the source repeats until we say so. */
void
offerend_void(struct offer *o, enum supply_status status, const char *words)
{
	/* model: session offer_void */
	bool	at_once = o->peer->self || o->stage == OFFER_UNBOUND;

	o->stage = OFFER_VOIDING;
	o->status = status;
	snprintf(o->words, sizeof(o->words), "%s", words);
	sessions_hush(o->all, &o->notice);
	if (o->session != NULL)
		party_leave_line(o->session, &o->notice);
	secret_free(&o->keys);
	log_void(o);
	if (at_once)
		end(o, status, o->words);
	else {
		o->all->env->count.session_keys_void += o->notice.keys;
		env_add(o->all->env, void_run, void_done, o);
	}
}

/* ---- confirmed ---- */

static int
settle_run(struct db *db, void *arg)
{
	struct offer	*o = arg;

	(void)db;
	return bindings_settle_received(keystore_writer(o->all->env->store),
	    o->key.peer, o->key.request);
}

static void
settle_done(void *arg, int r)
{
	/* model: session taken */
	struct offer	*o = arg;

	bindcache_drop(o->all->env->bindings, o->key.peer, o->key.request);
	if (r < 0) {
		offerend_void(o, SUPPLY_UNAVAILABLE, r == -E_GONE ?
		    "the source made them void" : err_text(r));
		return;
	}
	o->all->env->count.session_keys += o->notice.keys;
	end(o, SUPPLY_OK, "");
}

void
offerend_settle(struct offer *o)
{
	secret_free(&o->keys);
	o->stage = OFFER_SETTLING;
	if (o->peer->self)
		end(o, SUPPLY_OK, "");
	else
		env_add(o->all->env, settle_run, settle_done, o);
}
