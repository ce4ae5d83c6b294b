/* enc.c - keys for a master, and their bindings to the slaves. */
#include "ksa/enc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/encint.h"
#include "ksa/extension.h"
#include "ksa/paths.h"
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
	struct place	pl;

	return place_find(env->book, sae, &pl) != 0 ? NULL :
	    peer_find(env, pl.km);
}

/* ---- refusing ---- */

static void
tell_shortage(struct enc *e, const struct peer *p)
{
	bool	up = p->self || peer_is_up(p);
	bool	no_way = pool_refused(p->pool) == -E_ROUTE_SET;

	if (!enc_usable(p))
		call_fail(&e->call, SUPPLY_UNAVAILABLE, "KM %s is not "
		    "reachable, and its stock cannot be used before it was",
		    p->km);
	else
		call_fail(&e->call, up ? SUPPLY_INSUFFICIENT :
		    SUPPLY_UNAVAILABLE, "%" PRIu32 " octets of key are needed "
		    "for KM %s%s, %" PRIu64 " are there%s%s", e->need, p->km,
		    up ? "" : ", which is not reachable",
		    pool_available(p->pool), no_way ? "; " : "",
		    no_way ? err_text(-E_ROUTE_SET) : "");
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
	/* What is configured lacks in any case, and that is a shortage. */
	if (e->wish.floor > 1 && !is_met(e, 0)) {
		a.status = SUPPLY_INSUFFICIENT;
		a.unmet = 0;
	}
	call_answer(&e->call, &a);
}

/* The wish is told by its name, what is configured like a shortage. */
static void
tell_paths(struct enc *e, const struct peer *p)
{
	struct supply_answer	a = { .status = SUPPLY_INSUFFICIENT };
	uint32_t		there = 0, wanted;
	char			detail[PATHS_TEXT];

	wanted = extension_paths(&e->wish, e->wish.mandatory);
	(void)pool_lacks_paths(p->pool, wanted, &there);
	paths_tell(detail, p->km, there, wanted);
	a.detail = detail;
	if (e->wish.floor <= there) {
		a.status = SUPPLY_UNMET;
		for (unsigned bit = 1; bit <= e->wish.mandatory; bit <<= 1)
			if ((e->wish.mandatory & bit) != 0 &&
			    extension_paths(&e->wish, bit) > there)
				a.unmet |= bit;
	}
	e->call.env->count.enc_paths++;
	call_answer(&e->call, &a);
}

/* A pool that cannot be filled as it would have to be; NULL: none. */
static const struct peer *
lacks_paths(const struct enc *e)
{
	uint32_t	there, wanted;

	wanted = extension_paths(&e->wish, e->wish.mandatory);
	for (uint32_t i = 0; i < e->nparts; i++)
		if (pool_meeting(e->parts[i].peer->pool, &e->wish,
		    e->wish.mandatory) < enc_part_need(e, i) &&
		    pool_lacks_paths(e->parts[i].peer->pool, wanted, &there))
			return e->parts[i].peer;
	return NULL;
}

void
enc_refuse(struct enc *e, int err, const struct peer *lacks)
{
	const struct peer	*p;

	if ((err == -E_UNMET || err == -E_NO_KEY) &&
	    (p = lacks_paths(e)) != NULL) {
		err = -E_PATHS;
		lacks = p;
	}
	if (err == -E_UNMET && wishing_join(e))
		return;
	e->call.env->count.enc_short++;
	if (err == -E_NO_KEY)
		tell_shortage(e, lacks);
	else if (err == -E_UNMET)
		tell_unmet(e, lacks);
	else if (err == -E_PATHS)
		tell_paths(e, lacks);
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
	if (r == -E_NO_KEY && lacks_paths(e) == NULL && (r = line_join(e, lacks)) == 0)
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
		struct place	 pl;
		int		 r = place_find(env->book, s, &pl);

		if (r < 0)
			call_no_place(c, r, s, &pl);
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
