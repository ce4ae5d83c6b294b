/* plain.c - keys that plain peers bring; see plain.h. */
#include "plain.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "bridge.h"
#include "err.h"
#include "kx.h"
#include "kxfield.h"
#include "kxjson.h"
#include "kxplain.h"
#include "log.h"
#include "quiet.h"
#include "relayd.h"

#define TICK_MS		250
#define ANSWER_MS	8000	/* kma and ksa are given so long */
#define WAITING_MAX	64	/* relays of one peer that have no answer */
#define OVERHEAD	512

/* Keys that came, until what became of them is known. */
struct coming {
	struct kx_peer		*peer;
	uint64_t		 relay, deadline;
	uint32_t		 message_id;
	struct route		 route;
	char			 request[KXJSON_ID_MAX + 1];
	sae_id			 source, destination;
	uint8_t			*ids, *sizes;
	uint32_t		 n;
	struct secret		*keys;		/* NULL: kma has them */
	TAILQ_ENTRY(coming)	 next;
};

struct plain {
	struct relayd		*relayd;
	struct event		*tick;
	uint64_t		 serial;
	TAILQ_HEAD(, coming)	 coming;
	struct kx_plain		 in;		/* the frame being read */
};

static void
coming_free(struct plain *t, struct coming *c)
{
	TAILQ_REMOVE(&t->coming, c, next);
	secret_free(&c->keys);
	free(c->ids);
	free(c->sizes);
	free(c);
}

/* ---- answers ---- */

static void
put_done(struct relayd *r, struct kx_peer *p, uint32_t id,
    const char *response, const char *request, const struct route *route)
{
	static const struct msg_view	 no_mac = { NULL, 0 };
	size_t	 room = OVERHEAD + 6 * (strlen(response) + strlen(request)) +
		    (route != NULL ? kxfield_route_room(route) : 0), len;
	uint8_t	*payload;
	int	 e;

	if ((payload = kx_reserve(p, room, &e)) == NULL) {
		counters_drop(&r->counters, e);
		return;
	}
	len = kxjson_put_done(payload, room, response, request, route,
	    no_mac);
	kx_commit(p, id, KX_DONE, len);
	r->counters.completions_sent++;
}

static void
answer(struct relayd *r, struct coming *c, const char *response)
{
	bool	good = strcmp(response, "success") == 0;

	if (good)
		r->counters.plain_stored++;
	else
		r->counters.plain_refused++;
	if (!good && !quiet())
		log_notice("keys of a plain peer not taken", "peer=%s "
		    "request=%s response=%s", kx_name(c->peer),
		    log_quote(c->request), log_quote(response));
	put_done(r, c->peer, c->message_id, response, c->request, &c->route);
	coming_free(r->plain, c);
}

/* ---- from the peer ---- */

static unsigned
waiting(const struct plain *t, const struct kx_peer *p)
{
	const struct coming	*c;
	unsigned		 n = 0;

	TAILQ_FOREACH(c, &t->coming, next)
		n += c->peer == p;
	return n;
}

static void *
copy(const void *p, size_t octets)
{
	void	*q = malloc(octets);

	if (q != NULL)
		memcpy(q, p, octets);
	return q;
}

/* It takes the keys. */
static struct coming *
coming_new(struct plain *t, struct kx_peer *p, uint32_t id)
{
	struct kx_plain	*in = &t->in;
	struct coming	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	TAILQ_INSERT_TAIL(&t->coming, c, next);
	c->ids = copy(in->ids, in->n * sizeof(in->ids[0]));
	c->sizes = copy(in->sizes, in->n * sizeof(in->sizes[0]));
	if (c->ids == NULL || c->sizes == NULL) {
		coming_free(t, c);
		return NULL;
	}
	c->peer = p;
	c->relay = serial_next(&t->serial, 0);
	c->deadline = mono_ms() + ANSWER_MS;
	c->message_id = id;
	c->route = in->route;
	c->n = in->n;
	memcpy(c->request, in->request, sizeof(c->request));
	memcpy(c->source, in->source, sizeof(c->source));
	memcpy(c->destination, in->destination, sizeof(c->destination));
	c->keys = in->keys;
	in->keys = NULL;
	return c;
}

static bool
leads_here(const struct relayd *r, const struct kx_peer *p)
{
	const struct route	*route = &r->plain->in.route;

	return route->n == 2 && strcmp(route->km[0], kx_name(p)) == 0 &&
	    strcmp(route->km[1], r->conf->kme_id) == 0;
}

static const char *
take_in(struct relayd *r, struct kx_peer *p, uint32_t id)
{
	struct plain	*t = r->plain;
	struct coming	*c;

	if (!leads_here(r, p))
		return "bad_request: route does not lead here";
	if (waiting(t, p) >= WAITING_MAX)
		return "unavailable: too many relays at once";
	if ((c = coming_new(t, p, id)) == NULL)
		return "unavailable: out of memory";
	if (bridge_plain_came(r->bridge, kx_name(p), c->relay) < 0) {
		r->counters.dropped_kma_down++;
		coming_free(t, c);
		return "unavailable: key management is not running";
	}
	return NULL;
}

int
plain_relay(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const char **why)
{
	struct kx_plain	*in = &r->plain->in;
	const char	*response = NULL;
	int		 e;

	e = kxplain_read(in, f->payload, f->length, &response);
	if (e == -E_BAD_FORMAT) {
		*why = response;
		return e;
	}
	if (e == 0)
		response = take_in(r, p, f->message_id);
	secret_free(&in->keys);
	if (response == NULL)
		return 0;
	r->counters.plain_refused++;
	if (!quiet())
		log_warn("keys of a plain peer refused", "peer=%s request=%s "
		    "response=%s", kx_name(p), log_quote(in->request),
		    log_quote(response));
	put_done(r, p, f->message_id, response, in->request, NULL);
	return 0;
}

void
plain_refuse_relay(struct relayd *r, struct kx_peer *p,
    const struct frame *f, const char *why)
{
	struct kx_plain	*in = &r->plain->in;
	char		 response[MSG_TEXT_MAX + 1];
	const char	*ignored;

	/* Once more, for the request ID, if it can be read. */
	(void)kxplain_read(in, f->payload, f->length, &ignored);
	secret_free(&in->keys);
	snprintf(response, sizeof(response), "bad_request: %s", why);
	put_done(r, p, f->message_id, response, in->request, NULL);
}

/* ---- sessions: four messages cannot make one ---- */

static void
put_refusal(struct relayd *r, struct kx_peer *p, uint32_t id,
    const char *session, const char *response)
{
	size_t	 room = OVERHEAD + 6 * strlen(response), len;
	uint8_t	*payload;
	int	 e;

	if ((payload = kx_reserve(p, room, &e)) == NULL) {
		counters_drop(&r->counters, e);
		return;
	}
	len = kxplain_put_refusal(payload, room, session, response);
	kx_commit(p, id, KX_NOTIFIED, len);
	r->counters.session_refusals_sent++;
}

int
plain_notify(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const char **why)
{
	uuid_text	session;
	int		e;

	if ((e = kxplain_session(session, f->payload, f->length, why)) < 0)
		return e;
	put_refusal(r, p, f->message_id, session,
	    "rejected: there are no sessions with this peer");
	return 0;
}

void
plain_refuse_notify(struct relayd *r, struct kx_peer *p,
    const struct frame *f, const char *why)
{
	char		response[MSG_TEXT_MAX + 1];
	uuid_text	session;
	const char	*ignored;

	if (kxplain_session(session, f->payload, f->length, &ignored) < 0)
		session[0] = '\0';
	snprintf(response, sizeof(response), "bad_request: %s", why);
	put_refusal(r, p, f->message_id, session, response);
}

/* Nobody here asks for any. */
int
plain_notified(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const char **why)
{
	uuid_text	session;
	int		e;

	(void)p;
	e = kxplain_session(session, f->payload, f->length, why);
	r->counters.dropped_completions++;
	return e;
}

/* ---- from kma ---- */

static struct coming *
find(struct plain *t, const char *peer, uint64_t relay)
{
	struct coming	*c;

	TAILQ_FOREACH(c, &t->coming, next)
		if (c->relay == relay && strcmp(kx_name(c->peer), peer) == 0)
			return c;
	return NULL;
}

/* Once; what is given is wiped here. */
static void
give(struct relayd *r, struct ipc *ipc, uint64_t corr,
    const struct msg_plain_take *q)
{
	struct coming	*c = find(r->plain, q->peer, q->relay);
	struct msg	 m = { .id = MSG_plain_taken };

	if (c == NULL || c->keys == NULL) {
		(void)ipc_reply(ipc, corr, -E_NOT_FOUND, NULL);
		return;
	}
	memcpy(m.plain_taken.source, c->source, sizeof(c->source));
	memcpy(m.plain_taken.destination, c->destination,
	    sizeof(c->destination));
	m.plain_taken.ids = (struct msg_view){ c->ids, c->n * 16 };
	m.plain_taken.sizes = (struct msg_view){ c->sizes, c->n * 4 };
	m.plain_taken.keys = c->keys;
	(void)ipc_reply(ipc, corr, 0, &m);
	secret_free(&c->keys);
}

void
plain_from_kma(struct relayd *r, struct ipc *ipc, const struct msg *m)
{
	struct coming	*c;

	if (m->id == MSG_plain_take && m->kind == MSG_REQUEST)
		give(r, ipc, m->corr, &m->plain_take);
	else if (m->id == MSG_plain_answer && (c = find(r->plain,
	    m->plain_answer.peer, m->plain_answer.relay)) != NULL)
		answer(r, c, m->plain_answer.response);
	else if (m->id == MSG_plain_send)
		plainout_send(r, ipc, &m->plain_send);
}

/* ---- peers and time ---- */

void
plain_peer_up(struct relayd *r, struct kx_peer *p)
{
	bridge_plain_there(r->bridge, kx_name(p), true);
}

void
plain_peer_down(struct relayd *r, struct kx_peer *p)
{
	struct coming	*c, *next;

	for (c = TAILQ_FIRST(&r->plain->coming); c != NULL; c = next) {
		next = TAILQ_NEXT(c, next);
		if (c->peer == p)
			coming_free(r->plain, c);
	}
	plainout_down(r, p);
	bridge_plain_there(r->bridge, kx_name(p), false);
}

static void
tell(void *arg, struct kx_peer *p)
{
	bridge_plain_there(arg, kx_name(p), kx_is_up(p));
}

void
plain_tell_ksa(struct relayd *r)
{
	kx_each_plain(r->kx, tell, r->bridge);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct plain	*t = arg;
	struct coming	*c;

	(void)fd, (void)what;
	while ((c = TAILQ_FIRST(&t->coming)) != NULL &&
	    mono_ms() >= c->deadline)
		answer(t->relayd, c, "timeout: key management or key supply "
		    "did not answer");
}

int
plain_new(struct plain **out, struct relayd *r)
{
	struct timeval	 tv = { 0, TICK_MS * 1000 };
	struct plain	*t;

	if ((*out = t = calloc(1, sizeof(*t))) == NULL)
		return -E_NO_MEMORY;
	TAILQ_INIT(&t->coming);
	t->relayd = r;
	t->tick = event_new(r->base, -1, EV_PERSIST, on_tick, t);
	if (t->tick == NULL || event_add(t->tick, &tv) < 0 ||
	    plainout_new(&r->plainout, r) < 0) {
		plain_free(out);
		return -E_NO_MEMORY;
	}
	return 0;
}

void
plain_free(struct plain **out)
{
	struct plain	*t = *out;

	if (t == NULL)
		return;
	while (!TAILQ_EMPTY(&t->coming))
		coming_free(t, TAILQ_FIRST(&t->coming));
	if (t->tick != NULL)
		event_free(t->tick);
	plainout_free(&t->relayd->plainout);
	free(t);
	*out = NULL;
}
