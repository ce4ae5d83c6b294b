/* sessionend.c - sessions end, on disk and at the peer. */
#include "ksa/sessionend.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/invitation.h"
#include "ksa/party.h"
#include "ksa/place.h"
#include "ksa/sessionwire.h"
#include "log.h"

#define TICKS		10	/* that a look at all of them takes */
#define AT_ONCE		256	/* told to a peer in one go */

/* ---- on disk ---- */

struct job {
	struct sessions		*all;
	uint8_t			 id[SESSION_ID];
	enum supply_status	 why;
	bool			 told;
	uint64_t		 at;
};

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

static int
told_run(struct db *db, void *arg)
{
	struct job	*j = arg;

	(void)db;
	return sessionstore_told(keystore_writer(j->all->env->store), j->id);
}

static int
forget_run(struct db *db, void *arg)
{
	struct job	*j = arg;

	(void)db;
	return sessionstore_drop(keystore_writer(j->all->env->store), j->id);
}

static void
job_done(void *arg, int r)
{
	if (r < 0)
		log_err("session not written", "error=%s", err_name(r));
	free(arg);
}

/* It would be open again after a start. */
static void
end_done(void *arg, int r)
{
	struct job	*j = arg;
	struct session	*s = r < 0 ? sessions_find(j->all, j->id) : NULL;

	if (s != NULL)
		s->unwritten = true;
	job_done(arg, r);
}

/* Then it is told once more. */
static void
told_done(void *arg, int r)
{
	struct job	*j = arg;
	struct session	*s = r < 0 ? sessions_find(j->all, j->id) : NULL;

	if (s != NULL)
		s->row.told = false;
	job_done(arg, r);
}

static int
write_it(struct sessions *a, const struct session *s, committer_run *run,
    committer_done *done)
{
	struct job	*j = calloc(1, sizeof(*j));

	if (j == NULL) {
		log_err("session not written: out of memory", NULL);
		return -E_NO_MEMORY;
	}
	*j = (struct job){ .all = a, .why = s->row.status,
	    .told = s->row.told, .at = s->row.ended };
	memcpy(j->id, s->row.id, SESSION_ID);
	env_add(a->env, run, done, j);
	return 0;
}

/* ---- the end ---- */

static void
log_end(const struct session *s)
{
	uuid_text	id;

	uuid_print(s->row.id, id);
	log_info("session ended", "session=%s source=%s destination=%s "
	    "peer=%s keys=%" PRIu64 " reason=%s", id,
	    log_quote(s->row.source), log_quote(s->row.destination),
	    s->peer->km, s->row.drawn, sessionwire_token(s->row.status));
}

void
sessionend(struct sessions *a, struct session *s, enum supply_status why,
    bool tell)
{
	if (s->row.state == SESSION_ENDED)
		return;
	party_over(a, s);
	TAILQ_REMOVE(&a->living, s, next);
	TAILQ_INSERT_TAIL(&a->ended, s, next);
	a->nended++;
	s->row.state = SESSION_ENDED;
	s->row.status = why;
	s->row.told = !tell || s->peer->self;
	s->row.ended = now_ms();
	log_end(s);
	if (!s->row.told && peer_is_up(s->peer))
		(void)sessionwire_end(s);
	(void)write_it(a, s, end_run, end_done);
}

void
sessionend_unless_told(struct sessions *a, struct session *s)
{
	if (s->row.state != SESSION_ENDED && s->busy == 0 &&
	    write_it(a, s, forget_run, job_done) == 0)
		sessions_drop(a, s);
	else
		sessionend(a, s, SUPPLY_EXPIRED, false);
}

void
sessionend_at_limit(struct sessions *a, struct session *s)
{
	if (s->row.state == SESSION_OPEN && s->row.source_here &&
	    s->row.most > 0 && s->row.drawn >= s->row.most && s->busy == 0)
		sessionend(a, s, SUPPLY_REJECTED, true);
}

void
sessionend_heard(struct sessions *a, struct peer *p,
    const uint8_t id[SESSION_ID], enum supply_status why, bool answer)
{
	struct session	*s = sessions_find(a, id);

	if (s == NULL || s->peer != p)
		return;
	if (s->row.state == SESSION_ENDED) {
		if (!s->row.told) {
			s->row.told = true;
			(void)write_it(a, s, told_run, told_done);
		}
	} else if (!answer) {
		invitation_drop(s);
		sessionend(a, s, why == SUPPLY_REJECTED ? why :
		    SUPPLY_EXPIRED, false);
	}
}

void
sessionend_went_back(struct sessions *a, const struct peer *p)
{
	struct session	*s, *next;

	for (s = TAILQ_FIRST(&a->living); s != NULL; s = next) {
		next = TAILQ_NEXT(s, next);
		if (s->peer == p && s->row.state == SESSION_OPEN &&
		    s->row.source_here && s->row.most > 0)
			sessionend(a, s, SUPPLY_EXPIRED, true);
	}
}

/* ---- time ---- */

static bool
is_at(const struct sessions *a, const char *application, bool here,
    const struct session *s)
{
	return place_is_at(a->env->book, application, here ?
	    a->env->conf->kme_id : s->peer->km);
}

bool
sessionend_is_due(const struct sessions *a, const struct session *s)
{
	return !is_at(a, s->row.source, s->row.source_here, s) ||
	    !is_at(a, s->row.destination, s->row.destination_here, s);
}

/* Whether that application of ours was not here for too long. */
static bool
away(struct sessions *a, const struct party *ours, const char *application,
    uint64_t *seen, uint64_t now)
{
	if (ours == NULL)
		return false;
	if (sessions_present(a, application))
		*seen = now;
	return now - *seen > (uint64_t)a->env->conf->session_grace * 1000;
}

static void
look(struct sessions *a, struct session *s, uint64_t now)
{
	uint64_t	idle = (uint64_t)a->env->conf->session_idle * 1000;

	if (s->row.state != SESSION_OPEN)
		return;
	if (s->busy > 0)
		s->used = now;
	if (away(a, s->asker, s->row.source, &s->source_seen, now) ||
	    away(a, s->bidden, s->row.destination, &s->destination_seen,
	    now) || now - s->used > idle || sessionend_is_due(a, s))
		sessionend(a, s, SUPPLY_EXPIRED, true);
}

/* The oldest of those that ended, if they are too many or too old. */
static void
forget_old(struct sessions *a)
{
	const struct ksa_conf	*c = a->env->conf;
	uint64_t		 age = (uint64_t)c->key_expiry * 1000;
	struct session		*s;

	while ((s = TAILQ_FIRST(&a->ended)) != NULL &&
	    (a->nended > c->max_sessions || s->row.ended + age < now_ms()) &&
	    s->busy == 0 && write_it(a, s, forget_run, job_done) ==
	    0)
		sessions_drop(a, s);
}

void
sessionend_tick(struct sessions *a)
{
	struct session	*s;
	uint64_t	 now = mono_ms();

	SESSIONS_EACH(s, &a->living, a->open / TICKS + 1) {
		SESSIONS_TURN(s, &a->living);
		look(a, s, now);
	}
	forget_old(a);
}

/* So many to each peer, the oldest first: one that never says that it knows
 * has this only. */
static void
tell_again(struct session *s)
{
	if (s->row.told || s->peer->ends_told >= AT_ONCE ||
	    !peer_is_up(s->peer))
		return;
	s->peer->ends_told++;
	(void)sessionwire_end(s);
}

static void
write_again(struct sessions *a, struct session *s)
{
	if (s->unwritten)
		s->unwritten = write_it(a, s, end_run, end_done) < 0;
}

void
sessionend_second(struct sessions *a)
{
	struct env	*env = a->env;
	struct session	*s;

	for (size_t i = 0; i < env->npeers; i++)
		env->peers[i]->ends_told = 0;
	TAILQ_FOREACH(s, &a->ended, next) {
		tell_again(s);
		write_again(a, s);
	}
}
