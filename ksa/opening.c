/* opening.c - a session is created: the source's half. */
#include "ksa/opening.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/apps.h"
#include "ksa/enc.h"
#include "ksa/invitation.h"
#include "ksa/party.h"
#include "ksa/place.h"
#include "ksa/plain.h"
#include "ksa/sessionend.h"
#include "ksa/sessionwire.h"
#include "log.h"

#define SLACK_MS	1000	/* so that the other half's reason gets here */

enum stage { WRITING, ASKED, ACCEPTED };

struct opening {
	struct supply_call	 call;		/* first: casts rely on it */
	struct sessions		*all;
	struct session		*session;
	struct session_row	 row;		/* for the job; owns nothing */
	enum stage		 stage;
	bool			 gone;		/* nobody waits any more */
	bool			 held;		/* not sent yet */
	uint64_t		 deadline;	/* mono, ms */
	TAILQ_ENTRY(opening)	 next;
};

static void
opening_free(struct opening *o)
{
	TAILQ_REMOVE(&o->all->openings, o, next);
	o->all->nopenings--;
	o->session->opening = NULL;
	o->session->busy--;
	free(o);
}

static struct supply_call *
refuse(struct supply_call *c, enum supply_status status, const char *what,
    const char *who)
{
	call_fail(c, status, "%s%.100s", what, who);
	return NULL;
}

/* It is given up; its peer may know of it. */
static void
give_up(struct opening *o, bool tell, enum supply_status status,
    const char *words)
{
	struct sessions	*a = o->all;
	struct session	*s = o->session;

	invitation_drop(s);
	if (tell && !s->peer->self)
		sessionend(a, s, SUPPLY_EXPIRED, true);
	call_fail(&o->call, status, "%s", words);
	opening_free(o);
	sessionend_unless_told(a, s);
}

/* ---- accepted ---- */

static int
open_run(struct db *db, void *arg)
{
	struct opening	*o = arg;

	(void)db;
	return sessionstore_open(keystore_writer(o->all->env->store),
	    o->row.id);
}

static void
log_open(const struct session *s)
{
	uuid_text	id;

	uuid_print(s->row.id, id);
	log_info("session created", "session=%s source=%s destination=%s "
	    "peer=%s keys_at_most=%llu", id, log_quote(s->row.source),
	    log_quote(s->row.destination), s->peer->km,
	    (unsigned long long)s->row.most);
}

/* Whoever left before it was his does not know of it. */
static void
open_done(void *arg, int r)
{
	struct opening		*o = arg;
	struct session		*s = o->session;
	struct supply_answer	 a = { .status = SUPPLY_OK,
				    .session = o->row.id };

	if (r < 0 || o->gone || s->row.state == SESSION_ENDED) {
		give_up(o, true, SUPPLY_UNAVAILABLE, r < 0 ? err_text(r) :
		    "the session has ended already");
		return;
	}
	s->row.state = SESSION_OPEN;
	s->used = s->source_seen = s->destination_seen = mono_ms();
	o->all->env->count.sessions_opened++;
	log_open(s);
	call_answer(&o->call, &a);
	opening_free(o);
}

void
opening_answered(struct sessions *a, struct peer *p,
    const uint8_t id[SESSION_ID], enum supply_status status,
    const char *words)
{
	struct session	*s = sessions_find(a, id);
	struct opening	*o = s == NULL ? NULL : s->opening;

	if (o == NULL || o->stage != ASKED || s->peer != p)
		return;		/* given up: the peer is told so */
	if (status != SUPPLY_OK) {
		give_up(o, false, status, words);
		return;
	}
	o->stage = ACCEPTED;
	env_add(a->env, open_run, open_done, o);
}

/* ---- asking ---- */

static int
add_run(struct db *db, void *arg)
{
	struct opening	*o = arg;

	(void)db;
	return sessionstore_add(keystore_writer(o->all->env->store), &o->row);
}

/* A peer that does not know our applications yet would not know whose session
 * it is: it is asked a little later. */
static void
ask(struct opening *o)
{
	const struct peer	*p = o->session->peer;
	int			 r;

	o->held = !p->self && !apps_told(p->apps);
	if (o->held)
		return;
	/* For two applications of this node the answer may have come, and o
	 * be gone, when this returns. */
	if ((r = sessionwire_open(o->session)) < 0)
		give_up(o, false, SUPPLY_UNAVAILABLE, err_text(r));
}

static void
add_done(void *arg, int r)
{
	struct opening	*o = arg;
	bool		 over = o->gone || o->all->env->stopping;

	if (over || r < 0) {
		give_up(o, false, SUPPLY_UNAVAILABLE, over ? "stopping" :
		    err_text(r));
		return;
	}
	o->stage = ASKED;
	ask(o);
}

static int
make_row(struct session_row *row, const struct session_opening *q,
    const struct peer *p)
{
	uuid_text	id;
	int		r;

	if ((r = uuid_random(id)) < 0 ||
	    (r = uuid_parse(id, strlen(id), row->id)) < 0)
		return r;
	row->peer = p->id;
	row->source_here = true;
	row->destination_here = p->self;
	strcpy(row->source, q->source);
	strcpy(row->destination, q->destination);
	row->most = q->number;
	row->state = SESSION_PROPOSED;
	row->made = now_ms();
	return (row->name = strdup(q->name)) == NULL ? -E_NO_MEMORY : 0;
}

static struct opening *
opening_new(struct sessions *a, const struct session_opening *q,
    struct peer *p)
{
	struct opening		*o = calloc(1, sizeof(*o));
	struct session_row	 row = { .name = NULL };
	struct session		*s;
	int64_t			 wait = a->env->conf->session_answer_wait;

	if (o == NULL || make_row(&row, q, p) < 0 ||
	    (s = sessions_add(a, &row, p)) == NULL) {
		free(o);
		return NULL;
	}
	o->all = a;
	o->session = s;
	s->opening = o;
	s->busy++;
	o->row = s->row;
	o->deadline = mono_ms() + (uint64_t)wait + SLACK_MS;
	TAILQ_INSERT_TAIL(&a->openings, o, next);
	a->nopenings++;
	return o;
}

struct supply_call *
opening_start(struct sessions *a, const struct session_opening *q,
    supply_done *done, void *arg)
{
	struct supply_call	 c = { .done = done, .arg = arg };
	struct peer		*p = enc_peer_of(a->env, q->destination);
	struct opening		*o;
	struct place		 pl;
	const char		*why;
	int			 r = place_find(a->env->book, q->destination,
				    &pl);

	if (r < 0) {
		call_no_place(&c, r, q->destination, &pl);
		return NULL;
	}
	if (plain_peer_of(a->env, q->destination) != NULL)
		return refuse(&c, SUPPLY_UNAVAILABLE, "there are no sessions "
		    "with the KM (a plain peer) of application ",
		    q->destination);
	if (p == NULL)
		return refuse(&c, SUPPLY_UNAVAILABLE, "there is no way to "
		    "the KM of application ", q->destination);
	if (!p->self && !peer_is_up(p))
		return refuse(&c, SUPPLY_UNAVAILABLE, "not reachable: KM ",
		    p->km);
	if (!party_may_ask(a, q->source, &why) || (p->self &&
	    !party_may_bring(a, q->destination, p, &why)))
		return refuse(&c, SUPPLY_UNAVAILABLE, why, "");
	if (a->env->stopping || (o = opening_new(a, q, p)) == NULL)
		return refuse(&c, SUPPLY_UNAVAILABLE,
		    a->env->stopping ? "stopping" : "out of memory", "");
	call_init(&o->call, CALL_SESSION, a->env, done, arg);
	env_add(a->env, add_run, add_done, o);
	return &o->call;
}

/* ---- not waiting any more ---- */

bool
opening_withdraw(struct supply_call *c)
{
	struct opening	*o = (struct opening *)c;

	c->done = NULL;
	if (o->stage == ASKED)
		give_up(o, true, SUPPLY_UNAVAILABLE, "");
	else
		o->gone = true;
	return true;
}

static void
on_deadline(struct opening *o)
{
	const struct peer	*p = o->session->peer;
	bool			 up = p->self || peer_is_up(p);

	give_up(o, true, up ? SUPPLY_TIMEOUT : SUPPLY_UNAVAILABLE, up ?
	    "the KM of the destination application did not answer" :
	    "the KM of the destination application cannot be reached");
}

void
opening_tick(struct sessions *a, uint64_t now)
{
	struct opening	*o;

	SESSIONS_EACH(o, &a->openings, a->nopenings) {
		SESSIONS_TURN(o, &a->openings);
		if (o->stage == ASKED && now >= o->deadline)
			on_deadline(o);
		else if (o->stage == ASKED && o->held)
			ask(o);
	}
}

/* Those that are being written are answered when they are. */
void
opening_stop(struct sessions *a)
{
	struct opening	*o;

	SESSIONS_EACH(o, &a->openings, a->nopenings) {
		SESSIONS_TURN(o, &a->openings);
		if (o->stage == ASKED)
			give_up(o, true, SUPPLY_UNAVAILABLE, "stopping");
	}
}
