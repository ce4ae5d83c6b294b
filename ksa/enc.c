/* enc.c - keys for a master, and their bindings to the slaves. */
#include "ksa/enc.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/bindcache.h"
#include "ksa/copy.h"
#include "ksa/encbatch.h"
#include "ksa/encint.h"
#include "ksa/pool.h"
#include "log.h"

void
enc_free(struct enc *e)
{
	call_end(&e->call);
	admit_give_back(e);
	secret_free(&e->keys);
	for (uint32_t i = 0; i < e->nparts; i++)
		binding_free(&e->parts[i].b);
	for (uint32_t i = 0; i < e->nslaves; i++)
		free(e->slaves[i]);
	free(e->parts);
	free(e->ids);
	free(e);
}

struct peer *
enc_peer_of(const struct env *env, const char *sae)
{
	const struct sae	*s = sae_find(env->book, sae);

	return s == NULL ? NULL : peer_find(env, s->km);
}

/* ---- cutting ---- */

static bool
usable(const struct peer *p)
{
	return p->self || p->trusted;
}

/* A copy for another node has a MAC. */
static bool
is_sent(const struct enc *e, uint32_t i)
{
	return i > 0 && !e->parts[i].peer->self;
}

uint32_t
enc_part_need(const struct enc *e, uint32_t i)
{
	return e->number * e->octets + (is_sent(e, i) ? OTP_MAC_KEY : 0);
}

/* All pools have enough? */
static int
find_all(struct enc *e, unsigned wishes, struct peer **lacks)
{
	int	r = 0;

	for (uint32_t i = 0; r == 0 && i < e->nparts; i++) {
		struct enc_part	*part = &e->parts[i];

		*lacks = part->peer;
		free(part->b->pieces);
		part->b->pieces = NULL;
		r = usable(part->peer) && line_allows(part->peer, e) ?
		    pool_find(part->peer->pool, &e->wish, wishes,
		    enc_part_need(e, i), &part->b->pieces) : -E_NO_KEY;
	}
	return r;
}

/* With as many of the optional wishes as can be met. */
static int
find_best(struct enc *e, struct peer **lacks)
{
	const struct supply_wish	*w = &e->wish;
	unsigned			 may = w->optional;
	int				 r;

	while ((r = find_all(e, w->mandatory | may, lacks)) == -E_UNMET &&
	    may != 0)
		may = (may - 1) & w->optional;
	e->origin = (struct supply_origin){ true, true, 0 };
	for (uint32_t i = 0; r == 0 && w->asked && i < e->nparts; i++)
		pool_origin(e->parts[i].peer->pool, e->parts[i].b->pieces,
		    &e->origin);
	return r;
}

/* Other pools than the one whose line it waits in are filled meanwhile. */
static void
hope(struct enc *e)
{
	for (uint32_t i = 0; e->nparts > 1 && i < e->nparts; i++) {
		struct pool	*p = e->parts[i].peer->pool;

		if (pool_available(p) < enc_part_need(e, i)) {
			pool_hope(p, enc_part_need(e, i), NULL, e->deadline);
			pool_fill(p);
		}
	}
}

/* The keys, and for each part but the first these under its pad. */
static int
read_part(struct enc *e, uint32_t i, uint8_t mac_key[OTP_MAC_KEY])
{
	struct enc_part	*part = &e->parts[i];
	struct binding	*b = part->b;
	uint32_t	 size = binding_size(b);
	int		 r;

	if (i == 0)
		return pool_read(part->peer->pool, b->pieces, 0, size, NULL,
		    e->keys->bytes);
	if (b->copy == NULL && (b->copy = malloc(size)) == NULL)
		return -E_NO_MEMORY;
	r = pool_read(part->peer->pool, b->pieces, 0, size, e->keys->bytes,
	    b->copy);
	if (r == 0 && is_sent(e, i))
		r = pool_read(part->peer->pool, b->pieces, size, OTP_MAC_KEY,
		    NULL, mac_key);
	return r;
}

static int
read_all(struct enc *e, uint8_t (*mac_keys)[OTP_MAC_KEY],
    struct peer **lacks)
{
	int	r = 0;

	if (e->keys == NULL &&
	    (e->keys = secret_new(e->number * e->octets)) == NULL)
		return -E_NO_MEMORY;
	for (uint32_t i = 0; r == 0 && i < e->nparts; i++) {
		*lacks = e->parts[i].peer;
		r = read_part(e, i, mac_keys[i]);
	}
	return r;
}

/* The same key IDs at all nodes; each has its requests in ascending order. */
static int
name_all(struct enc *e)
{
	struct binding	*b = e->parts[0].b;
	uint64_t	 last = 0;
	int		 r;

	for (uint32_t i = 0; i < e->nparts; i++)
		if (e->parts[i].peer->request_last > last)
			last = e->parts[i].peer->request_last;
	b->made = now_ms();
	b->request = keyid_serial(&last, b->made);
	if ((r = keyid_seed(b->seed)) < 0)
		return r;
	for (uint32_t i = 0; i < e->nparts; i++) {
		struct enc_part	*part = &e->parts[i];

		part->peer->request_last = last;
		part->b->made = b->made;
		part->b->request = b->request;
		memcpy(part->b->seed, b->seed, KEYID_SEED);
	}
	return keyid_make(e->ids, b->keys, b->request, b->seed);
}

static int
seal_all(struct enc *e, uint8_t (*mac_keys)[OTP_MAC_KEY])
{
	int	r = 0;

	for (uint32_t i = 1; r == 0 && i < e->nparts; i++) {
		struct binding	*b = e->parts[i].b;
		struct copy_way	 way = { e->call.env->conf->kme_id,
		    e->parts[i].peer->km };

		if (is_sent(e, i))
			r = copy_mac(b->mac, mac_keys[i], &way, b, b->pieces);
	}
	return r;
}

static int
take_all(struct enc *e)
{
	struct touched	*t = encbatch_touched(e->call.env->batch);
	uint32_t	 pieces = 0;
	int		 r;

	for (uint32_t i = 0; i < e->nparts; i++)
		pieces += e->parts[i].b->pieces->n;
	if ((r = pool_room(t, pieces)) < 0)
		return r;
	for (uint32_t i = 0; i < e->nparts; i++) {
		pool_take(e->parts[i].peer->pool, e->parts[i].b->pieces,
		    e->parts[i].b->request, t);
		line_drew(e->parts[i].peer, e);
	}
	e->charged = false;
	return 0;
}

static int
cut(struct enc *e, struct peer **lacks)
{
	uint8_t	mac_keys[SUPPLY_SLAVES_MAX][OTP_MAC_KEY];
	int	r;

	if ((r = find_best(e, lacks)) < 0) {
		if (r == -E_NO_KEY)
			hope(e);
		return r;
	}
	if ((r = read_all(e, mac_keys, lacks)) < 0 ||
	    (r = name_all(e)) < 0 || (r = seal_all(e, mac_keys)) < 0 ||
	    (r = take_all(e)) < 0)
		secret_free(&e->keys);
	if (e->nparts > 1)
		OPENSSL_cleanse(mac_keys, sizeof(mac_keys));
	return r;
}

void
enc_forget(struct env *env)
{
	segcache_clear(env->segments);
	for (size_t i = 0; i < env->npeers; i++)
		pool_forget(env->peers[i]->pool);
}

int
enc_cut(struct enc *e, struct peer **lacks)
{
	int	r = cut(e, lacks);

	if (r == -E_NO_MEMORY) {
		enc_forget(e->call.env);
		r = cut(e, lacks);
	}
	return r;
}

static void
tell_shortage(struct enc *e, const struct peer *p)
{
	bool	up = p->self || peer_is_up(p);

	if (!usable(p))
		call_fail(&e->call, SUPPLY_UNAVAILABLE, "KM %s is not "
		    "reachable, and its stock cannot be used before it was",
		    p->km);
	else
		call_fail(&e->call, up ? SUPPLY_INSUFFICIENT :
		    SUPPLY_UNAVAILABLE, "%" PRIu32 " octets of key are needed "
		    "for KM %s%s, %" PRIu64 " are there", e->need, p->km,
		    up ? "" : ", which is not reachable",
		    pool_available(p->pool));
}

static bool
is_met(const struct enc *e, unsigned wishes)
{
	for (uint32_t i = 0; i < e->nparts; i++)
		if (pool_meeting(e->parts[i].peer->pool, &e->wish, wishes) <
		    enc_part_need(e, i))
			return false;
	return true;
}

static void
tell_unmet(struct enc *e, const struct peer *p)
{
	struct supply_answer	a = { .status = SUPPLY_UNMET };
	char			detail[200];

	for (unsigned bit = 1; bit <= e->wish.mandatory; bit <<= 1)
		if ((e->wish.mandatory & bit) != 0 && !is_met(e, bit))
			a.unmet |= bit;
	if (a.unmet == 0)	/* each of them, but not all at once */
		a.unmet = e->wish.mandatory;
	snprintf(detail, sizeof(detail), "%" PRIu32 " octets of key are needed "
	    "for KM %s, %" PRIu64 " of %" PRIu64 " are like that", e->need,
	    p->km, pool_meeting(p->pool, &e->wish, e->wish.mandatory),
	    pool_available(p->pool));
	a.detail = detail;
	call_answer(&e->call, &a);
}

void
enc_refuse(struct enc *e, int err, const struct peer *lacks)
{
	if (err == -E_UNMET && wishing_join(e))
		return;
	e->call.env->count.enc_short++;
	if (err == -E_NO_KEY)
		tell_shortage(e, lacks);
	else if (err == -E_UNMET)
		tell_unmet(e, lacks);
	else if (err == -E_TOO_LARGE)
		call_fail(&e->call, SUPPLY_TOO_LARGE,
		    "%" PRIu32 " octets of key for KM %s lie in too many "
		    "blocks for one request", e->need, lacks->km);
	else if (err == -E_BUSY)
		call_fail(&e->call, SUPPLY_UNAVAILABLE, "%" PRId64
		    " requests of this application wait for key of KM %s "
		    "already (max_waiting)", e->call.env->conf->max_waiting,
		    lacks->km);
	else if (err == -E_NO_MEMORY)
		call_fail(&e->call, SUPPLY_UNAVAILABLE, "too little locked "
		    "memory is free for %" PRIu32 " octets of key "
		    "(locked_memory)", e->need);
	else {
		log_err("keys not given", "peer=%s error=%s", lacks->km,
		    err_name(err));
		call_fail(&e->call, SUPPLY_UNAVAILABLE, "%s", err_text(err));
	}
	enc_free(e);
}

/* ---- calls ---- */

static struct supply_call *
fail(struct supply_call *c, enum supply_status s, const char *what,
    const char *who)
{
	call_fail(c, s, "%s%.100s", what, who);
	return NULL;
}

static bool
is_repeated(const struct supply_request *q, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++)
		if (strcmp(q->slaves[k], q->slaves[i]) == 0)
			return true;
	return false;
}

static int
add_part(struct enc *e, struct peer *p, const struct supply_request *q,
    const char *slave)
{
	struct binding	*b = binding_new(q->master, slave);

	if (b == NULL)
		return -E_NO_MEMORY;
	b->keys = q->number;
	b->octets = q->octets;
	b->copied = e->nparts > 0;
	b->in_session = q->session != NULL;
	if (b->in_session) {
		b->state = BINDING_OFFERED;
		memcpy(b->session, q->session, BINDING_SESSION);
	}
	e->parts[e->nparts++] = (struct enc_part){ p, b };
	return 0;
}

/* Each slave once, with those of the same node. */
static int
add_slave(struct enc *e, const struct supply_request *q, uint32_t i)
{
	struct peer	*p = enc_peer_of(e->call.env, q->slaves[i]);

	if (is_repeated(q, i))
		return 0;
	if ((e->slaves[e->nslaves++] = strdup(q->slaves[i])) == NULL)
		return -E_NO_MEMORY;
	for (uint32_t k = 0; k < e->nparts; k++)
		if (e->parts[k].peer == p)
			return binding_add_slave(e->parts[k].b, q->slaves[i]);
	return add_part(e, p, q, q->slaves[i]);
}

static struct enc *
enc_new(struct env *env, const struct supply_request *q)
{
	struct enc	*e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->call.env = env;
	e->number = q->number;
	e->octets = q->octets;
	e->wish = q->wish;
	e->ids = calloc(q->number, sizeof(*e->ids));
	e->parts = calloc(q->nslaves, sizeof(*e->parts));
	if (e->ids == NULL || e->parts == NULL)
		goto fail;
	for (uint32_t i = 0; i < q->nslaves; i++)
		if (add_slave(e, q, i) < 0)
			goto fail;
	e->need = q->number * q->octets + (e->nparts > 1 ? OTP_MAC_KEY : 0);
	return e;
fail:
	enc_free(e);
	return NULL;
}

struct supply_call *
enc_begin(struct enc *e)
{
	struct peer	*lacks = e->parts[0].peer;
	int		 r = enc_cut(e, &lacks);

	if (r == 0) {
		encbatch_commit(e);
		for (uint32_t i = 0; i < e->nparts; i++)
			pool_fill(e->parts[i].peer->pool);
		return &e->call;
	}
	if (r == -E_NO_KEY && (r = line_join(e, lacks)) == 0)
		return &e->call;
	if ((r == -E_NO_MEMORY && admit_again(e)) ||
	    (r == -E_UNMET && wishing_join(e)))
		return &e->call;
	enc_refuse(e, r, lacks);
	return NULL;
}

/* The slave in the path may be the master itself. */
static bool
slaves_known(struct supply_call *c, const struct env *env,
    const struct supply_request *q)
{
	for (uint32_t i = 0; i < q->nslaves; i++) {
		const char	*s = q->slaves[i];

		if (sae_find(env->book, s) == NULL)
			fail(c, SUPPLY_NOT_FOUND,
			    "not a registered application: ", s);
		else if (i > 0 && strcmp(s, q->master) == 0)
			fail(c, SUPPLY_BAD_REQUEST,
			    "the master is no additional slave: ", s);
		else if (enc_peer_of(env, s) == NULL)
			fail(c, SUPPLY_UNAVAILABLE,
			    "there is no way to the KM of application ", s);
		else
			continue;
		return false;
	}
	return true;
}

struct supply_call *
enc_call(struct env *env, const struct supply_request *q, supply_done *done,
    void *arg)
{
	struct supply_call	 c = { .done = done, .arg = arg };
	struct enc		*e;

	if (!slaves_known(&c, env, q))
		return NULL;
	if (q->number == 0 || q->octets == 0 || q->number > SUPPLY_KEYS_MAX ||
	    (uint64_t)q->number * q->octets > SUPPLY_OCTETS_MAX)
		return fail(&c, SUPPLY_TOO_LARGE,
		    "too much key for one request", "");
	if (q->session != NULL && q->nslaves != 1)
		return fail(&c, SUPPLY_BAD_REQUEST,
		    "keys of a session are for one slave", "");
	if (env->stopping || (e = enc_new(env, q)) == NULL)
		return fail(&c, SUPPLY_UNAVAILABLE,
		    env->stopping ? "stopping" : "out of memory", "");
	call_init(&e->call, CALL_ENC, env, done, arg);
	e->deadline = mono_ms() + (uint64_t)env->conf->relay_wait;
	return admit(e);
}

bool
enc_withdraw(struct supply_call *c)
{
	struct enc	*e = (struct enc *)c;

	if (e->line == NULL && !e->admitting && !e->wishing)
		return false;
	c->done = NULL;
	if (e->admitting)
		admit_leave(e);
	else if (e->wishing)
		wishing_leave(e);
	else
		line_leave(e);
	return true;
}
