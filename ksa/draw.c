/* draw.c - keys of a session, at the source: cut and offered. */
#include "ksa/draw.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/drawint.h"
#include "ksa/enc.h"
#include "ksa/sessionend.h"
#include "ksa/sessionwire.h"
#include "log.h"

#define SLACK_MS	1000	/* so that the other half's reason gets here */
#define MARGIN_MS	250	/* for a tick and two commits */

void
draw_free(struct draw *d)
{
	struct sessions	*a = d->all;
	struct session	*s = d->session;

	TAILQ_REMOVE(&a->draws, d, next);
	a->ndraws--;
	s->busy--;
	s->draws--;
	s->used = mono_ms();
	hold_give(a, s->peer, HOLD_DRAWS, (uint64_t)d->number * d->octets);
	secret_free(&d->keys);
	free(d->ids);
	free(d);
	sessionend_at_limit(a, s);
}

void
draw_give_back(struct draw *d)
{
	struct session_row	*row = &d->session->row;

	row->drawn -= row->drawn < d->number ? row->drawn : d->number;
}

/* ---- the destination's word ---- */

/* It is not waited for any more. */
static void
leave_offered(struct draw *d)
{
	HASH_DEL(d->all->offered, d);
}

void
draw_taken(struct sessions *a, struct peer *p,
    const uint8_t session[SESSION_ID], uint64_t request,
    enum supply_status status, const char *words)
{
	/* model: session draw_taken */
	struct session_key	 k = { p->id, request };
	struct draw		*d;

	HASH_FIND(hh, a->offered, &k, sizeof(k), d);
	if (d == NULL || memcmp(d->session->row.id, session, SESSION_ID) != 0)
		return;		/* given up: the peer is told so */
	leave_offered(d);
	if (status == SUPPLY_OK)
		drawend_settle(d);
	else if (status == SUPPLY_NOT_FOUND || status == SUPPLY_EXPIRED) {
		/* There it is over, or was lost with the store. */
		sessionend(a, d->session, SUPPLY_EXPIRED, true);
		drawend_void(d, SUPPLY_EXPIRED, "the session has ended");
	} else
		drawend_void(d, status, words);
}

static void
give_up(struct draw *d, enum supply_status status, const char *words)
{
	leave_offered(d);
	drawend_void(d, status, words);
}

/* ---- cut ---- */

/* Not later than whoever asked was promised an answer. */
static uint64_t
deadline(const struct draw *d)
{
	const struct ksa_conf	*c = d->all->env->conf;
	uint64_t		 wait = (uint64_t)c->session_answer_wait;
	uint64_t		 margin = wait / 4 < MARGIN_MS ? wait / 4 :
				    MARGIN_MS;
	uint64_t		 soon = mono_ms() + wait + SLACK_MS;
	uint64_t		 last = d->started + (uint64_t)c->relay_wait +
				    wait - margin;

	return soon < last ? soon : last;
}

/* Cut, bound, committed: the destination may have them now. */
static int
take_keys(struct draw *d, struct supply_answer *a)
{
	uint32_t	place;

	d->keys = a->keys;
	a->keys = NULL;
	if ((d->told = a->origin != NULL))
		d->origin = *a->origin;
	memcpy(d->ids, a->ids, a->number * sizeof(*d->ids));
	d->key.peer = d->session->peer->id;
	return keyid_parse(d->ids[0], &d->key.request, &place);
}

static void
offer(struct draw *d)
{
	struct wire_keys	 k = { d->session->row.id, d->key.request,
				    (const uint8_t (*)[16])d->ids, d->number,
				    d->octets };
	int			 r;

	d->stage = DRAW_OFFERED;
	d->deadline = deadline(d);
	HASH_ADD(hh, d->all->offered, key, sizeof(d->key), d);
	/* Between applications of this node it may be refused, and on its
	 * way to be void, when this returns. */
	if ((r = sessionwire_offer(d->session->peer, &k)) < 0)
		give_up(d, SUPPLY_UNAVAILABLE, r == -E_DOWN ?
		    "the KM of the destination application cannot be reached" :
		    err_text(r));
}

static void
on_cut(void *arg, struct supply_answer *a)
{
	/* model: session on_cut */
	struct draw	*d = arg;
	int		 r;

	d->cut = NULL;
	if (a->status != SUPPLY_OK) {
		draw_give_back(d);
		call_answer(&d->call, a);
		draw_free(d);
	} else if ((r = take_keys(d, a)) < 0) {	/* no key_ID of ours? */
		log_err("session keys not offered", "error=%s", err_name(r));
		call_fail(&d->call, SUPPLY_UNAVAILABLE, "%s", err_text(r));
		draw_free(d);
	} else if (d->gone || d->all->env->stopping)
		drawend_void(d, SUPPLY_UNAVAILABLE, d->gone ?
		    "the source application has gone" : "stopping");
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
	*why = "the session has ended: it had all the keys that it may have "
	    "(number_of_keys)";
	if (s->row.state == SESSION_ENDED && s->row.status == SUPPLY_REJECTED)
		return SUPPLY_REJECTED;
	*why = "the session has ended";
	if (s->row.state == SESSION_ENDED || sessionend_is_due(a, s))
		return SUPPLY_EXPIRED;
	*why = "so many are more than the session may still have "
	    "(number_of_keys)";
	if (s->row.most > 0 && (q->number > s->row.most ||
	    s->row.drawn > s->row.most - q->number))
		return SUPPLY_REJECTED;
	*why = "too many requests of the session wait (max_waiting)";
	if (s->draws >= (uint64_t)a->env->conf->max_waiting)
		return SUPPLY_UNAVAILABLE;
	*why = a->env->stopping ? "stopping" :
	    "the KM of the destination application cannot be reached";
	return a->env->stopping || (!s->peer->self && !peer_is_up(s->peer)) ?
	    SUPPLY_UNAVAILABLE : SUPPLY_OK;
}

/* NULL, and why. */
static struct draw *
draw_new(struct sessions *a, struct session *s, const struct session_draw *q,
    const char **why)
{
	struct draw	*d = calloc(1, sizeof(*d));

	*why = "out of memory";
	if (d == NULL || (d->ids = calloc(q->number,
	    sizeof(*d->ids))) == NULL) {
		free(d);
		return NULL;
	}
	*why = "too many keys wait to be confirmed (locked_memory)";
	if (!hold_take(a, s->peer, HOLD_DRAWS,
	    (uint64_t)q->number * q->octets)) {
		free(d->ids);
		free(d);
		return NULL;
	}
	d->all = a;
	d->session = s;
	d->number = q->number;
	d->octets = q->octets;
	d->started = mono_ms();
	TAILQ_INSERT_TAIL(&a->draws, d, next);
	a->ndraws++;
	s->busy++;
	s->draws++;
	s->row.drawn += q->number;
	return d;
}

struct supply_call *
draw_start(struct sessions *a, const struct session_draw *q,
    supply_done *done, void *arg)
{
	/* model: session draw */
	struct supply_call	 c = { .done = done, .arg = arg }, *cut;
	struct session		*s = sessions_find(a, q->session);
	enum supply_status	 status;
	const char		*why;
	struct draw		*d;

	if ((status = check(a, s, q, &why)) != SUPPLY_OK)
		return refuse(&c, status, why);
	if ((d = draw_new(a, s, q, &why)) == NULL)
		return refuse(&c, SUPPLY_UNAVAILABLE, why);
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
	/* model: session draw_withdraw */
	struct draw	*d = (struct draw *)c;

	c->done = NULL;
	d->gone = true;
	if (d->stage == DRAW_OFFERED)
		give_up(d, SUPPLY_UNAVAILABLE,
		    "the source application has gone");
	else if (d->stage == DRAW_CUTTING && enc_withdraw(d->cut)) {
		draw_give_back(d);
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

	give_up(d, up ? SUPPLY_TIMEOUT : SUPPLY_UNAVAILABLE, up ?
	    "the destination application has not confirmed the keys" :
	    "the KM of the destination application cannot be reached");
}

void
draw_tick(struct sessions *a, uint64_t now)
{
	struct draw	*d;

	SESSIONS_EACH(d, &a->draws, a->ndraws) {
		SESSIONS_TURN(d, &a->draws);
		if (d->stage == DRAW_OFFERED && now >= d->deadline)
			on_deadline(d);
		else if (d->stage == DRAW_STUCK && now >= d->deadline)
			drawend_again(d);
	}
}

/* Those that are being written are answered when they are; what could not be
 * is void at the next start. */
void
draw_stop(struct sessions *a)
{
	struct draw	*d;

	SESSIONS_EACH(d, &a->draws, a->ndraws) {
		SESSIONS_TURN(d, &a->draws);
		if (d->stage == DRAW_OFFERED)
			give_up(d, SUPPLY_UNAVAILABLE, "stopping");
		else if (d->stage == DRAW_STUCK) {
			draw_give_back(d);
			draw_free(d);
		}
	}
}
