/*
 * plainout.c - keys for an application of a plain peer: drawn here, given to
 * relayd once, and to ksa when the peer has said that it has them. Whatever
 * else happens they are wiped. Nothing is on disk: what a life of kma has not
 * finished no other sends again.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "err.h"
#include "kma/conf.h"
#include "kma/kma.h"
#include "kma/plain.h"
#include "log.h"

#define KEY_OCTETS_MAX	8192
#define SENDING_MAX	1024

struct sending {
	struct kma		*kma;
	uint64_t		 corr, relay, deadline;
	km_id			 peer;
	sae_id			 source, destination;
	uint8_t			*ids;
	size_t			 idslen;
	uint32_t		 octets;
	struct secret		*keys;
	bool			 loaded;
	LIST_ENTRY(sending)	 next;
};

static LIST_HEAD(, sending) sendings = LIST_HEAD_INITIALIZER(sendings);
static unsigned		nsendings;
static uint64_t		life, serial, taken;

static void
sending_free(struct sending *s)
{
	secret_free(&s->keys);
	free(s->ids);
	free(s);
}

/* With the keys only if the peer has them. */
static void
end(struct sending *s, const char *response)
{
	struct msg	m = { .id = MSG_plain_drawn };
	bool		good = strcmp(response, "success") == 0;

	LIST_REMOVE(s, next);
	nsendings--;
	taken += good;
	snprintf(m.plain_drawn.response, sizeof(m.plain_drawn.response),
	    "%s", response);
	m.plain_drawn.keys = good ? s->keys : NULL;
	(void)ipc_reply(s->kma->ksa, s->corr, 0, &m);
	sending_free(s);
}

static void
refuse(struct kma *k, uint64_t corr, const char *response)
{
	struct msg	m = { .id = MSG_plain_drawn };

	snprintf(m.plain_drawn.response, sizeof(m.plain_drawn.response),
	    "%s", response);
	(void)ipc_reply(k->ksa, corr, 0, &m);
}

/* ---- ksa ---- */

void
plainout_ksa_up(struct kma *k)
{
	struct msg	m = { .id = MSG_plain_life };

	if (life == 0)
		life = serial_next(&serial, 0);
	m.plain_life.life = life;
	(void)ipc_send(k->ksa, &m);
}

static const char *
check(struct kma *k, const struct msg_plain_draw *q)
{
	const struct kma_plain_conf	*p = plain_peer(q->peer);

	if (p == NULL)
		return "unauthorized: not a plain peer in kma.conf";
	if (!plain_serves(p, q->source))
		return "unauthorized: kma.conf does not let this application "
		    "have keys with the plain peer";
	if (q->life != life || life == 0)
		return "unavailable: kma was started anew";
	if (k->stopping || !ipc_is_up(k->relayd))
		return "unavailable: relayd is not connected to kma";
	if (q->ids.len == 0 || q->ids.len % 16 != 0 || q->octets == 0 ||
	    q->octets > KEY_OCTETS_MAX)
		return "too_large: keys of at most 65536 bits";
	return nsendings < SENDING_MAX ? NULL :
	    "unavailable: too many requests for plain peers";
}

static struct sending *
sending_new(struct kma *k, uint64_t corr, const struct msg_plain_draw *q)
{
	struct sending	*s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->keys = secret_random(q->ids.len / 16 * q->octets);
	if (s->keys == NULL || (s->ids = malloc(q->ids.len)) == NULL) {
		sending_free(s);
		return NULL;
	}
	memcpy(s->ids, q->ids.p, q->ids.len);
	s->idslen = q->ids.len;
	s->octets = q->octets;
	s->kma = k;
	s->corr = corr;
	s->relay = serial_next(&serial, 0);
	s->deadline = mono_ms() + q->wait;
	memcpy(s->peer, q->peer, sizeof(s->peer));
	memcpy(s->source, q->source, sizeof(s->source));
	memcpy(s->destination, q->destination, sizeof(s->destination));
	LIST_INSERT_HEAD(&sendings, s, next);
	nsendings++;
	return s;
}

void
plainout_draw(struct kma *k, uint64_t corr, const struct msg_plain_draw *q)
{
	struct msg	 m = { .id = MSG_plain_send };
	const char	*why = check(k, q);
	struct sending	*s;

	if (why == NULL && (s = sending_new(k, corr, q)) == NULL)
		why = "unavailable: too little locked memory is free in kma";
	if (why != NULL) {
		refuse(k, corr, why);
		return;
	}
	memcpy(m.plain_send.peer, s->peer, sizeof(s->peer));
	m.plain_send.relay = s->relay;
	if (ipc_send(k->relayd, &m) < 0)
		end(s, "unavailable: relayd is not connected to kma");
}

/* ---- relayd ---- */

static struct sending *
find(const char *peer, uint64_t relay)
{
	struct sending	*s;

	LIST_FOREACH(s, &sendings, next)
		if (s->relay == relay && strcmp(s->peer, peer) == 0)
			return s;
	return NULL;
}

void
plainout_load(struct kma *k, uint64_t corr, const struct msg_plain_load *q)
{
	struct sending	*s = find(q->peer, q->relay);
	struct msg	 m = { .id = MSG_plain_loaded };

	if (s == NULL || s->loaded) {
		(void)ipc_reply(k->relayd, corr, -E_GONE, NULL);
		return;
	}
	s->loaded = true;
	memcpy(m.plain_loaded.source, s->source, sizeof(s->source));
	memcpy(m.plain_loaded.destination, s->destination,
	    sizeof(s->destination));
	m.plain_loaded.ids = (struct msg_view){ s->ids, s->idslen };
	m.plain_loaded.octets = s->octets;
	m.plain_loaded.keys = s->keys;
	if (ipc_reply(k->relayd, corr, 0, &m) < 0)
		end(s, "unavailable: relayd does not take the keys");
}

void
plainout_sent(struct kma *k, const struct msg_plain_sent *m)
{
	struct sending	*s = find(m->peer, m->relay);

	(void)k;
	if (s == NULL)
		return;			/* late: the keys are void */
	if (!s->loaded && strcmp(m->response, "success") == 0)
		log_err("relayd says that keys were taken which it has not",
		    "peer=%s", m->peer);
	else
		end(s, m->response);
}

void
plainout_down(struct kma *k)
{
	(void)k;
	while (!LIST_EMPTY(&sendings))
		end(LIST_FIRST(&sendings), "unavailable: relayd is gone");
}

void
plainout_tick(struct kma *k)
{
	struct sending	*s, *next;
	uint64_t	 now = mono_ms();

	(void)k;
	for (s = LIST_FIRST(&sendings); s != NULL; s = next) {
		next = LIST_NEXT(s, next);
		if (now >= s->deadline)
			end(s, "timeout: it did not answer");
	}
}

void
plainout_free(struct kma *k)
{
	if (k->ksa == NULL)
		return;
	while (!LIST_EMPTY(&sendings))
		end(LIST_FIRST(&sendings), "unavailable: kma is stopping");
}

uint64_t
plainout_count(void)
{
	return taken;
}
