/* plain.c - plain peers: who they are, and what time does to their keys. */
#include "ksa/place.h"
#include "ksa/plain.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "log.h"

#define CHECKPOINT_MS	5000
#define COUNT_MS	60000

struct plain_peer *
plain_find(const struct env *env, const char *km)
{
	struct plain	*t = env->plain;

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i].conf->kme_id, km) == 0)
			return &t->v[i];
	return NULL;
}

struct plain_peer *
plain_peer_of(const struct env *env, const char *sae)
{
	struct place	pl;

	return place_find(env->book, sae, &pl) != 0 ? NULL :
	    plain_find(env, pl.km);
}

void
plain_there(struct env *env, const char *km, bool up)
{
	struct plain_peer	*p = plain_find(env, km);

	if (p != NULL)
		p->up = up;
}

/* ---- time ---- */

/* A restart renews the window, as for other keys. */
uint64_t
plain_again(const struct env *env, uint64_t now)
{
	uint64_t	window = (uint64_t)env->conf->redelivery * 1000;

	if (window == 0)
		return now;
	return env->started + window >= now ? 0 : now - window - 1;
}

struct sweeping {
	struct env		*env;
	struct plain_ages	 ages;
	unsigned		 erased, expired;
	bool			 count;
	uint64_t		*rows;		/* per peer, if counted */
};

static int
sweep_run(struct db *db, void *arg)
{
	struct sweeping	*j = arg;
	struct side	*s = keystore_writer(j->env->store);
	struct plain	*t = j->env->plain;
	int		 r;

	(void)db;
	if ((r = plainstore_sweep(s, &j->ages, &j->erased, &j->expired)) < 0)
		return r;
	for (size_t i = 0; j->count && i < t->n; i++)
		j->rows[i] = plainstore_count(s, t->v[i].conf->kme_id);
	return 0;
}

static void
sweeping_free(struct sweeping *j)
{
	free(j->rows);
	free(j);
}

static void
sweep_done(void *arg, int r)
{
	struct sweeping	*j = arg;
	struct plain	*t = j->env->plain;

	t->sweeping = false;
	if (r < 0)
		log_err("keys of plain peers not erased yet", "error=%s",
		    err_name(r));
	else {
		j->env->count.erased += j->erased;
		j->env->count.expired += j->expired;
		t->erased = t->erased || j->erased + j->expired > 0;
		for (size_t i = 0; j->count && i < t->n; i++)
			t->v[i].rows = j->rows[i];
	}
	sweeping_free(j);
}

static struct plain_ages
ages(const struct env *env)
{
	const struct ksa_conf	*c = env->conf;
	uint64_t		 now = now_ms();
	uint64_t		 wait = (uint64_t)c->key_expiry * 1000;
	uint64_t		 all = wait + (uint64_t)c->tombstone * 1000;

	return (struct plain_ages){ plain_again(env, now),
	    now > wait ? now - wait : 0, now > all ? now - all : 0 };
}

void
plain_second(struct env *env)
{
	struct plain		*t = env->plain;
	struct plain_ages	 a = ages(env);
	struct sweeping		*j;

	if (t->erased && mono_ms() - t->checkpoint >= CHECKPOINT_MS) {
		t->erased = false;
		t->checkpoint = mono_ms();
		committer_checkpoint(keystore_committer(env->store));
	}
	if (t->sweeping || !plainstore_due(keystore_reader(env->store), &a) ||
	    (j = calloc(1, sizeof(*j))) == NULL)
		return;
	if ((j->rows = calloc(t->n + 1, sizeof(*j->rows))) == NULL) {
		sweeping_free(j);
		return;
	}
	j->env = env;
	j->ages = a;
	/* What was forgotten; it takes a while, so now and then. */
	if ((j->count = mono_ms() >= t->count))
		t->count = mono_ms() + COUNT_MS;
	t->sweeping = true;
	env_add(env, sweep_run, sweep_done, j);
}

/* ---- life ---- */

struct starting { struct env *env; bool back; };

static int
start_run(struct db *db, void *arg)
{
	struct starting	*j = arg;

	(void)db;
	return plainstore_start(keystore_writer(j->env->store), j->back);
}

int
plain_start(struct env *env, bool back)
{
	struct starting	 j = { env, back };
	struct plain	*t = env->plain;

	for (size_t i = 0; i < t->n; i++)
		t->v[i].rows = plainstore_count(keystore_reader(env->store),
		    t->v[i].conf->kme_id);
	return committer_sync(keystore_committer(env->store), start_run, &j);
}

int
plain_new(struct plain **out, struct env *env)
{
	const struct ksa_plain_peer	*v = env->conf->plain_peers.v;
	size_t				 n = env->conf->plain_peers.n;
	struct plain			*t;

	if ((*out = t = calloc(1, sizeof(*t))) == NULL ||
	    (t->v = calloc(n + 1, sizeof(*t->v))) == NULL)
		return -E_NO_MEMORY;
	t->env = env;
	t->n = n;
	for (size_t i = 0; i < n; i++)
		t->v[i].conf = &v[i];
	return 0;
}

void
plain_free(struct plain **t)
{
	if (*t != NULL)
		free((*t)->v);
	free(*t);
	*t = NULL;
}

json_t *
plain_status(const struct env *env)
{
	const struct plain	*t = env->plain;
	json_t			*list = json_array();

	for (size_t i = 0; i < t->n; i++) {
		const struct plain_peer	*p = &t->v[i];

		json_array_append_new(list, json_pack(
		    "{s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "peer", p->conf->kme_id,
		    "connected", (int)p->up, "keys_remembered",
		    (json_int_t)p->rows, "keys_taken", (json_int_t)p->taken,
		    "messages_refused", (json_int_t)p->refused,
		    "keys_supplied", (json_int_t)p->supplied,
		    "requests_failed", (json_int_t)p->failed,
		    "requests_waiting", (json_int_t)p->waiting));
	}
	return list;
}
