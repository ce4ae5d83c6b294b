/* draw.c - keys of a session, at the source. */
#include "ksa/draw.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/bindcache.h"
#include "ksa/bindings.h"
#include "ksa/enc.h"
#include "ksa/keyid.h"
#include "ksa/recall.h"
#include "ksa/sessionwire.h"
#include "log.h"
#include "quiet.h"

#define SLACK_MS	1000	/* so that the other half's reason gets here */
#define WORDS		256

enum stage {
	CUTTING,	/* the engine works; `cut` is its call */
	OFFERED,	/* the destination has the word */
	SETTLING,	/* it has confirmed: on the way to disk */
	VOIDING,	/* it has not: on the way to disk */
};

struct draw {
	struct supply_call	 call;		/* first: casts rely on it */
	struct sessions		*all;
	struct session		*session;
	enum stage		 stage;
	bool			 gone;		/* nobody waits any more */
	struct supply_call	*cut;
	struct secret		*keys;
	uint8_t			(*ids)[KEYID_OCTETS];
	uint32_t		 number, octets;
	struct supply_origin	 origin;
	bool			 told;		/* of the origin */
	uint64_t		 request;
	uint64_t		 started, deadline;	/* mono, ms */
	enum supply_status	 status;	/* of a failure */
	char			 words[WORDS];
	TAILQ_ENTRY(draw)	 next;
};

/* The session goes on without it. */
static void
draw_free(struct draw *d)
{
	struct sessions	*a = d->all;
	struct session	*s = d->session;

	TAILQ_REMOVE(&a->draws, d, next);
	a->ndraws--;
	s->busy--;
	s->used = mono_ms();
	secret_free(&d->keys);
	free(d->ids);
	free(d);
	sessions_check_limit(a, s);
}

static void
give_back(struct draw *d)
{
	struct session_row	*row = &d->session->row;

	row->drawn -= row->drawn < d->number ? row->drawn : d->number;
}

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
	const struct peer	*p = d->session->peer;
	struct side		*s = keystore_writer(d->all->env->store);
	int			 r;

	(void)db;
	r = p->self ? bindings_withdraw(s, p->id, d->request) :
	    bindings_recall(s, p->id, d->request, true);
	return r == -E_GONE ? 0 : r;	/* the peer was first */
}

/* What does not get to disk is void at the next start, and here is no key. */
static void
void_done(void *arg, int r)
{
	struct draw	*d = arg;
	struct env	*env = d->all->env;

	if (r < 0)
		log_err("void keys of a session not written", "peer=%s "
		    "request=%" PRIu64 " error=%s", d->session->peer->km,
		    d->request, err_name(r));
	bindcache_drop(env->bindings, d->session->peer->id, d->request);
	if (peer_is_up(d->session->peer))
		recall_send(d->session->peer);
	give_back(d);
	call_fail(&d->call, d->status, "%s", d->words);
	draw_free(d);
}

/*
 * Void at both ends; the answer comes when it is on disk. The peer is told
 * even if the word was its own: the binding may have reached it later.
 */
static void
void_keys(struct draw *d, enum supply_status status, const char *words)
{
	d->stage = VOIDING;
	d->status = status;
	snprintf(d->words, sizeof(d->words), "%s", words);
	secret_free(&d->keys);
	d->all->env->count.session_keys_void += d->number;
	log_void(d);
	env_add(d->all->env, void_run, void_done, d);
}

/* ---- confirmed ---- */

static int
settle_run(struct db *db, void *arg)
{
	struct draw		*d = arg;
	const struct peer	*p = d->session->peer;
	struct side		*s = keystore_writer(d->all->env->store);

	(void)db;
	return p->self ? bindings_settle_received(s, p->id, d->request) :
	    bindings_settle_issued(s, p->id, d->request);
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
	struct draw	*d = arg;

	bindcache_drop(d->all->env->bindings, d->session->peer->id,
	    d->request);
	if (r == 0 && !d->gone)
		answer(d);
	else if (r == 0)
		void_keys(d, SUPPLY_UNAVAILABLE,
		    "the source application has gone");
	else
		void_keys(d, SUPPLY_UNAVAILABLE, err_text(r));
}

static struct draw *
find(struct sessions *a, const struct peer *p, uint64_t request)
{
	struct draw	*d;

	TAILQ_FOREACH(d, &a->draws, next)
		if (d->stage == OFFERED && d->request == request &&
		    d->session->peer == p)
			return d;
	return NULL;
}

void
draw_taken(struct sessions *a, struct peer *p, uint64_t request,
    enum supply_status status, const char *words)
{
	struct draw	*d = find(a, p, request);

	if (d == NULL)
		return;		/* given up: the peer is told so */
	if (status != SUPPLY_OK) {
		void_keys(d, status, words);
		return;
	}
	d->stage = SETTLING;
	env_add(a->env, settle_run, settle_done, d);
}

/* ---- cut ---- */

/* Cut, bound, committed: the destination may have them now. */
static int
take_keys(struct draw *d, struct supply_answer *a)
{
	const struct ksa_conf	*c = d->all->env->conf;
	uint64_t		 last, wait;
	uint32_t		 place;

	d->keys = a->keys;
	a->keys = NULL;
	if ((d->told = a->origin != NULL))
		d->origin = *a->origin;
	wait = (uint64_t)c->session_answer_wait;
	d->deadline = mono_ms() + wait + SLACK_MS;
	last = d->started + (uint64_t)c->relay_wait + wait;
	if (d->deadline > last)
		d->deadline = last;
	d->ids = malloc(a->number * sizeof(*d->ids));
	if (d->ids == NULL)
		return -E_NO_MEMORY;
	memcpy(d->ids, a->ids, a->number * sizeof(*d->ids));
	return keyid_parse(d->ids[0], &d->request, &place);
}

static void
offer(struct draw *d)
{
	struct wire_keys	 k = { d->session->row.id, d->request,
				    (const uint8_t (*)[16])d->ids, d->number,
				    d->octets };
	int			 r;

	d->stage = OFFERED;
	/* Between applications of this node it may be refused, and on its
	 * way to be void, when this returns. */
	if ((r = sessionwire_offer(d->session->peer, &k)) < 0)
		void_keys(d, SUPPLY_UNAVAILABLE, r == -E_DOWN ?
		    "the KM of the destination application cannot be reached" :
		    err_text(r));
}

static void
on_cut(void *arg, struct supply_answer *a)
{
	struct draw	*d = arg;
	int		 r;

	d->cut = NULL;
	if (a->status != SUPPLY_OK) {
		give_back(d);
		call_answer(&d->call, a);
		draw_free(d);
		return;
	}
	if ((r = take_keys(d, a)) < 0) {	/* void by the next start */
		log_err("session keys not offered", "error=%s", err_name(r));
		call_fail(&d->call, SUPPLY_UNAVAILABLE, "%s", err_text(r));
		draw_free(d);
	} else if (d->gone)
		void_keys(d, SUPPLY_UNAVAILABLE,
		    "the source application has gone");
	else
		offer(d);
}

/* ---- calls ---- */

static struct supply_call *
refuse(struct supply_call *c, enum supply_status status, const char *words)
{
	call_fail(c, status, "%s", words);
	return NULL;
}

/* SUPPLY_OK, or why there is nothing to be had in this session. */
static enum supply_status
check(const struct sessions *a, const struct session *s,
    const struct session_draw *q, const char **why)
{
	*why = "there is no such session";
	if (s == NULL || s->row.state == SESSION_PROPOSED)
		return SUPPLY_NOT_FOUND;
	*why = "keys are drawn by the application that asked for the session";
	if (!s->row.source_here || strcmp(s->row.source, q->caller) != 0)
		return SUPPLY_UNAUTHORIZED;
	*why = "the session has ended";
	if (s->row.state == SESSION_ENDED && s->row.status == SUPPLY_REJECTED)
		*why = "the session has ended: it had all the keys that it "
		    "may have (number_of_keys)";
	if (s->row.state == SESSION_ENDED)
		return s->row.status == SUPPLY_REJECTED ? SUPPLY_REJECTED :
		    SUPPLY_EXPIRED;
	*why = "so many are more than the session may still have "
	    "(number_of_keys)";
	if (s->row.most > 0 && (q->number > s->row.most ||
	    s->row.drawn > s->row.most - q->number))
		return SUPPLY_REJECTED;
	*why = a->env->stopping ? "stopping" :
	    "the KM of the destination application cannot be reached";
	return a->env->stopping || (!s->peer->self && !peer_is_up(s->peer)) ?
	    SUPPLY_UNAVAILABLE : SUPPLY_OK;
}

static struct draw *
draw_new(struct sessions *a, struct session *s, const struct session_draw *q)
{
	struct draw	*d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->all = a;
	d->session = s;
	d->number = q->number;
	d->octets = q->octets;
	d->started = mono_ms();
	TAILQ_INSERT_TAIL(&a->draws, d, next);
	a->ndraws++;
	s->busy++;
	s->row.drawn += q->number;
	return d;
}

struct supply_call *
draw_start(struct sessions *a, const struct session_draw *q,
    supply_done *done, void *arg)
{
	struct supply_call	 c = { .done = done, .arg = arg }, *cut;
	struct session		*s = sessions_find(a, q->session);
	enum supply_status	 status;
	const char		*why;
	struct draw		*d;

	if ((status = check(a, s, q, &why)) != SUPPLY_OK)
		return refuse(&c, status, why);
	if ((d = draw_new(a, s, q)) == NULL)
		return refuse(&c, SUPPLY_UNAVAILABLE, "out of memory");
	call_init(&d->call, CALL_DRAW, a->env, done, arg);
	cut = enc_call(a->env, &(struct supply_request){
	    .master = s->row.source,
	    .slaves = (const char *const []){ s->row.destination },
	    .nslaves = 1, .number = q->number, .octets = q->octets,
	    .wish = q->wish, .session = s->row.id }, on_cut, d);
	if (cut == NULL)		/* answered, and d is gone */
		return NULL;
	d->cut = cut;
	return &d->call;
}

/* Keys that are being committed are void once they are. */
bool
draw_withdraw(struct supply_call *c)
{
	struct draw	*d = (struct draw *)c;

	c->done = NULL;
	d->gone = true;
	if (d->stage == OFFERED)
		void_keys(d, SUPPLY_UNAVAILABLE,
		    "the source application has gone");
	else if (d->stage == CUTTING && enc_withdraw(d->cut)) {
		give_back(d);
		draw_free(d);
	}
	return true;
}

/* ---- time, and the end ---- */

static void
on_deadline(struct draw *d)
{
	const struct peer	*p = d->session->peer;
	bool			 up = p->self || peer_is_up(p);

	void_keys(d, up ? SUPPLY_TIMEOUT : SUPPLY_UNAVAILABLE, up ?
	    "the destination application has not confirmed the keys" :
	    "the KM of the destination application cannot be reached");
}

void
draw_tick(struct sessions *a, uint64_t now)
{
	struct draw	*d;

	SESSIONS_EACH(d, &a->draws, a->ndraws) {
		SESSIONS_TURN(d, &a->draws);
		if (d->stage == OFFERED && now >= d->deadline)
			on_deadline(d);
	}
}

/* Those that are being written are answered when they are. */
void
draw_stop(struct sessions *a)
{
	struct draw	*d;

	SESSIONS_EACH(d, &a->draws, a->ndraws) {
		SESSIONS_TURN(d, &a->draws);
		if (d->stage == OFFERED)
			void_keys(d, SUPPLY_UNAVAILABLE, "stopping");
	}
}
