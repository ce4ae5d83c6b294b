/*
 * plainout.c - keys of kma for plain peers: a request of an application is as
 * many key relay messages as it needs, and complete when all are. If one
 * fails all fail; nothing is ever sent again.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "bridge.h"
#include "err.h"
#include "kx.h"
#include "kxjson.h"
#include "kxplain.h"
#include "log.h"
#include "plain.h"
#include "quiet.h"
#include "relayd.h"

#define LOAD_MS		5000
#define FORGET_MS	60000	/* kma has long given up */

struct part {			/* one message */
	uint32_t		 message_id;
	uuid_text		 request;
	bool			 done;
};

struct going {
	struct relayd		*relayd;
	struct kx_peer		*peer;
	uint64_t		 relay, forget;
	uint32_t		 nparts, left;
	struct part		*parts;
	TAILQ_ENTRY(going)	 next;
};

struct plainout { TAILQ_HEAD(, going) going; };

static void
going_free(struct going *g)
{
	TAILQ_REMOVE(&g->relayd->plainout->going, g, next);
	free(g->parts);
	free(g);
}

static void
end(struct going *g, const char *response)
{
	struct counters	*c = &g->relayd->counters;
	bool		 good = strcmp(response, "success") == 0;

	if (good)
		c->plain_sent++;
	else
		c->plain_failed++;
	if (!good && !quiet())
		log_notice("a plain peer has not taken keys", "peer=%s "
		    "response=%s", kx_name(g->peer), log_quote(response));
	(void)bridge_plain_sent(g->relayd->bridge, kx_name(g->peer),
	    g->relay, response);
	going_free(g);
}

/* ---- from kma ---- */

static int
put(struct going *g, struct part *part, struct kx_plain_out *m)
{
	size_t	 room = kxplain_room(m), len;
	uint8_t	*payload;
	int	 e;

	if (uuid_random(part->request) < 0)
		return -E_RANDOM;
	m->request = part->request;
	if ((payload = kx_reserve(g->peer, room, &e)) == NULL)
		return e;
	if ((len = kxplain_put(payload, room, m)) == 0)
		return -E_TOO_LARGE;
	part->message_id = kx_next_id(g->peer);
	kx_commit(g->peer, part->message_id, KX_RELAY, len);
	return 0;
}

static int
put_all(struct going *g, const struct msg_plain_loaded *l)
{
	static struct route	route;
	uint32_t		all = (uint32_t)(l->ids.len / 16), at = 0;
	struct kx_plain_out	m = { &route, "01234567-89ab-4def-8123-"
	    "456789abcdef", l->source, l->destination, l->ids.p, NULL, 0,
	    l->octets };
	uint32_t		most;
	int			e = 0;

	route.n = 2;
	strcpy(route.km[0], g->relayd->conf->kme_id);
	strcpy(route.km[1], kx_name(g->peer));
	most = kxplain_most(&m);
	if (all == 0 || l->octets == 0 || most == 0 || l->keys == NULL ||
	    l->keys->len != (size_t)all * l->octets)
		return -E_TOO_LARGE;
	g->nparts = g->left = (all + most - 1) / most;
	if ((g->parts = calloc(g->nparts, sizeof(*g->parts))) == NULL)
		return -E_NO_MEMORY;
	for (uint32_t i = 0; e == 0 && i < g->nparts; i++, at += m.n) {
		m.n = all - at < most ? all - at : most;
		m.ids = l->ids.p + (size_t)at * 16;
		m.keys = l->keys->bytes + (size_t)at * l->octets;
		e = put(g, &g->parts[i], &m);
	}
	return e;
}

/* The peer may have gone meanwhile, and g with it. */
struct loading { struct relayd *relayd; km_id peer; uint64_t relay; };

static struct going *
find(struct relayd *r, const char *peer, uint64_t relay)
{
	struct going	*g;

	TAILQ_FOREACH(g, &r->plainout->going, next)
		if (g->relay == relay && strcmp(kx_name(g->peer), peer) == 0)
			return g;
	return NULL;
}

static void
loaded(void *arg, int e, struct msg *m)
{
	struct loading	*l = arg;
	struct going	*g = l->relayd->plainout == NULL ? NULL :
			    find(l->relayd, l->peer, l->relay);

	free(l);
	if (g == NULL)
		return;
	if (e < 0 || m->id != MSG_plain_loaded) {
		going_free(g);		/* kma has given it up */
		return;
	}
	if ((e = put_all(g, &m->plain_loaded)) < 0) {
		counters_drop(&g->relayd->counters, e);
		end(g, e == -E_TOO_LARGE ? "too_large: a key and its names do "
		    "not fit into a frame" : e == -E_DOWN ?
		    "unavailable: not connected" :
		    "unavailable: it does not read");
	}
}

static struct going *
going_new(struct relayd *r, struct kx_peer *p, uint64_t relay)
{
	struct going	*g;

	while ((g = TAILQ_FIRST(&r->plainout->going)) != NULL &&
	    mono_ms() >= g->forget)
		going_free(g);
	if ((g = calloc(1, sizeof(*g))) == NULL)
		return NULL;
	g->relayd = r;
	g->peer = p;
	g->relay = relay;
	g->forget = mono_ms() + FORGET_MS;
	TAILQ_INSERT_TAIL(&r->plainout->going, g, next);
	return g;
}

void
plainout_send(struct relayd *r, struct ipc *ipc,
    const struct msg_plain_send *s)
{
	struct kx_peer	*p = kx_find_plain(r->kx, s->peer);
	struct msg	 m = { .id = MSG_plain_load };
	struct loading	*l;
	struct going	*g;

	if (p == NULL || !kx_is_up(p)) {
		r->counters.plain_failed++;
		(void)bridge_plain_sent(r->bridge, s->peer, s->relay,
		    p == NULL ? "unavailable: not a plain peer in relayd.conf"
		    : "unavailable: not connected");
		return;
	}
	if ((l = calloc(1, sizeof(*l))) == NULL ||
	    (g = going_new(r, p, s->relay)) == NULL) {
		free(l);
		return;			/* kma gives it up */
	}
	l->relayd = r;
	l->relay = m.plain_load.relay = s->relay;
	strcpy(l->peer, s->peer);
	strcpy(m.plain_load.peer, s->peer);
	if (ipc_request(ipc, &m, LOAD_MS, loaded, l) < 0) {
		free(l);
		going_free(g);
	}
}

/* ---- from the peer ---- */

/* Another house need not repeat MessageIDs: the request's ID counts. */
static struct going *
answered(struct relayd *r, const struct kx_peer *p, uint32_t id,
    const char *request, struct part **part)
{
	struct going	*g;

	TAILQ_FOREACH(g, &r->plainout->going, next)
		for (uint32_t i = 0; g->peer == p && i < g->nparts; i++) {
			*part = &g->parts[i];
			if (request[0] != '\0' ? strcasecmp(request,
			    (*part)->request) == 0 :
			    (*part)->message_id == id)
				return g;
		}
	return NULL;
}

int
plainout_done(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const char **why)
{
	struct kx_done	 d;
	struct part	*part;
	struct going	*g;
	int		 e;

	if ((e = kxplain_done(&d, f->payload, f->length, why)) < 0)
		return e;
	g = answered(r, p, f->message_id, d.request, &part);
	if (g == NULL || part->done) {	/* late, or nobody's */
		r->counters.dropped_completions++;
		return 0;
	}
	part->done = true;
	if (strcmp(d.response, "success") != 0)
		end(g, d.response[0] == '\0' ? "rejected: no reason" :
		    d.response);
	else if (--g->left == 0)
		end(g, "success");
	return 0;
}

void
plainout_down(struct relayd *r, struct kx_peer *p)
{
	struct going	*g, *next;

	for (g = TAILQ_FIRST(&r->plainout->going); g != NULL; g = next) {
		next = TAILQ_NEXT(g, next);
		if (g->peer == p)
			end(g, "unavailable: the connection was lost");
	}
}

/* ---- life ---- */

int
plainout_new(struct plainout **out, struct relayd *r)
{
	(void)r;
	if ((*out = calloc(1, sizeof(**out))) == NULL)
		return -E_NO_MEMORY;
	TAILQ_INIT(&(*out)->going);
	return 0;
}

void
plainout_free(struct plainout **out)
{
	struct going	*g;

	if (*out == NULL)
		return;
	while ((g = TAILQ_FIRST(&(*out)->going)) != NULL)
		going_free(g);
	free(*out);
	*out = NULL;
}
