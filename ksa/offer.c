/* offer.c - keys of a session, at the destination: begun, timed, given up. */
#include "ksa/offer.h"

#include <stdlib.h>
#include <string.h>

#include "ksa/offerint.h"

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
	    .answered = offerkeys_answered, .lost = offerkeys_lost };
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
		offerend_void(o, status, why);
	else
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
	if (o->stage == OFFER_UNBOUND || o->stage == OFFER_BRINGING)
		offerend_void(o, SUPPLY_UNAVAILABLE,
		    "the source made them void");
}

/* ---- time, and the end ---- */

static void
on_deadline(struct offer *o)
{
	if (o->stage == OFFER_UNBOUND)
		offerend_void(o, SUPPLY_TIMEOUT,
		    "the source has not said which keys they are");
	else if (o->notice.guest != NULL)
		offerend_void(o, SUPPLY_TIMEOUT,
		    "the destination application did not confirm the keys");
	else if (sessions_present(o->all, o->session->row.destination))
		offerend_void(o, SUPPLY_TIMEOUT,
		    "the destination application does not read");
	else
		offerend_void(o, SUPPLY_UNAVAILABLE, "the connection of the "
		    "destination application was lost");
}

static void
look(struct offer *o, uint64_t now)
{
	if (o->stage != OFFER_UNBOUND && o->stage != OFFER_BRINGING)
		return;
	if (now >= o->deadline)
		on_deadline(o);
	else if (o->stage == OFFER_BRINGING)
		offerkeys_bring(o);
	else
		offerkeys_deliver(o);
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
		if (o->stage == OFFER_BRINGING &&
		    strcmp(o->notice.destination, application) == 0)
			offerkeys_bring(o);
	}
}

void
offer_stop(struct sessions *a)
{
	struct offer	*o;

	SESSIONS_EACH(o, &a->offers, a->noffers) {
		SESSIONS_TURN(o, &a->offers);
		if (o->stage == OFFER_UNBOUND || o->stage == OFFER_BRINGING)
			offerend_void(o, SUPPLY_UNAVAILABLE, "stopping");
	}
}
