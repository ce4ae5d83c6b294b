/* sessions.c - the sessions of this node's applications. */
#include "ksa/sessions.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/draw.h"
#include "ksa/invitation.h"
#include "ksa/offer.h"
#include "ksa/opening.h"
#include "ksa/sessionwire.h"
#include "log.h"

/* ---- the notifier ---- */

bool
sessions_present(const struct sessions *a, const char *application)
{
	return a->notifier != NULL &&
	    a->notifier->present(a->notifier_arg, application);
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

/* ---- in memory ---- */

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
	HASH_ADD(hh, a->all, row.id, SESSION_ID, s);
	if (row->state == SESSION_ENDED) {
		TAILQ_INSERT_TAIL(&a->ended, s, ended);
		a->nended++;
	} else
		a->open++;
	return s;
}

static void
forget(struct sessions *a, struct session *s)
{
	HASH_DEL(a->all, s);
	if (s->row.state == SESSION_ENDED) {
		TAILQ_REMOVE(&a->ended, s, ended);
		a->nended--;
	} else
		a->open--;
	session_free(s);
}

void
sessions_drop(struct sessions *a, struct session *s)
{
	forget(a, s);
}

static bool
has(const struct session *s, const char *application)
{
	return s->row.state != SESSION_ENDED &&
	    ((s->row.source_here && strcmp(s->row.source, application) == 0) ||
	    (s->row.destination_here &&
	    strcmp(s->row.destination, application) == 0));
}

bool
sessions_room(const struct sessions *a, const char *application,
    const char **why)
{
	const struct ksa_conf	*c = a->env->conf;
	const struct session	*s;
	int64_t			 n = 0;

	*why = "this KM has as many sessions as it may (max_sessions)";
	if (a->open >= c->max_sessions)
		return false;
	for (s = a->all; s != NULL; s = s->hh.next)
		n += has(s, application);
	*why = "the application has as many sessions as it may "
	    "(max_sessions_per_application)";
	return n < c->max_sessions_per_application;
}

/* ---- the end ---- */

struct job {
	struct sessions		*all;
	uint8_t			 id[SESSION_ID];
	enum supply_status	 why;
	bool			 told;
	uint64_t		 at;
};

static struct job *
job_new(struct sessions *a, const struct session *s)
{
	struct job	*j = calloc(1, sizeof(*j));

	if (j == NULL) {
		log_err("session not written: out of memory", NULL);
		return NULL;
	}
	j->all = a;
	memcpy(j->id, s->row.id, SESSION_ID);
	j->why = s->row.status;
	j->told = s->row.told;
	j->at = s->row.ended;
	return j;
}

static void
job_done(void *arg, int r)
{
	if (r < 0)
		log_err("session not written", "error=%s", err_name(r));
	free(arg);
}

static int
end_run(struct db *db, void *arg)
{
	struct job	*j = arg;
	int		 r = sessionstore_end(
			    keystore_writer(j->all->env->store), j->id,
			    j->why, j->told, j->at);

	(void)db;
	return r == -E_GONE ? 0 : r;	/* it never got to disk */
}

static void
log_end(const struct session *s)
{
	uuid_text	id;

	uuid_print(s->row.id, id);
	log_info("session ended", "session=%s source=%s destination=%s "
	    "peer=%s keys=%llu reason=%s", id, log_quote(s->row.source),
	    log_quote(s->row.destination), s->peer->km,
	    (unsigned long long)s->row.drawn,
	    sessionwire_token(s->row.status));
}

void
sessions_end(struct sessions *a, struct session *s, enum supply_status why,
    bool tell)
{
	struct job	*j;

	if (s->row.state == SESSION_ENDED)
		return;
	s->row.state = SESSION_ENDED;
	s->row.status = why;
	s->row.told = !tell || s->peer->self;
	s->row.ended = now_ms();
	TAILQ_INSERT_TAIL(&a->ended, s, ended);
	a->nended++;
	a->open--;
	log_end(s);
	if (!s->row.told && peer_is_up(s->peer))
		(void)sessionwire_end(s);
	if ((j = job_new(a, s)) != NULL)
		env_add(a->env, end_run, job_done, j);
}

void
sessions_check_limit(struct sessions *a, struct session *s)
{
	if (s->row.state == SESSION_OPEN && s->row.most > 0 &&
	    s->row.drawn >= s->row.most && s->busy == 0)
		sessions_end(a, s, SUPPLY_REJECTED, true);
}

static int
told_run(struct db *db, void *arg)
{
	struct job	*j = arg;

	(void)db;
	return sessionstore_told(keystore_writer(j->all->env->store), j->id);
}

static void
told(struct sessions *a, struct session *s)
{
	struct job	*j;

	s->row.told = true;
	if ((j = job_new(a, s)) != NULL)
		env_add(a->env, told_run, job_done, j);
}

void
sessions_peer_ended(struct sessions *a, struct peer *p,
    const uint8_t id[SESSION_ID], enum supply_status why, bool answer)
{
	struct session	*s = sessions_find(a, id);

	if (s == NULL || s->peer != p)
		return;
	if (s->row.state == SESSION_ENDED) {
		if (!s->row.told)
			told(a, s);
	} else if (!answer) {
		invitation_drop(a, s);
		sessions_end(a, s, why == SUPPLY_REJECTED ? why :
		    SUPPLY_EXPIRED, false);
	}
}

/* ---- time ---- */

static bool
registered(const struct sessions *a, const struct session *s)
{
	return sae_find(a->env->book, s->row.source) != NULL &&
	    sae_find(a->env->book, s->row.destination) != NULL;
}

/* Whether that application of ours was not here for too long. */
static bool
away(struct sessions *a, bool here, const char *application, uint64_t *seen,
    uint64_t now)
{
	if (!here)
		return false;
	if (sessions_present(a, application))
		*seen = now;
	return now - *seen > (uint64_t)a->env->conf->session_grace * 1000;
}

static void
look(struct sessions *a, struct session *s, uint64_t now)
{
	uint64_t	idle = (uint64_t)a->env->conf->session_idle * 1000;

	if (s->busy > 0)
		s->used = now;
	if (away(a, s->row.source_here, s->row.source, &s->source_seen, now) ||
	    away(a, s->row.destination_here, s->row.destination,
	    &s->destination_seen, now) || now - s->used > idle ||
	    !registered(a, s))
		sessions_end(a, s, SUPPLY_EXPIRED, true);
}

static int
forget_run(struct db *db, void *arg)
{
	struct job	*j = arg;

	(void)db;
	return sessionstore_drop(keystore_writer(j->all->env->store), j->id);
}

/* The oldest of those that ended, if they are too many or too old. */
static void
forget_old(struct sessions *a)
{
	const struct ksa_conf	*c = a->env->conf;
	uint64_t		 age = (uint64_t)c->key_expiry * 1000;
	struct session		*s;
	struct job		*j;

	while ((s = TAILQ_FIRST(&a->ended)) != NULL &&
	    (a->nended > c->max_sessions || s->row.ended + age < now_ms()) &&
	    s->busy == 0 && (j = job_new(a, s)) != NULL) {
		env_add(a->env, forget_run, job_done, j);
		forget(a, s);
	}
}

void
sessions_second(struct sessions *a)
{
	struct session	*s, *next;
	uint64_t	 now = mono_ms();

	for (s = a->all; s != NULL; s = next) {
		next = s->hh.next;
		if (s->row.state == SESSION_OPEN)
			look(a, s, now);
		else if (s->row.state == SESSION_ENDED && !s->row.told &&
		    peer_is_up(s->peer))
			(void)sessionwire_end(s);
	}
	forget_old(a);
}

void
sessions_tick(struct sessions *a)
{
	uint64_t	now = mono_ms();

	opening_tick(a, now);
	invitation_tick(a, now);
	draw_tick(a, now);
	offer_tick(a, now);
}

/* ---- life ---- */

int
sessions_new(struct sessions **out, struct env *env)
{
	struct sessions	*a = calloc(1, sizeof(*a));

	if (a == NULL)
		return -E_NO_MEMORY;
	a->env = env;
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

	for (s = a->all; r == 0 && s != NULL; s = next) {
		next = s->hh.next;
		if (s->row.state == SESSION_PROPOSED)
			sessions_end(a, s, SUPPLY_EXPIRED, true);
	}
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
	struct session	*s, *next;

	if (*ap == NULL)
		return;
	for (s = (*ap)->all; s != NULL; s = next) {
		next = s->hh.next;
		HASH_DEL((*ap)->all, s);
		session_free(s);
	}
	free(*ap);
	*ap = NULL;
}
