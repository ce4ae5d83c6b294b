/* enccut.c - keys cut from the pools of all nodes concerned, or of none. */
#include "ksa/enc.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/bindcache.h"
#include "ksa/copy.h"
#include "ksa/encbatch.h"
#include "ksa/encint.h"
#include "ksa/paths.h"
#include "ksa/pool.h"

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
		r = enc_usable(part->peer) && line_allows(part->peer, e) ?
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
	e->origin = (struct supply_origin){ .direct = true, .dated = true };
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

/* At each try: the configuration or a peer may have come to demand more. */
static void
demand(struct enc *e)
{
	const char *const *slaves = (const char *const *)e->slaves;
	uint32_t	   floor = paths_demanded(e->call.env,
			       e->parts[0].b->master, slaves, e->nslaves);

	if (floor > e->wish.floor)
		e->wish.floor = floor;
}

static int
cut(struct enc *e, struct peer **lacks)
{
	uint8_t	mac_keys[SUPPLY_SLAVES_MAX][OTP_MAC_KEY];
	int	r;

	demand(e);
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
