/* engine.c - the engine: its parts made, ticking, ended. */
#include "ksa/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "err.h"
#include "ksa/admit.h"
#include "ksa/apps.h"
#include "ksa/bindcache.h"
#include "ksa/enc.h"
#include "ksa/encbatch.h"
#include "ksa/fetch.h"
#include "ksa/line.h"
#include "ksa/newblocks.h"
#include "ksa/paths.h"
#include "ksa/peer.h"
#include "ksa/place.h"
#include "ksa/plain.h"
#include "ksa/pool.h"
#include "ksa/quota.h"
#include "ksa/recall.h"
#include "ksa/rollback.h"
#include "ksa/draw.h"
#include "ksa/opening.h"
#include "ksa/sessionend.h"
#include "ksa/show.h"
#include "ksa/status.h"
#include "ksa/sweep.h"
#include "ksa/wishing.h"
#include "witness.h"
#include "log.h"

#define TICK_MS		100
#define TICKS_A_SECOND	10

struct supply {
	struct env		 env;
	struct event		*tick;
	unsigned		 ticks;
	struct supply_limits	 limits;
};

struct env *
engine_env(struct supply *s)
{
	return &s->env;
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct supply	*s = arg;
	struct env	*e = &s->env;
	bool		 second = ++s->ticks % TICKS_A_SECOND == 0;

	(void)fd, (void)what;
	for (size_t i = 0; i < e->npeers; i++) {
		peer_tick(e->peers[i]);
		if (second)
			peer_second(e->peers[i]);
	}
	fetch_tick(e);
	wishing_retry(e);
	sessions_tick(e->sessions);
	if (second) {
		sessionend_second(e->sessions);
		sweep_tick(e->sweep);
		plain_second(e);
	}
	keystore_tick(e->store);
}

/* ---- start ---- */

static int
make_peers(struct env *e)
{
	const struct ksa_peer	*v = e->conf->peers.v;
	int			 r;

	e->peers = calloc(e->conf->peers.n + 1, sizeof(e->peers[0]));
	if (e->peers == NULL)
		return -E_NO_MEMORY;
	if ((r = peer_new(&e->peers[0], e, e->conf->kme_id, true)) < 0)
		return r;
	e->npeers = 1;
	for (size_t i = 0; i < e->conf->peers.n; i++) {
		if ((r = peer_new(&e->peers[e->npeers], e, v[i].kme_id,
		    false)) < 0)
			return r;
		e->npeers++;
	}
	return 0;
}

/*
 * Whether the store can be the one we wrote last. If nobody knows, key is
 * used after the peers were asked; what was bound here stays as it is.
 */
static int
ask_witness(struct env *e)
{
	char			path[160];
	enum witness_word	word;
	uint64_t		sum = 0;
	bool			back;
	int			r;

	for (size_t i = 0; i < e->npeers; i++)
		sum += e->peers[i]->mark;
	snprintf(path, sizeof(path), "%s/ctl-ksa/witness", e->conf->run_dir);
	word = witness_open(&e->witness, path, sum);
	back = word == WITNESS_STORE_IS_OLDER;
	if (back)
		log_err("the key store went back in time: its keys are void",
		    "path=%s", log_quote(e->conf->store));
	if ((r = rollback_self(e->peers[0], back)) < 0 ||
	    (r = plain_start(e, back)) < 0)
		return r;
	for (size_t i = 0; i < e->npeers; i++) {
		struct peer	*p = e->peers[i];

		p->mark = back ? 0 : p->mark;
		p->trusted = word == WITNESS_AGREES && p->mark != 0;
	}
	e->peers[0]->back_mine = back;
	if (back)		/* from here on the store itself knows */
		witness_set(e->witness, 0);
	return 0;
}

static int
load(struct env *e)
{
	int	r;

	if ((r = recall_start(e)) < 0 || (r = ask_witness(e)) < 0)
		return r;
	for (size_t i = 0; i < e->npeers; i++)
		if ((r = peer_load(e->peers[i])) < 0)
			return r;
	if ((r = sessions_load(e->sessions)) < 0)
		return r;
	return sweep_load(e->sweep);
}

static int
make_parts(struct supply *s)
{
	const struct timeval	 tick = { 0, TICK_MS * 1000 };
	struct env		*e = &s->env;
	int			 r;

	if ((r = keystore_open(&e->store, e->conf->store,
	    e->conf->node_key, e->conf->node_key_next, e->base)) < 0 ||
	    (r = bindcache_new(&e->bindings)) < 0 ||
	    (r = segcache_new(&e->segments)) < 0 ||
	    (r = fetches_new(&e->fetches, e)) < 0 ||
	    (r = encbatch_new(&e->batch, e)) < 0 ||
	    (r = admit_new(&e->admit, e)) < 0 ||
	    (r = wishing_new(&e->wishing)) < 0 ||
	    (r = sessions_new(&e->sessions, e)) < 0 ||
	    (r = plain_new(&e->plain, e)) < 0 ||
	    (r = apps_own_read(e)) < 0 || (r = make_peers(e)) < 0 ||
	    (r = sweep_new(&e->sweep, e)) < 0 || (r = load(e)) < 0)
		return r;
	s->tick = event_new(e->base, -1, EV_PERSIST, on_tick, s);
	return s->tick == NULL || event_add(s->tick, &tick) < 0 ?
	    -E_NO_MEMORY : 0;
}

static void
set_limits(struct supply *s)
{
	const struct ksa_conf	*c = s->env.conf;

	s->limits = (struct supply_limits){
		.key_size = (uint32_t)c->key_size,
		.min_key_size = (uint32_t)c->min_key_size,
		.max_key_size = (uint32_t)c->max_key_size,
		.max_key_per_request = (uint32_t)c->max_key_per_request,
		.max_sae_id_count = (uint32_t)c->max_SAE_ID_count,
	};
}

int
engine_new(struct supply **out, struct event_base *base,
    const struct ksa_conf *conf, const struct sae_book *book,
    const struct engine_ops *ops, void *arg)
{
	struct supply	*s = calloc(1, sizeof(*s));
	int		 r;

	if (s == NULL)
		return -E_NO_MEMORY;
	s->env = (struct env){ .base = base, .conf = conf, .book = book,
	    .ops = ops, .arg = arg, .started = now_ms() };
	set_limits(s);
	if ((r = make_parts(s)) < 0)
		engine_free(&s);
	*out = s;
	return r;
}

struct storekey *
supply_keys(struct supply *s)
{
	return keystore_keys(s->env.store);
}

/* ---- end ---- */

void
engine_free(struct supply **sp)
{
	struct supply	*s = *sp;
	struct env	*e;

	if (s == NULL)
		return;
	e = &s->env;
	e->stopping = true;
	if (s->tick != NULL)
		event_free(s->tick);
	if (e->sessions != NULL)
		sessions_stop(e->sessions);
	for (size_t i = 0; i < e->npeers; i++)
		line_stop(e->peers[i]);
	if (e->admit != NULL)
		admit_stop(e->admit);
	if (e->wishing != NULL)
		wishing_stop(e->wishing);
	if (e->batch != NULL)
		encbatch_stop(e->batch);
	if (e->fetches != NULL)
		fetch_stop(e);
	/* Answers what is being written. */
	keystore_close(&e->store);
	encbatch_free(&e->batch);
	admit_free(&e->admit);
	wishing_free(&e->wishing);
	sessions_free(&e->sessions);
	plain_free(&e->plain);
	for (size_t i = 0; i < e->npeers; i++)
		peer_free(&e->peers[i]);
	free(e->peers);
	apps_own_free(e);
	sweep_free(&e->sweep);
	fetches_free(&e->fetches);
	bindcache_free(&e->bindings);
	segcache_free(&e->segments);
	witness_close(&e->witness);
	free(s);
	*sp = NULL;
}

/* ---- what comes in ---- */

void
engine_from_kma(struct supply *s, const struct msg *m)
{
	struct peer	*p;

	if (m->id == MSG_plain_life)
		s->env.plain->life = m->plain_life.life;
	if (m->id == MSG_plain_ready)
		plainin_ready(&s->env, &m->plain_ready);
	if (m->id == MSG_paths && (p = peer_find(&s->env, m->paths.km)) != NULL)
		pool_paths(p->pool, m->paths.paths);
	if (m->id != MSG_block_ready)
		return;
	p = peer_find(&s->env, m->block_ready.source);
	if (p == NULL || p->self) {
		log_warn("block from a KM that is no peer here", "km=%s",
		    m->block_ready.source);
		return;
	}
	newblocks_fetch(p->newblocks, m->block_ready.block);
}

void
engine_kma_up(struct supply *s)
{
	for (size_t i = 0; i < s->env.npeers; i++) {
		pool_hurry(s->env.peers[i]->pool);
		pool_fill(s->env.peers[i]->pool);
	}
}

void
engine_from_relayd(struct supply *s, const struct msg *m)
{
	struct peer	*p;

	if (m->id == MSG_reach &&
	    (p = peer_find(&s->env, m->reach.km)) != NULL)
		peer_reach(p, m->reach.up != 0);
	else if (m->id == MSG_plain_there)
		plain_there(&s->env, m->plain_there.peer,
		    m->plain_there.up != 0);
	else if (m->id == MSG_supply_in &&
	    (p = peer_find(&s->env, m->supply_in.peer)) != NULL)
		peer_input(p, m->supply_in.body.p, m->supply_in.body.len);
}

void
engine_no_relayd(struct supply *s)
{
	for (size_t i = 0; i < s->env.npeers; i++)
		peer_reach(s->env.peers[i], false);
	for (size_t i = 0; i < s->env.plain->n; i++)
		s->env.plain->v[i].up = false;
}

/* ---- supply.h ---- */

struct supply_call *
supply_enc(struct supply *s, const struct supply_request *q,
    supply_done *done, void *arg)
{
	if (plainout_is(&s->env, q))
		return plainout_call(&s->env, q, done, arg);
	return enc_call(&s->env, q, done, arg);
}

struct supply_call *
supply_dec(struct supply *s, const struct supply_claim *q, supply_done *done,
    void *arg)
{
	if (plainfetch_is(&s->env, q))
		return plainfetch_call(&s->env, q, done, arg);
	return fetch_call(&s->env, q, done, arg);
}

bool
supply_withdraw(struct supply_call *c)
{
	static bool	(*const withdraw[])(struct supply_call *) = {
		[CALL_ENC] = enc_withdraw,
		[CALL_DEC] = fetch_withdraw,
		[CALL_SESSION] = opening_withdraw,
		[CALL_DRAW] = draw_withdraw,
		[CALL_PLAIN_DRAW] = plainout_withdraw,
	};

	if (c->kind == CALL_PLAIN)	/* being committed */
		return false;

	return withdraw[c->kind](c);
}

void
supply_redirect(struct supply_call *c, supply_done *done, void *arg)
{
	c->done = done;
	c->arg = arg;
}

void
supply_reload(struct supply *s)
{
	if (admit_reload(s->env.admit) < 0)
		log_err("quotas not changed: out of memory", NULL);
	if (apps_own_read(&s->env) < 0)
		log_err("applications not announced: out of memory", NULL);
}

static uint32_t
keys_of(uint64_t octets, const struct ksa_conf *c)
{
	uint64_t	n = octets * 8 / (uint64_t)c->key_size;

	return n > INT32_MAX ? INT32_MAX : (uint32_t)n;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

enum supply_status
supply_stock(struct supply *s, const char *master, const char *slave,
    struct supply_stock *stock)
{
	const struct ksa_conf	*c = s->env.conf;
	struct place		 place;
	struct peer		*p = enc_peer_of(&s->env, slave);
	struct plain_peer	*plain;
	uint64_t		 have = 0, left, most;

	memset(stock, 0, sizeof(*stock));
	if (place_find(s->env.book, slave, &place) != 0)
		return SUPPLY_NOT_FOUND;
	strcpy(stock->target_km, place.km);
	admit_left(s->env.admit, master, slave, &left, &most);
	if (p != NULL && (p->self || p->trusted))
		have = least(line_allowance(p, master), pool_meeting(p->pool,
		    &(struct supply_wish){ .floor = paths_demanded(&s->env,
		    master, &slave, 1) }, 0));
	if ((plain = plain_find(&s->env, place.km)) != NULL && plain->up &&
	    ksa_plain_serves(plain->conf, master))
		have = QUOTA_NONE;	/* drawn as they are asked for */
	/* A pool may be filled further for a request that is larger. */
	most = least(most, (uint64_t)c->pool_high);
	stock->max_stored = keys_of(most, c);
	stock->stored = keys_of(least(least(have, left), most), c);
	return SUPPLY_OK;
}

const struct supply_limits *
supply_limits(const struct supply *s)
{
	return &s->limits;
}

struct audit *
supply_audit(struct supply *s)
{
	return keystore_audit(s->env.store);
}

const char *
supply_kme_id(const struct supply *s)
{
	return s->env.conf->kme_id;
}

bool
supply_report(const struct supply *s, json_t *figures, json_t *missing,
    json_t *warnings)
{
	return status_report(&s->env, figures, missing, warnings);
}

int
supply_commands(struct supply *s, struct ctl *ctl)
{
	return ctl_commands(ctl, show_commands, &s->env);
}
