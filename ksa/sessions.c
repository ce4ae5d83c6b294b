/* sessions.c - the sessions of this node's applications, in memory. */
#include "ksa/sessions.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/draw.h"
#include "ksa/invitation.h"
#include "ksa/offer.h"
#include "ksa/opening.h"
#include "ksa/party.h"
#include "ksa/sessionend.h"
#include "log.h"

#define ARRIVAL	1000	/* ms, of one handshake */

/* ---- the notifier ---- */

bool
sessions_present(const struct sessions *a, const char *application)
{
	return a->notifier != NULL &&
	    a->notifier->present(a->notifier_arg, application);
}

/* In TLS 1.3 the handshake is over for an application before it is for us. */
bool
sessions_may_arrive(const struct sessions *a, uint64_t deadline)
{
	uint64_t	wait = (uint64_t)a->env->conf->session_answer_wait;
	uint64_t	most = wait / 2 < ARRIVAL ? wait / 2 : ARRIVAL;

	return a->notifier != NULL && mono_ms() + wait < deadline + most &&
	    a->notifier->arriving(a->notifier_arg);
}

int
sessions_notify(struct sessions *a, struct notice *n)
{
	return a->notifier == NULL ? -E_NOT_FOUND :
	    a->notifier->send(a->notifier_arg, n);
}

void
sessions_hush(struct sessions *a, struct notice *n)
{
	if (a->notifier != NULL)
		a->notifier->cancel(a->notifier_arg, n);
}

/* ---- one ---- */

static void
session_free(struct session *s)
{
	free(s->row.name);
	free(s);
}

struct session *
sessions_find(struct sessions *a, const uint8_t id[SESSION_ID])
{
	struct session	*s;

	HASH_FIND(hh, a->all, id, SESSION_ID, s);
	return s;
}

struct session *
sessions_add(struct sessions *a, struct session_row *row, struct peer *p)
{
	struct session	*s = calloc(1, sizeof(*s));

	if (s == NULL) {
		free(row->name);
		return NULL;
	}
	s->row = *row;
	s->peer = p;
	s->used = s->source_seen = s->destination_seen = mono_ms();
	if (party_join(a, s) < 0) {
		session_free(s);
		return NULL;
	}
	HASH_ADD(hh, a->all, row.id, SESSION_ID, s);
	if (row->state == SESSION_ENDED) {
		TAILQ_INSERT_TAIL(&a->ended, s, next);
		a->nended++;
	} else
		TAILQ_INSERT_TAIL(&a->living, s, next);
	return s;
}

void
sessions_drop(struct sessions *a, struct session *s)
{
	HASH_DEL(a->all, s);
	if (s->row.state == SESSION_ENDED) {
		TAILQ_REMOVE(&a->ended, s, next);
		a->nended--;
	} else {
		TAILQ_REMOVE(&a->living, s, next);
		party_over(a, s);
	}
	party_leave(a, s);
	session_free(s);
}

/* ---- life ---- */

void
sessions_tick(struct sessions *a)
{
	uint64_t	now = mono_ms();

	opening_tick(a, now);
	invitation_tick(a, now);
	draw_tick(a, now);
	offer_tick(a, now);
	party_present_all(a);
	sessionend_tick(a);
}

int
sessions_new(struct sessions **out, struct env *env)
{
	struct sessions	*a = calloc(1, sizeof(*a));

	if (a == NULL)
		return -E_NO_MEMORY;
	a->env = env;
	TAILQ_INIT(&a->living);
	TAILQ_INIT(&a->ended);
	TAILQ_INIT(&a->openings);
	TAILQ_INIT(&a->invitations);
	TAILQ_INIT(&a->draws);
	TAILQ_INIT(&a->offers);
	*out = a;
	return 0;
}

/* Its peer may have been taken out of the configuration: then it is of no use
 * any more. */
static int
load(void *arg, const struct session_row *stored)
{
	struct sessions		*a = arg;
	struct peer		*p = peer_by_id(a->env, stored->peer);
	struct session_row	 row = *stored;

	if (p == NULL)
		return 0;
	if ((row.name = strdup(row.name == NULL ? "" : row.name)) == NULL)
		return -E_NO_MEMORY;
	return sessions_add(a, &row, p) == NULL ? -E_NO_MEMORY : 0;
}

int
sessions_load(struct sessions *a)
{
	struct session	*s, *next;
	int		 r = sessionstore_each(keystore_reader(a->env->store),
			    load, a);

	for (s = TAILQ_FIRST(&a->living); s != NULL; s = next) {
		next = TAILQ_NEXT(s, next);
		if (s->row.state == SESSION_PROPOSED)
			sessionend(a, s, SUPPLY_EXPIRED, true);
		else
			sessionend_at_limit(a, s);
	}
	if (a->env->peers[0]->back_mine)
		sessionend_went_back(a, a->env->peers[0]);
	return r;
}

void
sessions_stop(struct sessions *a)
{
	opening_stop(a);
	invitation_stop(a);
	draw_stop(a);
	offer_stop(a);
	a->notifier = NULL;
}

void
sessions_free(struct sessions **ap)
{
	struct sessions	*a = *ap;

	if (a == NULL)
		return;
	while (a->all != NULL)
		sessions_drop(a, a->all);
	free(a);
	*ap = NULL;
}
