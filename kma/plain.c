#include "kma/plain.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "kma/conf.h"
#include "kma/kma.h"
#include "log.h"
#include "quiet.h"

#define TAKE_MS		5000	/* relayd is there, or it is not */

static struct { uint64_t in, refused; } count;

/* ksa asked; relayd is asked. */
struct fetching {
	struct kma	*kma;
	uint64_t	 corr;
	const struct kma_plain_conf *peer;
	sae_id		 destination;	/* if the peer named nobody */
};

const struct kma_plain_conf *
plain_peer(const char *km)
{
	const struct kma_plain_conf	*p = kma_conf.plain_peers.v;

	for (size_t i = 0; i < kma_conf.plain_peers.n; i++)
		if (strcmp(p[i].kme_id, km) == 0)
			return &p[i];
	return NULL;
}

/* Applications of this node. None are listed: any. */
bool
plain_serves(const struct kma_plain_conf *p, const char *sae)
{
	for (size_t i = 0; i < p->applications.n; i++)
		if (strcmp(p->applications.v[i], sae) == 0)
			return true;
	return p->applications.n == 0;
}

static void
answer(struct kma *k, const char *peer, uint64_t relay, const char *response)
{
	struct msg	m = { .id = MSG_plain_answer };

	if (strcmp(response, "success") == 0)
		count.in++;
	else
		count.refused++;
	strcpy(m.plain_answer.peer, peer);
	m.plain_answer.relay = relay;
	snprintf(m.plain_answer.response, sizeof(m.plain_answer.response),
	    "%s", response);
	(void)ipc_send(k->relayd, &m);
}

/* ---- keys that come ---- */

static void
came(struct kma *k, const struct msg_plain_came *m)
{
	struct msg	ready = { .id = MSG_plain_ready };

	if (plain_peer(m->peer) == NULL) {
		if (!quiet())
			log_warn("keys in clear of a KM that is no plain peer "
			    "here", "peer=%s remedy=\"plain_peers of "
			    "kma.conf\"", m->peer);
		answer(k, m->peer, m->relay,
		    "unauthorized: not a plain peer of this KM");
		return;
	}
	strcpy(ready.plain_ready.peer, m->peer);
	ready.plain_ready.relay = m->relay;
	if (!ipc_is_up(k->ksa) || ipc_send(k->ksa, &ready) < 0)
		answer(k, m->peer, m->relay,
		    "unavailable: key supply is not running");
}

static int
check(const struct fetching *f, const struct msg_plain_taken *t)
{
	const char	*sae = t->destination[0] != '\0' ? t->destination :
			    f->destination;

	if (t->keys == NULL || t->ids.len == 0 || t->ids.len % 16 != 0 ||
	    t->sizes.len != t->ids.len / 4)
		return -E_BAD_FORMAT;
	return plain_serves(f->peer, sae) ? 0 : -E_DENIED;
}

static void
taken(void *arg, int r, struct msg *m)
{
	struct fetching	*f = arg;
	struct msg	 out = { .id = MSG_plain_fetched };

	if (r == 0 && m->id != MSG_plain_taken)
		r = -E_BAD_FORMAT;
	if (r == 0)
		r = check(f, &m->plain_taken);
	if (r == 0) {
		out.plain_fetched.ids = m->plain_taken.ids;
		out.plain_fetched.sizes = m->plain_taken.sizes;
		memcpy(out.plain_fetched.source, m->plain_taken.source,
		    sizeof(out.plain_fetched.source));
		memcpy(out.plain_fetched.destination,
		    m->plain_taken.destination,
		    sizeof(out.plain_fetched.destination));
		out.plain_fetched.keys = m->plain_taken.keys;
	}
	if (f->kma->ksa != NULL)	/* else we are ending */
		(void)ipc_reply(f->kma->ksa, f->corr, r,
		    r == 0 ? &out : NULL);
	free(f);
}

static void
fetch(struct kma *k, uint64_t corr, const struct msg_plain_fetch *q)
{
	struct msg		 m = { .id = MSG_plain_take };
	struct fetching		*f = NULL;
	const struct kma_plain_conf *p = plain_peer(q->peer);
	int			 r = -E_DENIED;

	if (p == NULL)
		goto fail;
	r = -E_DOWN;
	if (!ipc_is_up(k->relayd) || (f = calloc(1, sizeof(*f))) == NULL)
		goto fail;
	*f = (struct fetching){ .kma = k, .corr = corr, .peer = p };
	memcpy(f->destination, q->destination, sizeof(f->destination));
	strcpy(m.plain_take.peer, q->peer);
	m.plain_take.relay = q->relay;
	if ((r = ipc_request(k->relayd, &m, TAKE_MS, taken, f)) == 0)
		return;
fail:
	free(f);
	(void)ipc_reply(k->ksa, corr, r, NULL);
}

/* ---- messages ---- */

void
plain_from_relayd(struct kma *k, const struct msg *m)
{
	if (m->id == MSG_plain_came && !k->stopping)
		came(k, &m->plain_came);
	else if (m->id == MSG_plain_load && m->kind == MSG_REQUEST)
		plainout_load(k, m->corr, &m->plain_load);
	else if (m->id == MSG_plain_sent)
		plainout_sent(k, &m->plain_sent);
}

void
plain_from_ksa(struct kma *k, const struct msg *m)
{
	if (m->id == MSG_plain_fetch && m->kind == MSG_REQUEST)
		fetch(k, m->corr, &m->plain_fetch);
	else if (m->id == MSG_plain_draw && m->kind == MSG_REQUEST)
		plainout_draw(k, m->corr, &m->plain_draw);
	else if (m->id == MSG_plain_stored)
		answer(k, m->plain_stored.peer, m->plain_stored.relay,
		    m->plain_stored.response);
}

json_t *
plain_status(void)
{
	json_t				*peers = json_array();
	const struct kma_plain_conf	*p = kma_conf.plain_peers.v;

	for (size_t i = 0; i < kma_conf.plain_peers.n; i++)
		json_array_append_new(peers, json_string(p[i].kme_id));
	return json_pack("{s:o, s:I, s:I, s:I}", "peers", peers,
	    "messages_taken", (json_int_t)count.in,
	    "messages_refused", (json_int_t)count.refused,
	    "requests_sent", (json_int_t)plainout_count());
}
