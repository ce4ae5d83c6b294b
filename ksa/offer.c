/* offer.c - keys of a session, at the destination. */
#include "ksa/offer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/bindcache.h"
#include "ksa/deliver.h"
#include "ksa/enc.h"
#include "ksa/keyid.h"
#include "ksa/sessions.h"
#include "ksa/sessionwire.h"
#include "log.h"
#include "quiet.h"

#define WORDS	256

enum stage {
	UNBOUND,	/* the binding is not on disk yet */
	DELIVERING,	/* the delivery is on its way to disk */
	BRINGING,	/* to the application, or waiting for one to come back */
	SETTLING,	/* confirmed: on the way to disk */
	VOIDING,	/* not confirmed: on the way to disk */
};

struct offer {
	struct notice		 notice;	/* first: casts rely on it */
	struct sessions		*all;
	struct session		*session;	/* NULL: there is none */
	struct peer		*peer;		/* the source's KM */
	uint64_t		 request;
	enum stage		 stage;
	bool			 is_void;	/* the source says so */
	struct secret		*keys;
	uint8_t			(*ids)[KEYID_OCTETS];
	uint8_t			*confirmed;	/* by key, 1: it is */
	uint32_t		 nconfirmed;
	struct binding		*delivery;	/* what goes to disk */
	struct consume		 use;
	uint64_t		 now, deadline;	/* wall, mono; ms */
	enum supply_status	 status;	/* of a failure */
	char			 words[WORDS];
	TAILQ_ENTRY(offer)	 next;
};

static void
offer_free(struct offer *o)
{
	sessions_hush(o->all, &o->notice);
	TAILQ_REMOVE(&o->all->offers, o, next);
	o->all->noffers--;
	if (o->session != NULL) {
		o->session->busy--;
		o->session->used = mono_ms();
	}
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
	struct wire_keys	 k = { o->notice.session, o->request,
				    (const uint8_t (*)[16])o->ids,
				    o->notice.keys, o->notice.octets };
	char			 copy[WORDS];

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
	    o->request, o->notice.keys, sessionwire_token(o->status),
	    log_quote(o->words));
}

static int
void_run(struct db *db, void *arg)
{
	struct offer	*o = arg;

	(void)db;
	return bindings_withdraw(keystore_writer(o->all->env->store),
	    o->peer->id, o->request);
}

static void
void_done(void *arg, int r)
{
	struct offer	*o = arg;

	if (r < 0)
		log_err("void keys of a session not written", "peer=%s "
		    "request=%" PRIu64 " error=%s", o->peer->km, o->request,
		    err_name(r));
	bindcache_drop(o->all->env->bindings, o->peer->id, o->request);
	end(o, o->status, o->words);
}

/* On disk here before the source hears of it; of two applications of this
 * node the source's half sees to it. */
static void
void_keys(struct offer *o, enum supply_status status, const char *words)
{
	o->stage = VOIDING;
	o->status = status;
	snprintf(o->words, sizeof(o->words), "%s", words);
	sessions_hush(o->all, &o->notice);
	secret_free(&o->keys);
	log_void(o);
	if (o->peer->self)
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
	    o->peer->id, o->request);
}

static void
settle_done(void *arg, int r)
{
	struct offer	*o = arg;

	bindcache_drop(o->all->env->bindings, o->peer->id, o->request);
	if (r < 0) {
		void_keys(o, SUPPLY_UNAVAILABLE, r == -E_GONE ?
		    "the source made them void" : err_text(r));
		return;
	}
	o->all->env->count.session_keys += o->notice.keys;
	end(o, SUPPLY_OK, "");
}

static void
settle(struct offer *o)
{
	secret_free(&o->keys);
	o->stage = SETTLING;
	if (o->peer->self)
		end(o, SUPPLY_OK, "");
	else
		env_add(o->all->env, settle_run, settle_done, o);
}

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

/* Who has no room now, or no connection any more, may have one in time. */
static void
bring(struct offer *o)
{
	int	r;

	if (o->notice.guest != NULL)
		return;
	r = sessions_notify(o->all, &o->notice);
	if (r == -E_TOO_LARGE)
		void_keys(o, SUPPLY_TOO_LARGE,
		    "the keys do not fit into one message");
	else if (r == -E_NO_MEMORY)
		void_keys(o, SUPPLY_UNAVAILABLE, err_text(r));
}

/* The application has room for one more. */
static void
bring_next(struct sessions *a, const char *application)
{
	struct offer	*o;

	TAILQ_FOREACH(o, &a->offers, next)
		if (o->stage == BRINGING && o->notice.guest == NULL &&
		    strcmp(o->notice.destination, application) == 0)
			break;
	if (o != NULL)
		bring(o);
}

static bool
on_answered(struct notice *n, bool success, const char *response,
    const uint8_t (*ids)[16], uint32_t nids)
{
	struct offer	*o = (struct offer *)n;
	struct sessions	*a = o->all;
	char		 words[WORDS];
	sae_id		 application;

	if (success && !all_confirmed(o, ids, nids))
		return false;
	strcpy(application, n->destination);
	if (success)
		settle(o);
	else {
		snprintf(words, sizeof(words), "the application answered %.150s",
		    response);
		void_keys(o, SUPPLY_REJECTED, words);
	}
	bring_next(a, application);
	return true;
}

/* The same keys to the same application again: as with a fetch. */
static void
on_lost(struct notice *n)
{
	struct offer	*o = (struct offer *)n;

	memset(o->confirmed, 0, o->notice.keys);
	o->nconfirmed = 0;
	if (o->all->env->conf->redelivery == 0)
		void_keys(o, SUPPLY_UNAVAILABLE, "the connection of the "
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
	int		 r = bindings_fetch(s, o->peer->id, o->delivery,
			    o->now);

	(void)db;
	return r < 0 ? r : consume_run(&o->use, s);
}

static void
deliver_done(void *arg, int r)
{
	struct offer	*o = arg;

	bindcache_drop(o->all->env->bindings, o->peer->id, o->request);
	if (r < 0) {
		void_keys(o, SUPPLY_UNAVAILABLE, r == -E_GONE ?
		    "the keys are void" : err_text(r));
		return;
	}
	consume_done(&o->use, o->peer);
	if (o->is_void) {
		void_keys(o, SUPPLY_UNAVAILABLE, "the source made them void");
		return;
	}
	o->stage = BRINGING;
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

static bool
belongs(const struct offer *o, const struct binding *b)
{
	const struct session_row	*row = &o->session->row;

	return b->in_session &&
	    memcmp(b->session, row->id, SESSION_ID) == 0 &&
	    strcmp(b->master, row->source) == 0 && b->nslaves == 1 &&
	    strcmp(b->slaves, row->destination) == 0;
}

/* As soon as they are bound, and the stores of both ends were compared. */
static void
deliver_keys(struct offer *o)
{
	struct env	*env = o->all->env;
	struct binding	*b = bindcache_get(env->bindings,
			    keystore_reader(env->store), o->peer->id,
			    o->request);
	int		 r;

	if (b == NULL || (!o->peer->self && !o->peer->trusted))
		return;
	if (!belongs(o, b))
		void_keys(o, SUPPLY_BAD_REQUEST,
		    "these keys are not of that session");
	else if (b->state != BINDING_OFFERED)
		void_keys(o, SUPPLY_UNAVAILABLE, "the keys are void");
	else if (!sessions_present(o->all, o->session->row.destination))
		void_keys(o, SUPPLY_UNAVAILABLE,
		    "the destination application is not connected");
	else if ((r = load(o, b)) < 0)
		void_keys(o, SUPPLY_UNAVAILABLE, err_text(r));
	else {
		o->stage = DELIVERING;
		consume_begin(&o->use, o->peer);
		env_add(env, deliver_run, deliver_done, o);
	}
}

/* ---- offers ---- */

static struct offer *
find(struct sessions *a, const struct peer *p, uint64_t request)
{
	struct offer	*o;

	TAILQ_FOREACH(o, &a->offers, next)
		if (o->request == request && o->peer == p)
			return o;
	return NULL;
}

static struct offer *
offer_new(struct sessions *a, struct session *s, struct peer *p,
    uint64_t request)
{
	struct offer	*o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->all = a;
	o->session = s;
	o->peer = p;
	o->request = request;
	o->deadline = mono_ms() +
	    (uint64_t)a->env->conf->session_answer_wait;
	o->notice = (struct notice){ .has_keys = true,
	    .answered = on_answered, .lost = on_lost };
	TAILQ_INSERT_TAIL(&a->offers, o, next);
	a->noffers++;
	if (s != NULL) {
		o->notice.source = s->row.source;
		o->notice.destination = s->row.destination;
		s->busy++;
	}
	return o;
}

/* Whether keys can be brought in that session now. */
static enum supply_status
check(const struct sessions *a, const struct session *s, const char **why)
{
	*why = "there is no such session";
	if (s == NULL || !s->row.destination_here ||
	    s->row.state == SESSION_PROPOSED)
		return SUPPLY_NOT_FOUND;
	*why = "the session has ended";
	if (s->row.state == SESSION_ENDED)
		return SUPPLY_EXPIRED;
	*why = a->env->stopping ? "stopping" : "too many keys of the session "
	    "wait for its destination application (max_waiting)";
	return a->env->stopping ||
	    s->busy > (unsigned)a->env->conf->max_waiting ?
	    SUPPLY_UNAVAILABLE : SUPPLY_OK;
}

/* The same request again is being answered, or was. */
void
offer_start(struct sessions *a, struct peer *p,
    const uint8_t session[SESSION_ID], uint64_t request)
{
	struct session		*s = sessions_find(a, session);
	enum supply_status	 status;
	const char		*why;
	struct offer		*o;

	if (s != NULL && s->peer != p)
		s = NULL;		/* another KM's */
	if (request > INT64_MAX || find(a, p, request) != NULL)
		return;
	status = check(a, s, &why);
	if ((o = offer_new(a, s, p, request)) == NULL)
		return;			/* the source's time ends it */
	memcpy(o->notice.session, session, SESSION_ID);
	if (status != SUPPLY_OK)
		void_keys(o, status, why);
	else
		deliver_keys(o);
}

void
offer_bound(struct peer *p, uint64_t request)
{
	struct offer	*o = find(p->env->sessions, p, request);

	if (o != NULL && o->stage == UNBOUND)
		deliver_keys(o);
}

void
offer_void(struct peer *p, uint64_t request)
{
	struct offer	*o = find(p->env->sessions, p, request);

	if (o == NULL)
		return;
	o->is_void = true;
	if (o->stage == UNBOUND || o->stage == BRINGING)
		void_keys(o, SUPPLY_UNAVAILABLE, "the source made them void");
}

/* ---- time, and the end ---- */

static void
on_deadline(struct offer *o)
{
	if (o->stage == UNBOUND)
		void_keys(o, SUPPLY_TIMEOUT,
		    "the source has not said which keys they are");
	else if (o->notice.guest != NULL)
		void_keys(o, SUPPLY_TIMEOUT,
		    "the destination application did not confirm the keys");
	else if (sessions_present(o->all, o->session->row.destination))
		void_keys(o, SUPPLY_TIMEOUT,
		    "the destination application does not read");
	else
		void_keys(o, SUPPLY_UNAVAILABLE, "the connection of the "
		    "destination application was lost");
}

static void
look(struct offer *o, uint64_t now)
{
	if (o->stage != UNBOUND && o->stage != BRINGING)
		return;
	if (now >= o->deadline)
		on_deadline(o);
	else if (o->stage == BRINGING)
		bring(o);
	else
		deliver_keys(o);
}

void
offer_tick(struct sessions *a, uint64_t now)
{
	struct offer	*o;

	SESSIONS_EACH(o, &a->offers, a->noffers) {
		SESSIONS_TURN(o, &a->offers);
		look(o, now);
	}
}

void
offer_present(struct sessions *a, const char *application)
{
	struct offer	*o;

	SESSIONS_EACH(o, &a->offers, a->noffers) {
		SESSIONS_TURN(o, &a->offers);
		if (o->stage == BRINGING &&
		    strcmp(o->notice.destination, application) == 0)
			bring(o);
	}
}

void
offer_stop(struct sessions *a)
{
	struct offer	*o;

	SESSIONS_EACH(o, &a->offers, a->noffers) {
		SESSIONS_TURN(o, &a->offers);
		if (o->stage == UNBOUND || o->stage == BRINGING)
			void_keys(o, SUPPLY_UNAVAILABLE, "stopping");
	}
}
