/* enc.c - keys for a master, and their binding to the slave. */
#include "ksa/enc.h"

#include <inttypes.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/bindcache.h"
#include "ksa/blocks.h"
#include "ksa/outbox.h"
#include "ksa/pool.h"
#include "ksa/sweep.h"
#include "log.h"
#include "secret.h"

#define BATCH_MAX	4096		/* requests in one commit */
#define OCTETS_MAX	(4U << 20)	/* of one request; pieces bound it too */

struct enc {
	struct supply_call	 call;
	struct peer		*peer;
	struct binding		*b;
	uint32_t		 need;
	struct secret		*keys;
	uint8_t			(*ids)[KEYID_OCTETS];
	bool			 waits;
	TAILQ_ENTRY(enc)	 next;
};

/* Requests whose keys are cut: one job, one commit. */
struct enc_batch {
	struct env		*env;
	struct event		*submit;
	struct enc_queue	 calls;
	unsigned		 n;
	struct touched		 touched;
	/* of the job */
	struct consume		*use;		/* one per peer */
	bool			*used;
};

static void
enc_free(struct enc *e)
{
	if (e->waits)
		TAILQ_REMOVE(&e->peer->waiting, e, next);
	call_end(&e->call);
	secret_free(&e->keys);
	binding_free(&e->b);
	free(e->ids);
	free(e);
}

struct peer *
enc_peer_of(const struct env *env, const char *sae)
{
	const struct sae	*s = sae_find(env->book, sae);

	return s == NULL ? NULL : peer_find(env, s->km);
}

/* ---- the commit ---- */

static size_t
peer_index(const struct env *env, const struct peer *p)
{
	size_t	i = 0;

	while (env->peers[i] != p)
		i++;
	return i;
}

static int
batch_run(struct db *db, void *arg)
{
	struct enc_batch	*j = arg;
	struct side		*s = keystore_writer(j->env->store);
	struct enc		*e;
	int			 r = 0;

	(void)db;
	for (uint32_t i = 0; i < j->touched.n; i++)
		if ((r = blocks_use(s, j->touched.v[i].id,
		    j->touched.v[i].used)) < 0)
			return r;
	TAILQ_FOREACH(e, &j->calls, next) {
		/* Between applications of this node: issued is received. */
		r = e->peer->self ?
		    bindings_receive(s, e->peer->id, e->b) :
		    bindings_issue(s, e->peer->id, e->b);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; r == 0 && i < j->env->npeers; i++)
		if (j->used[i] && (r = consume_run(&j->use[i], s)) == 0)
			r = keystore_issued(s, j->use[i].peer,
			    j->use[i].last);
	return r;
}

static void
answer(struct enc *e)
{
	struct supply_answer	a = { .status = SUPPLY_OK };
	struct counters		*count = &e->call.env->count;

	count->enc_requests++;
	count->enc_keys += e->b->keys;
	a.number = e->b->keys;
	a.octets = e->b->octets;
	a.ids = (const uint8_t (*)[16])e->ids;
	a.keys = e->keys;
	e->keys = NULL;
	call_answer(&e->call, &a);
}

static void
batch_free(struct enc_batch *j)
{
	struct enc	*e;

	while ((e = TAILQ_FIRST(&j->calls)) != NULL) {
		TAILQ_REMOVE(&j->calls, e, next);
		enc_free(e);
	}
	if (j->submit != NULL)
		event_free(j->submit);
	free(j->touched.v);
	free(j->use);
	free(j->used);
	free(j);
}

static void
committed(struct enc *e)
{
	struct env	*env = e->call.env;

	if (!e->peer->self)
		outbox_push(e->peer->outbox, e->b);
	answer(e);
	if (e->peer->self)
		bindcache_put(env->bindings, e->peer->id, &e->b);
}

static void
batch_done(void *arg, int r)
{
	struct enc_batch	*j = arg;
	struct env		*env = j->env;
	struct enc		*e;

	for (size_t i = 0; r == 0 && i < env->npeers; i++)
		if (j->used[i])
			consume_done(&j->use[i], env->peers[i]);
	if (r < 0)
		log_err("keys not given: the commit failed", "requests=%u "
		    "error=%s", j->n, err_name(r));
	for (uint32_t i = 0; i < j->touched.n; i++)
		sweep_touch(env->sweep, j->touched.v[i].peer,
		    j->touched.v[i].serial);
	while ((e = TAILQ_FIRST(&j->calls)) != NULL) {
		TAILQ_REMOVE(&j->calls, e, next);
		if (r == 0)
			committed(e);
		else {
			env->count.enc_failed++;
			peer_error(e->peer, "commit failed: %s", err_text(r));
			call_fail(&e->call, SUPPLY_UNAVAILABLE,
			    "the key store cannot be written: %s",
			    err_text(r));
		}
		enc_free(e);
	}
	batch_free(j);
}

static void
submit(struct enc_batch *j)
{
	struct env		*env = j->env;
	struct enc_batch	*next = NULL;
	struct enc		*e;

	if (j->n == 0)
		return;
	j->use = calloc(env->npeers, sizeof(*j->use));
	j->used = calloc(env->npeers, sizeof(*j->used));
	if (j->use == NULL || j->used == NULL ||
	    enc_batch_new(&next, env) < 0) {
		free(j->use);
		free(j->used);
		j->use = NULL;
		j->used = NULL;
		event_active(j->submit, 0, 0);	/* try again */
		return;
	}
	TAILQ_FOREACH(e, &j->calls, next) {
		size_t	i = peer_index(env, e->peer);

		if (!j->used[i])
			consume_begin(&j->use[i], e->peer);
		j->used[i] = true;
		j->use[i].last = e->b->request;
	}
	env->batch = next;
	env_add(env, batch_run, batch_done, j);
}

static void
on_submit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	submit(arg);
}

static void
commit(struct enc *e)
{
	struct enc_batch	*j = e->call.env->batch;

	call_end(&e->call);
	TAILQ_INSERT_TAIL(&j->calls, e, next);
	if (j->n++ == 0)
		event_active(j->submit, 0, 0);
	else if (j->n >= BATCH_MAX)
		submit(j);
}

/* ---- cutting ---- */

static int
cut(struct enc *e)
{
	struct env	*env = e->call.env;
	struct binding	*b = e->b;
	int		 r;

	if (e->keys == NULL && (e->keys = secret_new(e->need)) == NULL)
		return -E_NO_MEMORY;
	if (RAND_bytes(b->seed, KEYID_SEED) != 1)
		return -E_RANDOM;
	b->made = now_ms();
	if ((r = pool_cut(e->peer->pool, e->keys->bytes, e->need, &b->pieces,
	    &env->batch->touched)) < 0) {
		secret_free(&e->keys);
		return r;
	}
	b->request = keyid_serial(&e->peer->request_last, b->made);
	return keyid_make(e->ids, b->keys, b->request, b->seed);
}

static void
refuse(struct enc *e, int r)
{
	struct peer		*p = e->peer;
	bool			 up = p->self || peer_is_up(p);
	enum supply_status	 s = SUPPLY_UNAVAILABLE;

	e->call.env->count.enc_short++;
	if (r == -E_TOO_LARGE)
		call_fail(&e->call, SUPPLY_TOO_LARGE,
		    "%" PRIu32 " octets of key are too much for one request",
		    e->need);
	else if (r != -E_NO_KEY)
		call_fail(&e->call, s, "%s", err_text(r));
	else if (!p->self && !p->trusted)
		call_fail(&e->call, s, "KM %s is not reachable, and its stock "
		    "cannot be used before it was", p->km);
	else
		call_fail(&e->call, up ? SUPPLY_INSUFFICIENT : s,
		    "%" PRIu32 " octets of key are needed for KM %s%s, %"
		    PRIu64 " are there", e->need, p->km,
		    up ? "" : ", which is not reachable",
		    pool_available(p->pool));
}

static bool
usable(const struct peer *p)
{
	return p->self || p->trusted;
}

/* True: the call is no longer in the queue. */
static bool
try_cut(struct enc *e)
{
	int	r = usable(e->peer) ? cut(e) : -E_NO_KEY;

	if (r == -E_NO_KEY)
		return false;
	if (e->waits)
		TAILQ_REMOVE(&e->peer->waiting, e, next);
	e->waits = false;
	if (r == 0)
		commit(e);
	else {
		log_err("keys not given", "peer=%s error=%s", e->peer->km,
		    err_name(r));
		refuse(e, r);
		enc_free(e);
	}
	return true;
}

void
enc_retry(struct peer *p)
{
	struct enc	*e;

	while ((e = TAILQ_FIRST(&p->waiting)) != NULL && try_cut(e))
		;
	pool_want(p->pool, e == NULL ? 0 : e->need);
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct enc	*e = arg;
	struct peer	*p = e->peer;

	(void)fd, (void)what;
	refuse(e, -E_NO_KEY);
	enc_free(e);
	enc_retry(p);		/* a smaller one may have waited behind it */
}

/* ---- calls ---- */

static struct supply_call *
fail(struct supply_call *c, enum supply_status s, const char *what,
    const char *who)
{
	call_fail(c, s, "%s%.100s", what, who);
	return NULL;
}

static struct enc *
enc_new(struct peer *p, const char *master, const char *slave,
    uint32_t number, uint32_t octets)
{
	struct enc	*e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->peer = p;
	e->need = number * octets;
	e->b = binding_new(master, slave);
	e->ids = calloc(number, sizeof(*e->ids));
	if (e->b == NULL || e->ids == NULL) {
		enc_free(e);
		return NULL;
	}
	e->b->keys = number;
	e->b->octets = octets;
	return e;
}

static struct supply_call *
wait_in_line(struct enc *e)
{
	struct env	*env = e->call.env;
	struct peer	*p = e->peer;

	if (env->conf->relay_wait == 0 || call_timer(&e->call,
	    env->conf->relay_wait, on_timeout) < 0) {
		refuse(e, -E_NO_KEY);
		enc_free(e);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&p->waiting, e, next);
	e->waits = true;
	pool_want(p->pool, TAILQ_FIRST(&p->waiting)->need);
	pool_fill(p->pool);
	return &e->call;
}

struct supply_call *
enc_call(struct env *env, const char *master, const char *slave,
    uint32_t number, uint32_t octets, supply_done *done, void *arg)
{
	struct supply_call	 c = { .done = done, .arg = arg };
	struct peer		*p = enc_peer_of(env, slave);
	struct enc		*e;
	int			 r;

	if (sae_find(env->book, slave) == NULL)
		return fail(&c, SUPPLY_NOT_FOUND,
		    "not a registered application: ", slave);
	if (p == NULL)
		return fail(&c, SUPPLY_UNAVAILABLE,
		    "there is no way to the KM of application ", slave);
	if (number == 0 || octets == 0 || number > SUPPLY_KEYS_MAX ||
	    (uint64_t)number * octets > OCTETS_MAX)
		return fail(&c, SUPPLY_TOO_LARGE,
		    "too much key for one request", "");
	if (env->stopping || (e = enc_new(p, master, slave, number,
	    octets)) == NULL)
		return fail(&c, SUPPLY_UNAVAILABLE,
		    env->stopping ? "stopping" : "out of memory", "");
	call_init(&e->call, CALL_ENC, env, done, arg);
	r = TAILQ_EMPTY(&p->waiting) && usable(p) ? cut(e) : -E_NO_KEY;
	if (r == -E_NO_KEY)
		return wait_in_line(e);
	if (r < 0) {
		refuse(e, r);
		enc_free(e);
		return NULL;
	}
	commit(e);
	pool_fill(p->pool);
	return &e->call;
}

void
enc_cancel(struct supply_call *c)
{
	struct enc	*e = (struct enc *)c;
	struct peer	*p = e->peer;

	c->done = NULL;
	if (e->waits) {
		enc_free(e);
		enc_retry(p);
	}
}

void
enc_stop(struct peer *p)
{
	struct enc	*e;

	while (p != NULL && (e = TAILQ_FIRST(&p->waiting)) != NULL) {
		call_fail(&e->call, SUPPLY_UNAVAILABLE, "stopping");
		enc_free(e);
	}
}

unsigned
enc_waiting(const struct peer *p)
{
	struct enc	*e;
	unsigned	 n = 0;

	TAILQ_FOREACH(e, &p->waiting, next)
		n++;
	return n;
}

int
enc_batch_new(struct enc_batch **out, struct env *env)
{
	struct enc_batch	*j = calloc(1, sizeof(*j));

	if (j == NULL)
		return -E_NO_MEMORY;
	j->env = env;
	TAILQ_INIT(&j->calls);
	if ((j->submit = event_new(env->base, -1, 0, on_submit, j)) == NULL) {
		free(j);
		return -E_NO_MEMORY;
	}
	*out = j;
	return 0;
}

void
enc_batch_stop(struct enc_batch *j)
{
	struct enc	*e;

	TAILQ_FOREACH(e, &j->calls, next)
		call_fail(&e->call, SUPPLY_UNAVAILABLE, "stopping");
}

void
enc_batch_free(struct enc_batch **j)
{
	if (*j != NULL)
		batch_free(*j);
	*j = NULL;
}
