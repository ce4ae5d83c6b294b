/* encbatch.c - cut keys and their bindings, to disk in one commit. */
#include "ksa/encbatch.h"

#include <stdlib.h>

#include "err.h"
#include "ksa/bindcache.h"
#include "ksa/blocks.h"
#include "ksa/encint.h"
#include "ksa/outbox.h"
#include "ksa/pool.h"
#include "ksa/record.h"
#include "ksa/sessionstore.h"
#include "ksa/sweep.h"
#include "log.h"

#define BATCH_MAX	4096		/* requests in one commit */

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

/* ---- the job ---- */

/* Between applications of this node: issued is received. Octets that were
 * cut for a commit that failed are passed over. */
static int
run_own(struct side *s, const struct enc_part *part)
{
	const struct pieces	*pieces = part->b->pieces;
	const struct peer	*p = part->peer;
	int			 r = 0;

	for (uint32_t i = 0; r == 0 && i < pieces->n; i++) {
		struct block_name	name = { p->km, p->id, OWN,
		    pieces->v[i].block };

		r = blocks_take(s, &name, pieces->v[i].offset,
		    pieces->v[i].octets);
	}
	/* Void meanwhile: who fetches is told. */
	return r < 0 && r != -E_NOT_FOUND ? r :
	    bindings_receive(s, p->id, part->b);
}

/* The first part has the keys; the others have copies of them. */
static int
run_part(struct side *s, const struct enc_part *part, bool first)
{
	int	r = part->peer->self ? run_own(s, part) :
		    bindings_issue(s, part->peer->id, part->b);

	return r < 0 ? r : record_binding(s, first ? AUDIT_SUPPLIED :
	    AUDIT_COPIED, part->peer->id, part->b);
}

/* A session that has no room for it refuses one call; the others go on. */
static int
run_call(struct side *s, struct enc *e)
{
	const struct binding	*b = e->parts[0].b;
	int			 r = 0;

	e->refusal = b->in_session ? sessionstore_draw(s, b->session,
	    b->keys) : 0;
	if (e->refusal == -E_RANGE || e->refusal == -E_GONE ||
	    e->refusal == -E_NOT_FOUND)
		return 0;
	if (e->refusal < 0)
		return e->refusal;
	for (uint32_t i = 0; r == 0 && i < e->nparts; i++)
		r = run_part(s, &e->parts[i], i == 0);
	return r;
}

static int
batch_run(struct db *db, void *arg)
{
	struct enc_batch	*j = arg;
	struct side		*s = keystore_writer(j->env->store);
	struct enc		*e;
	int			 r = 0;

	(void)db;
	TAILQ_FOREACH(e, &j->calls, next)
		if ((r = run_call(s, e)) < 0)
			return r;
	for (uint32_t i = 0; i < j->touched.n; i++)
		if ((r = blocks_use(s, j->touched.v[i].id,
		    j->touched.v[i].used)) < 0)
			return r;
	for (size_t i = 0; r == 0 && i < j->env->npeers; i++)
		if (j->used[i] && (r = consume_run(&j->use[i], s)) == 0)
			r = keystore_issued(s, j->use[i].peer,
			    j->use[i].last);
	return r;
}

/* ---- after it ---- */

static void
answer(struct enc *e)
{
	struct supply_answer	a = { .status = SUPPLY_OK };
	struct counters		*count = &e->call.env->count;

	count->enc_requests++;
	count->enc_keys += e->number;
	a.number = e->number;
	a.octets = e->octets;
	a.ids = (const uint8_t (*)[16])e->ids;
	a.keys = e->keys;
	a.origin = e->wish.asked ? &e->origin : NULL;
	e->keys = NULL;
	call_answer(&e->call, &a);
}

static void
committed(struct enc *e)
{
	/* model: transfer given */
	struct env	*env = e->call.env;

	for (uint32_t i = 0; i < e->nparts; i++)
		if (!e->parts[i].peer->self)
			outbox_push(e->parts[i].peer->outbox, e->parts[i].b);
	answer(e);
	for (uint32_t i = 0; i < e->nparts; i++)
		if (e->parts[i].peer->self)
			bindcache_put(env->bindings, e->parts[i].peer->id,
			    &e->parts[i].b);
}

static void
failed(struct enc *e, int r)
{
	e->call.env->count.enc_failed++;
	peer_error(e->parts[0].peer, "commit failed: %s", err_text(r));
	call_fail(&e->call, SUPPLY_UNAVAILABLE,
	    "the key store cannot be written: %s", err_text(r));
}

/* Its octets are used up, as those of any commit that failed. */
static void
refused(struct enc *e)
{
	e->call.env->count.enc_failed++;
	if (e->refusal == -E_RANGE)
		call_fail(&e->call, SUPPLY_REJECTED,
		    "more keys than the session may draw");
	else if (e->refusal == -E_GONE)
		call_fail(&e->call, SUPPLY_EXPIRED, "the session has ended");
	else
		call_fail(&e->call, SUPPLY_NOT_FOUND,
		    "there is no such session");
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
		if (r < 0)
			failed(e, r);
		else if (e->refusal < 0)
			refused(e);
		else
			committed(e);
		enc_free(e);
	}
	batch_free(j);
}

/* ---- collecting ---- */

static size_t
peer_index(const struct env *env, const struct peer *p)
{
	size_t	i = 0;

	while (env->peers[i] != p)
		i++;
	return i;
}

static void
note_consumption(struct enc_batch *j, const struct enc_part *part)
{
	size_t	i = peer_index(j->env, part->peer);

	if (!j->used[i])
		consume_begin(&j->use[i], part->peer);
	j->used[i] = true;
	j->use[i].last = part->b->request;
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
	    encbatch_new(&next, env) < 0) {
		free(j->use);
		free(j->used);
		j->use = NULL;
		j->used = NULL;
		event_active(j->submit, 0, 0);	/* try again */
		return;
	}
	TAILQ_FOREACH(e, &j->calls, next)
		for (uint32_t i = 0; i < e->nparts; i++)
			note_consumption(j, &e->parts[i]);
	env->batch = next;
	event_del(j->submit);	/* full batches did not wait for it */
	env_add(env, batch_run, batch_done, j);
}

static void
on_submit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	submit(arg);
}

void
encbatch_commit(struct enc *e)
{
	struct enc_batch	*j = e->call.env->batch;

	call_end(&e->call);
	TAILQ_INSERT_TAIL(&j->calls, e, next);
	if (j->n++ == 0)
		event_active(j->submit, 0, 0);
	else if (j->n >= BATCH_MAX)
		submit(j);
}

struct touched *
encbatch_touched(struct enc_batch *j)
{
	return &j->touched;
}

/* ---- life ---- */

int
encbatch_new(struct enc_batch **out, struct env *env)
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
encbatch_stop(struct enc_batch *j)
{
	struct enc	*e;

	TAILQ_FOREACH(e, &j->calls, next)
		call_fail(&e->call, SUPPLY_UNAVAILABLE, "stopping");
}

void
encbatch_free(struct enc_batch **j)
{
	if (*j != NULL)
		batch_free(*j);
	*j = NULL;
}
