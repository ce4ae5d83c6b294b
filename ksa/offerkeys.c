/* offerkeys.c - keys of a session on their way to the application. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "frame.h"
#include "ksa/bindcache.h"
#include "ksa/deliver.h"
#include "ksa/enc.h"
#include "ksa/offerint.h"
#include "ksa/party.h"
#include "ksa/record.h"

#define TOO_LARGE	"the keys do not fit into one message"

/* Each key once; the notifier has checked that they are of these. */
static bool
all_confirmed(struct offer *o, const uint8_t (*ids)[16], uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < o->notice.keys; k++)
			if (!o->confirmed[k] &&
			    memcmp(ids[i], o->ids[k], KEYID_OCTETS) == 0) {
				o->confirmed[k] = 1;
				o->nconfirmed++;
			}
	return o->nconfirmed == o->notice.keys;
}

/* ---- bringing ---- */

bool
offerkeys_try(struct notice *n)
{
	struct offer	*o = (struct offer *)n;
	int		 r = sessions_notify(o->all, n);

	if (r == -E_TOO_LARGE)
		offerend_void(o, SUPPLY_TOO_LARGE, TOO_LARGE);
	else if (r == -E_NO_MEMORY)
		offerend_void(o, SUPPLY_UNAVAILABLE, err_text(r));
	else if (r < 0)
		return false;
	else
		party_leave_line(o->session, n);
	return true;
}

/* Behind what its KM brings already. */
static void
bring(struct offer *o)
{
	party_wait(o->session, &o->notice);
	party_present(o->all, o->notice.destination);
}

bool
offerkeys_answered(struct notice *n, bool success, const char *response,
    const uint8_t (*ids)[16], uint32_t nids)
{
	/* model: session answered */
	struct offer	*o = (struct offer *)n;
	struct sessions	*a = o->all;
	char		 words[OFFER_WORDS];
	sae_id		 application;

	if (success && !all_confirmed(o, ids, nids))
		return false;
	/* It may have room for one more then. */
	strcpy(application, n->destination);
	if (success)
		offerend_settle(o);
	else {
		snprintf(words, sizeof(words),
		    "the application answered %.150s", response);
		offerend_void(o, SUPPLY_REJECTED, words);
	}
	party_present(a, application);
	return true;
}

/* The same keys to the same application again: as with a fetch. */
void
offerkeys_lost(struct notice *n)
{
	struct offer	*o = (struct offer *)n;

	memset(o->confirmed, 0, o->notice.keys);
	o->nconfirmed = 0;
	if (o->all->env->conf->redelivery == 0)
		offerend_void(o, SUPPLY_UNAVAILABLE, "the connection of the "
		    "destination application was lost");
	else
		bring(o);
}

/* ---- delivering ---- */

static int
deliver_run(struct db *db, void *arg)
{
	struct offer	*o = arg;
	struct side	*s = keystore_writer(o->all->env->store);
	struct audit_row row = { .event = AUDIT_DELIVERED,
	    .application = o->notice.destination, .request = o->key.request,
	    .last = o->notice.keys - 1, .count = o->notice.keys,
	    .octets = o->notice.octets };
	int		 r;

	(void)db;
	if ((r = bindings_fetch(s, o->key.peer, o->delivery, o->now)) < 0 ||
	    (r = record(s, o->key.peer, &row)) < 0)
		return r;
	return consume_run(&o->use, s);
}

static void
deliver_done(void *arg, int r)
{
	/* model: session delivered */
	struct offer	*o = arg;

	bindcache_drop(o->all->env->bindings, o->key.peer, o->key.request);
	if (r < 0) {
		offerend_void(o, SUPPLY_UNAVAILABLE, r == -E_GONE ?
		    "the keys are void" : err_text(r));
		return;
	}
	consume_done(&o->use, o->peer);
	if (o->is_void || o->all->env->stopping) {
		offerend_void(o, SUPPLY_UNAVAILABLE, o->is_void ?
		    "the source made them void" : "stopping");
		return;
	}
	o->stage = OFFER_BRINGING;
	bring(o);
}

/* What the disk shall say: all of it was given to the one slave. */
static int
make_delivery(struct offer *o, const struct binding *b)
{
	struct binding	*d = binding_new("", "");

	if ((o->delivery = d) == NULL)
		return -E_NO_MEMORY;
	d->request = b->request;
	d->nslaves = 1;
	d->keys = b->keys;
	d->made = b->made;
	if (binding_need_fetched(d) < 0)
		return -E_NO_MEMORY;
	o->now = now_ms();
	for (uint32_t i = 0; i < d->keys; i++)
		*binding_fetched(d, 0, i) = binding_stamp(d, o->now);
	return 0;
}

static int
read_keys(struct offer *o, const struct binding *b)
{
	struct env	*env = o->all->env;

	if ((o->keys = secret_new(binding_size(b))) == NULL) {
		enc_forget(env);
		o->keys = secret_new(binding_size(b));
	}
	return o->keys == NULL ? -E_NO_MEMORY : deliver_read(env, o->peer, b,
	    0, binding_size(b), o->keys->bytes);
}

static int
load(struct offer *o, const struct binding *b)
{
	int	r;

	o->ids = calloc(b->keys, sizeof(*o->ids));
	o->confirmed = calloc(b->keys, 1);
	if (o->ids == NULL || o->confirmed == NULL)
		return -E_NO_MEMORY;
	o->notice.keys = b->keys;
	o->notice.octets = b->octets;
	if ((r = keyid_make(o->ids, b->keys, b->request, b->seed)) < 0 ||
	    (r = make_delivery(o, b)) < 0 || (r = read_keys(o, b)) < 0)
		return r;
	o->notice.ids = (const uint8_t (*)[16])o->ids;
	o->notice.bytes = o->keys->bytes;
	return 0;
}

/* It says that it is of the session: does the rest agree? */
static bool
belongs(const struct offer *o, const struct binding *b)
{
	const struct session_row	*row = &o->session->row;

	return strcmp(b->master, row->source) == 0 && b->nslaves == 1 &&
	    strcmp(b->slaves, row->destination) == 0;
}

/* SUPPLY_OK, or why they are not brought. */
static enum supply_status
check(struct offer *o, const struct binding *b, const char **why)
{
	*why = "these keys are not of that session";
	if (!b->in_session || memcmp(b->session, o->notice.session,
	    SESSION_ID) != 0 || !belongs(o, b))
		return SUPPLY_BAD_REQUEST;
	*why = "the keys are void";
	if (b->state != BINDING_OFFERED)
		return SUPPLY_UNAVAILABLE;
	*why = TOO_LARGE;
	if (binding_size(b) > FRAME_PAYLOAD_MAX)
		return SUPPLY_TOO_LARGE;
	*why = "the destination application is not connected";
	if (!sessions_present(o->all, o->session->row.destination))
		return SUPPLY_UNAVAILABLE;
	*why = "too many keys wait to be confirmed (locked_memory)";
	if (!hold_take(o->all, o->peer, HOLD_OFFERS, binding_size(b)))
		return SUPPLY_UNAVAILABLE;
	o->held = binding_size(b);
	return SUPPLY_OK;
}

void
offerkeys_deliver(struct offer *o)
{
	/* model: session deliver */
	struct env	*env = o->all->env;
	struct binding	*b = bindcache_get(env->bindings,
			    keystore_reader(env->store), o->key.peer,
			    o->key.request);
	enum supply_status status;
	const char	*why;
	int		 r;

	if (b == NULL)
		return;
	o->stage = OFFER_COMPARING;
	if (!o->peer->self && !o->peer->trusted)
		return;
	if (!sessions_present(o->all, o->notice.destination) &&
	    sessions_may_arrive(o->all, o->deadline))
		return;
	if ((status = check(o, b, &why)) != SUPPLY_OK)
		offerend_void(o, status, why);
	else if ((r = load(o, b)) < 0)
		offerend_void(o, SUPPLY_UNAVAILABLE, err_text(r));
	else {
		o->stage = OFFER_DELIVERING;
		consume_begin(&o->use, o->peer);
		env_add(env, deliver_run, deliver_done, o);
	}
}
