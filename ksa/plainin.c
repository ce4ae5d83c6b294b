/* plainin.c - keys that a plain peer brings: fetched from kma, onto the disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "err.h"
#include "ksa/binding.h"
#include "ksa/bindings.h"
#include "ksa/keyid.h"
#include "ksa/peer.h"
#include "ksa/place.h"
#include "ksa/plain.h"
#include "ksa/record.h"
#include "log.h"

#define FETCH_MS	5000

struct incoming {
	struct env		*env;
	struct plain_peer	*peer;
	uint64_t		 relay;
	uint32_t		 n;
	struct plain_row	*rows;
	struct secret		*keys;
};

static void
incoming_free(struct incoming *in)
{
	secret_free(&in->keys);
	free(in->rows);
	free(in);
}

static void
tell(struct env *env, const char *km, uint64_t relay, const char *response)
{
	struct msg	m = { .id = MSG_plain_stored };

	strcpy(m.plain_stored.peer, km);
	m.plain_stored.relay = relay;
	snprintf(m.plain_stored.response, sizeof(m.plain_stored.response),
	    "%s", response);
	if (env->ops->note(env->arg, &m) < 0)
		log_warn("a plain peer is not answered: kma is away",
		    "peer=%s", km);
}

static void
refuse(struct incoming *in, const char *response)
{
	in->peer->refused++;
	tell(in->env, in->peer->conf->kme_id, in->relay, response);
	incoming_free(in);
}

/* ---- the job ---- */

/* The ID could be one that the KSAs of our nodes made. */
static int
check_ours(struct env *env, struct side *s, const uint8_t id[PLAIN_ID])
{
	struct binding	*b = NULL;
	uint64_t	 request;
	uint32_t	 place;
	bool		 hit = false;

	if (keyid_parse(id, &request, &place) < 0)
		return 0;
	for (size_t i = 0; !hit && i < env->npeers; i++) {
		int64_t	peer = env->peers[i]->id;

		hit = bindings_get_received(s, peer, request, &b) == 0 &&
		    keyid_check(id, b->seed) == 0;
		binding_free(&b);
		hit = hit || (bindings_get_issued(s, peer, request,
		    &b) == 0 && keyid_check(id, b->seed) == 0);
		binding_free(&b);
	}
	return hit ? -E_EXISTS : 0;
}

static int
record_incoming(struct incoming *in, struct side *s)
{
	struct audit_row row = { .event = AUDIT_BOUND,
	    .source = in->rows[0].master, .destination = in->rows[0].slave,
	    .octets = in->rows[0].octets };
	uint8_t	(*ids)[PLAIN_ID] = calloc(in->n, sizeof(*ids));
	int	r;

	if (ids == NULL)
		return -E_NO_MEMORY;
	for (uint32_t i = 0; i < in->n; i++)
		memcpy(ids[i], in->rows[i].id, PLAIN_ID);
	r = record_plain(s, &row, in->peer->conf->kme_id,
	    (const uint8_t (*)[PLAIN_ID])ids, in->n);
	free(ids);
	return r;
}

static int
store_run(struct db *db, void *arg)
{
	struct incoming	*in = arg;
	struct side	*s = keystore_writer(in->env->store);
	const uint8_t	*octets = in->keys->bytes;
	int		 r = 0;

	(void)db;
	for (uint32_t i = 0; r == 0 && i < in->n; i++) {
		if ((r = check_ours(in->env, s, in->rows[i].id)) == 0)
			r = plainstore_add(s, &in->rows[i], octets);
		octets += in->rows[i].octets;
	}
	return r < 0 ? r : record_incoming(in, s);
}

static void
store_done(void *arg, int r)
{
	struct incoming	*in = arg;

	if (r < 0) {
		if (r != -E_EXISTS)
			log_err("keys of a plain peer not stored", "peer=%s "
			    "keys=%u error=%s", in->peer->conf->kme_id,
			    in->n, err_name(r));
		refuse(in, r == -E_EXISTS ?
		    "rejected: a key_ID is known already" :
		    "unavailable: the key store cannot be written");
		return;
	}
	in->peer->taken += in->n;
	in->peer->rows += in->n;
	log_info("keys of a plain peer", "peer=%s keys=%u source=%s "
	    "destination=%s", in->peer->conf->kme_id, in->n,
	    log_quote(in->rows[0].master), log_quote(in->rows[0].slave));
	tell(in->env, in->peer->conf->kme_id, in->relay, "success");
	incoming_free(in);
}

/* ---- what kma gave ---- */

/* NULL: those two may have the keys. */
static const char *
check_names(const struct incoming *in, const char *source,
    const char *destination, char *room, size_t len)
{
	const struct env	*env = in->env;
	const char		*what, *whose = destination;
	struct place		 m, s;
	int			 rm = place_find(env->book, source, &m);
	int			 rs = place_find(env->book, destination, &s);

	if (rm < 0 || (rs == 0 && strcmp(m.km, in->peer->conf->kme_id) != 0))
		whose = source;
	if (rm == -E_NOT_FOUND || rs == -E_NOT_FOUND)
		what = "not_found: not a registered application: ";
	else if (rm < 0 || rs < 0)
		what = "unavailable: unknown at which one node it is: ";
	else if (whose == source)
		what = "unauthorized: not an application of yours: ";
	else if (!s.local || !ksa_plain_serves(in->peer->conf, destination))
		what = "unauthorized: not an application that you may give "
		    "keys to: ";
	else
		return NULL;
	snprintf(room, len, "%s%.100s", what, whose);
	return room;
}

static int
make_rows(struct incoming *in, const struct msg_plain_fetched *f,
    const char *source, const char *destination)
{
	uint64_t	now = now_ms(), sum = 0;

	in->n = (uint32_t)(f->ids.len / PLAIN_ID);
	if (in->n == 0 || f->ids.len % PLAIN_ID != 0 ||
	    f->sizes.len != in->n * 4 || f->keys == NULL)
		return -E_BAD_FORMAT;
	if ((in->rows = calloc(in->n, sizeof(*in->rows))) == NULL)
		return -E_NO_MEMORY;
	for (uint32_t i = 0; i < in->n; i++) {
		struct plain_row	*r = &in->rows[i];

		memcpy(r->id, f->ids.p + i * PLAIN_ID, PLAIN_ID);
		r->octets = get_be32(f->sizes.p + i * 4);
		r->made = now;
		strcpy(r->km, in->peer->conf->kme_id);
		strcpy(r->master, source);
		strcpy(r->slave, destination);
		if (r->octets == 0 || r->octets > PLAIN_OCTETS_MAX)
			return -E_BAD_FORMAT;
		sum += r->octets;
	}
	return sum == f->keys->len ? 0 : -E_BAD_FORMAT;
}

static void
take(struct incoming *in, struct msg_plain_fetched *f)
{
	const struct ksa_plain_peer	*c = in->peer->conf;
	const char	*source = f->source[0] != '\0' ? f->source : c->source;
	const char	*destination = f->destination[0] != '\0' ?
			    f->destination : c->destination;
	char		 room[MSG_TEXT_MAX + 1];
	const char	*why = check_names(in, source, destination, room,
			    sizeof(room));

	if (why == NULL && make_rows(in, f, source, destination) < 0)
		why = "unavailable: the keys did not get through";
	if (why == NULL && in->peer->rows + in->n > (uint64_t)c->max_keys)
		why = "unavailable: no more keys of this peer are remembered "
		    "(max_keys)";
	if (why != NULL) {
		refuse(in, why);
		return;
	}
	in->keys = f->keys;
	f->keys = NULL;
	env_add(in->env, store_run, store_done, in);
}

static void
fetched(void *arg, int r, struct msg *m)
{
	struct incoming	*in = arg;

	if (r == 0 && m->id == MSG_plain_fetched && !in->env->stopping)
		take(in, &m->plain_fetched);
	else if (r == -E_DENIED)
		refuse(in, "unauthorized: not an application that you may "
		    "give keys to");
	else
		refuse(in, "unavailable: the keys did not get through");
}

void
plainin_ready(struct env *env, const struct msg_plain_ready *ready)
{
	struct msg		 m = { .id = MSG_plain_fetch };
	struct plain_peer	*p = plain_find(env, ready->peer);
	struct incoming		*in;

	if (p == NULL) {
		log_warn("keys in clear of a KM that is no plain peer here",
		    "peer=%s remedy=\"plain_peers of ksa.conf\"",
		    ready->peer);
		tell(env, ready->peer, ready->relay,
		    "unauthorized: not a plain peer of this KM");
		return;
	}
	if (env->stopping || (in = calloc(1, sizeof(*in))) == NULL) {
		tell(env, ready->peer, ready->relay, "unavailable: stopping");
		return;
	}
	*in = (struct incoming){ .env = env, .peer = p,
	    .relay = ready->relay };
	strcpy(m.plain_fetch.peer, ready->peer);
	m.plain_fetch.relay = ready->relay;
	strcpy(m.plain_fetch.destination, p->conf->destination);
	if (env->ops->ask(env->arg, &m, FETCH_MS, fetched, in) < 0)
		refuse(in, "unavailable: the keys did not get through");
}
