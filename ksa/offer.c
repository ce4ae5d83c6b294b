/* offer.c - keys of a session, at the destination: begun, timed, given up. */
#include "ksa/offer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ksa/bindcache.h"
#include "ksa/offerint.h"
#include "ksa/sessionwire.h"
#include "ksa/share.h"
#include "log.h"
#include "quiet.h"

#define OFFERS_MAX	16384	/* of some KiB at most, without the keys */

static struct offer *
find(struct sessions *a, const struct peer *p, uint64_t request)
{
	struct session_key	 k = { p->id, request };
	struct offer		*o;

	HASH_FIND(hh, a->bound, &k, sizeof(k), o);
	return o;
}

static struct offer *
offer_new(struct sessions *a, struct session *s, struct peer *p,
    const uint8_t session[SESSION_ID], uint64_t request)
{
	struct offer	*o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->all = a;
	o->session = s;
	o->peer = p;
	o->key = (struct session_key){ p->id, request };
	o->deadline = mono_ms() +
	    (uint64_t)a->env->conf->session_answer_wait;
	o->notice = (struct notice){ .has_keys = true,
	    .answered = offerkeys_answered, .lost = offerkeys_lost };
	memcpy(o->notice.session, session, SESSION_ID);
	TAILQ_INSERT_TAIL(&a->offers, o, next);
	HASH_ADD(hh, a->bound, key, sizeof(o->key), o);
	a->noffers++;
	p->offers++;
	if (s != NULL) {
		o->notice.source = s->row.source;
		o->notice.destination = s->row.destination;
		s->busy++;
		s->offers++;
	}
	return o;
}

/* ---- asked by the source ---- */

/* Whether keys can be brought in that session now. */
static enum supply_status
check(const struct sessions *a, const struct session *s,
    const struct peer *p, const char **why)
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
	    s->offers >= (uint64_t)a->env->conf->max_waiting ||
	    !share_allows(p->offers, a->noffers, 1, OFFERS_MAX) ?
	    SUPPLY_UNAVAILABLE : SUPPLY_OK;
}

/* Whether what is here of these keys says it all: what else they are for, or
 * how they ended. */
static bool
is_decided(const struct binding *b, const uint8_t session[SESSION_ID],
    enum supply_status *status, const char **why)
{
	if (b == NULL)
		return false;
	if (!b->in_session || memcmp(b->session, session, SESSION_ID) != 0) {
		*status = SUPPLY_BAD_REQUEST;
		*why = "these keys are not of that session";
		return true;
	}
	if (b->state == BINDING_OFFERED)
		return false;
	*status = b->state == BINDING_VALID || b->state == BINDING_ERASED ?
	    SUPPLY_OK : SUPPLY_UNAVAILABLE;
	*why = *status == SUPPLY_OK ? "" : "the keys are void";
	return true;
}

/* Nothing is to be done here. */
static void
answer(struct peer *p, const uint8_t session[SESSION_ID], uint64_t request,
    enum supply_status status, const char *why)
{
	struct wire_keys	k = { session, request, NULL, 0, 0 };
	uuid_text		id;

	uuid_print(session, id);
	if (status != SUPPLY_OK && !quiet())
		log_notice("session keys not taken", "session=%s peer=%s "
		    "request=%" PRIu64 " response=%s reason=%s", id, p->km,
		    request, sessionwire_token(status), log_quote(why));
	(void)sessionwire_taken(p, &k, status, why);
}

/* The same request again is being answered. */
void
offer_start(struct sessions *a, struct peer *p,
    const uint8_t session[SESSION_ID], uint64_t request)
{
	/* model: session offer_start */
	struct session		*s = sessions_find(a, session);
	const struct binding	*b;
	enum supply_status	 status;
	const char		*why;
	struct offer		*o;

	if (s != NULL && s->peer != p)
		s = NULL;		/* another KM's */
	if (request > INT64_MAX || find(a, p, request) != NULL)
		return;
	b = bindcache_get(a->env->bindings, keystore_reader(a->env->store),
	    p->id, request);
	status = check(a, s, p, &why);
	if (is_decided(b, session, &status, &why) ||
	    (status != SUPPLY_OK && b == NULL) ||
	    (o = offer_new(a, s, p, session, request)) == NULL)
		answer(p, session, request, status, why);
	else if (status != SUPPLY_OK) {
		o->stage = OFFER_COMPARING;	/* they are here */
		offerend_void(o, status, why);
	} else
		offerkeys_deliver(o);
}

void
offer_bound(struct peer *p, uint64_t request)
{
	struct offer	*o = find(p->env->sessions, p, request);

	if (o != NULL && o->stage == OFFER_UNBOUND)
		offerkeys_deliver(o);
}

void
offer_void(struct peer *p, uint64_t request)
{
	struct offer	*o = find(p->env->sessions, p, request);

	if (o == NULL)
		return;
	o->is_void = true;
	if (o->stage != OFFER_DELIVERING && o->stage != OFFER_SETTLING &&
	    o->stage != OFFER_VOIDING)
		offerend_void(o, SUPPLY_UNAVAILABLE,
		    "the source made them void");
}

/* ---- time, and the end ---- */

static bool
is_waiting(const struct offer *o)
{
	return o->stage <= OFFER_COMPARING || o->stage == OFFER_BRINGING;
}

static void
on_deadline(struct offer *o)
{
	if (o->stage == OFFER_UNBOUND)
		offerend_void(o, SUPPLY_TIMEOUT,
		    "the source has not said which keys they are");
	else if (o->stage == OFFER_COMPARING)
		offerend_void(o, SUPPLY_TIMEOUT,
		    "the stores of both KMs are being compared");
	else if (o->notice.guest != NULL)
		offerend_void(o, SUPPLY_TIMEOUT,
		    "the destination application did not confirm the keys");
	else if (sessions_present(o->all, o->notice.destination))
		offerend_void(o, SUPPLY_TIMEOUT,
		    "the destination application does not read");
	else
		offerend_void(o, SUPPLY_UNAVAILABLE, "the connection of the "
		    "destination application was lost");
}

void
offer_tick(struct sessions *a, uint64_t now)
{
	struct offer	*o;

	SESSIONS_EACH(o, &a->offers, a->noffers) {
		SESSIONS_TURN(o, &a->offers);
		if (is_waiting(o) && now >= o->deadline)
			on_deadline(o);
		else if (o->stage == OFFER_COMPARING)
			offerkeys_deliver(o);
	}
}

void
offer_stop(struct sessions *a)
{
	struct offer	*o;

	SESSIONS_EACH(o, &a->offers, a->noffers) {
		SESSIONS_TURN(o, &a->offers);
		if (is_waiting(o))
			offerend_void(o, SUPPLY_UNAVAILABLE, "stopping");
	}
}
