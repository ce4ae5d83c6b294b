/* enc.c - keys for a master, and their bindings to the slaves. */
#include "ksa/enc.h"

#include <inttypes.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "err.h"
#include "ksa/encbatch.h"
#include "ksa/encint.h"
#include "ksa/pool.h"
#include "log.h"

#define OCTETS_MAX	(4U << 20)	/* of one request; pieces bound it too */

void
enc_free(struct enc *e)
{
	call_end(&e->call);
	admit_give_back(e);
	secret_free(&e->keys);
	for (uint32_t i = 0; i < e->nparts; i++)
		binding_free(&e->parts[i].b);
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

int
enc_cut(struct enc *e, struct peer **lacks)
{
	struct env	*env = e->call.env;
	struct enc_part	*part = &e->parts[0];
	struct binding	*b = part->b;
	int		 r;

	*lacks = part->peer;
	if (!usable(part->peer) || !line_allows(part->peer, e))
		return -E_NO_KEY;
	if (e->keys == NULL && (e->keys = secret_new(e->need)) == NULL)
		return -E_NO_MEMORY;
	if (RAND_bytes(b->seed, KEYID_SEED) != 1)
		return -E_RANDOM;
	b->made = now_ms();
	if ((r = pool_cut(part->peer->pool, e->keys->bytes, e->need,
	    &b->pieces, encbatch_touched(env->batch))) < 0) {
		secret_free(&e->keys);
		return r;
	}
	line_drew(part->peer, e);
	e->charged = false;
	b->request = keyid_serial(&part->peer->request_last, b->made);
	return keyid_make(e->ids, b->keys, b->request, b->seed);
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

void
enc_refuse(struct enc *e, int err, const struct peer *lacks)
{
	e->call.env->count.enc_short++;
	if (err == -E_NO_KEY)
		tell_shortage(e, lacks);
	else if (err == -E_TOO_LARGE)
		call_fail(&e->call, SUPPLY_TOO_LARGE,
		    "%" PRIu32 " octets of key are too much for one request",
		    e->need);
	else if (err == -E_BUSY)
		call_fail(&e->call, SUPPLY_UNAVAILABLE, "%" PRId64
		    " requests of this application wait for key of KM %s "
		    "already (max_waiting)", e->call.env->conf->max_waiting,
		    lacks->km);
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

static struct supply_call *
unmet(struct supply_call *c, unsigned wishes)
{
	struct supply_answer	a = { .status = SUPPLY_UNMET,
				    .unmet = wishes };

	call_answer(c, &a);
	return NULL;
}

static struct enc *
enc_new(struct peer *p, const struct supply_request *q)
{
	struct enc	*e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->number = q->number;
	e->octets = q->octets;
	e->need = q->number * q->octets;
	e->ids = calloc(q->number, sizeof(*e->ids));
	e->parts = calloc(1, sizeof(*e->parts));
	if (e->ids == NULL || e->parts == NULL)
		goto fail;
	e->nparts = 1;
	e->parts[0].peer = p;
	if ((e->parts[0].b = binding_new(q->master, q->slaves[0])) == NULL)
		goto fail;
	e->parts[0].b->keys = q->number;
	e->parts[0].b->octets = q->octets;
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
		pool_fill(e->parts[0].peer->pool);
		return &e->call;
	}
	if (r == -E_NO_KEY && (r = line_join(e, lacks)) == 0)
		return &e->call;
	enc_refuse(e, r, lacks);
	return NULL;
}

struct supply_call *
enc_call(struct env *env, const struct supply_request *q, supply_done *done,
    void *arg)
{
	struct supply_call	 c = { .done = done, .arg = arg };
	struct peer		*p = enc_peer_of(env, q->slaves[0]);
	struct enc		*e;

	if (sae_find(env->book, q->slaves[0]) == NULL)
		return fail(&c, SUPPLY_NOT_FOUND,
		    "not a registered application: ", q->slaves[0]);
	if (p == NULL)
		return fail(&c, SUPPLY_UNAVAILABLE,
		    "there is no way to the KM of application ",
		    q->slaves[0]);
	if (q->number == 0 || q->octets == 0 || q->number > SUPPLY_KEYS_MAX ||
	    (uint64_t)q->number * q->octets > OCTETS_MAX)
		return fail(&c, SUPPLY_TOO_LARGE,
		    "too much key for one request", "");
	if (q->wish.mandatory != 0)
		return unmet(&c, q->wish.mandatory);
	if (env->stopping || (e = enc_new(p, q)) == NULL)
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

	if (e->line == NULL && !e->admitting)
		return false;
	c->done = NULL;
	if (e->admitting)
		admit_leave(e);
	else
		line_leave(e);
	return true;
}
