/* status.c - what an operator may see of the engine. */
#include "ksa/status.h"

#include <stdarg.h>
#include <stdio.h>

#include "ksa/admit.h"
#include "ksa/apps.h"
#include "ksa/place.h"
#include "ksa/bindings.h"
#include "ksa/blocks.h"
#include "ksa/line.h"
#include "ksa/fetch.h"
#include "ksa/newblocks.h"
#include "ksa/outbox.h"
#include "ksa/paths.h"
#include "ksa/peer.h"
#include "ksa/plain.h"
#include "ksa/pool.h"
#include "ksa/sessions.h"
#include "secret.h"
#include "storestatus.h"

#define CLASHES_SAID	16	/* one by one */

static void
set(json_t *o, const char *name, uint64_t v)
{
	json_object_set_new(o, name, json_integer((json_int_t)v));
}

static void
lacks(json_t *missing, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
lacks(json_t *missing, const char *fmt, ...)
{
	char	text[320];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(missing, json_string(text));
}

/* What is demanded, and what was refused lately for lack of it. */
static void
paths(const struct peer *p, json_t *o)
{
	uint32_t	there, wanted;

	set(o, "disjoint_paths", p->paths);
	if (!pool_lacked_paths(p->pool, &there, &wanted))
		return;
	set(o, "disjoint_paths_there", there);
	set(o, "disjoint_paths_refused", wanted);
}

static json_t *
pool_out(const struct peer *p)
{
	json_t		*o = json_object();
	uint64_t	 in, out;

	json_object_set_new(o, "peer", json_string(p->km));
	json_object_set_new(o, "direction", json_string("out"));
	set(o, "blocks", pool_blocks(p->pool));
	set(o, "octets", pool_available(p->pool));
	pool_rates(p->pool, &in, &out);
	set(o, "filled_octets_per_second", in);
	set(o, "used_octets_per_second", out);
	set(o, "unconfirmed", newblocks_count(p->newblocks, OWN));
	set(o, "waiting", line_length(p));
	json_object_set_new(o, "usable",
	    json_boolean(p->self || p->trusted));
	if (p->error[0] != '\0')
		json_object_set_new(o, "error", json_string(p->error));
	if (p->self)
		return o;
	paths(p, o);
	json_object_set_new(o, "up", json_boolean(peer_is_up(p)));
	json_object_set_new(o, "reachable", json_boolean(p->reach));
	set(o, "outbox", (uint64_t)bindings_outbox(
	    keystore_reader(p->env->store), p->id, outbox_acked(p->outbox)));
	return o;
}

static json_t *
pool_in(const struct peer *p)
{
	json_t		*o = json_object();
	uint64_t	 blocks = 0, octets = 0;

	(void)blocks_count(keystore_reader(p->env->store), p->id, THEIRS,
	    &blocks, &octets);
	json_object_set_new(o, "peer", json_string(p->km));
	json_object_set_new(o, "direction", json_string("in"));
	set(o, "blocks", blocks);
	set(o, "octets", octets);
	set(o, "unconfirmed", newblocks_count(p->newblocks, THEIRS));
	json_object_set_new(o, "up", json_boolean(peer_is_up(p)));
	return o;
}

static json_t *
counters(const struct env *e)
{
	const struct counters	*c = &e->count;
	const struct { const char *name; uint64_t v; } v[] = {
		{ "enc_requests", c->enc_requests },
		{ "enc_keys", c->enc_keys },
		{ "enc_short", c->enc_short },
		{ "enc_failed", c->enc_failed },
		{ "enc_quota", c->enc_quota },
		{ "enc_paths", c->enc_paths },
		{ "dec_requests", c->dec_requests },
		{ "dec_keys", c->dec_keys },
		{ "dec_refused", c->dec_refused },
		{ "dec_failed", c->dec_failed },
		{ "redelivered", c->redelivered },
		{ "queries", c->queries },
		{ "bindings_in", c->bindings_in },
		{ "bindings_refused", c->bindings_refused },
		{ "copies_refused", c->copies_refused },
		{ "copies_broken", c->copies_broken },
		{ "blocks_in", c->blocks_in },
		{ "blocks_out", c->blocks_out },
		{ "blocks_void", c->blocks_void },
		{ "bad_messages", c->bad_messages },
		{ "requests_erased", c->erased },
		{ "requests_expired", c->expired },
		{ "rollbacks", c->rollbacks },
		{ "sessions_opened", c->sessions_opened },
		{ "sessions_refused", c->sessions_refused },
		{ "session_keys", c->session_keys },
		{ "session_keys_void", c->session_keys_void },
	};
	json_t			*o = json_object();

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		set(o, v[i].name, v[i].v);
	return o;
}

static void
commits(const struct env *e, json_t *figures)
{
	struct committer	*c = keystore_committer(e->store);
	struct committer_figures now;

	committer_figures(c, &now);
	set(figures, "commits", now.commits);
	set(figures, "commit_jobs", now.jobs);
	set(figures, "commits_queued", committer_queued(c));
}

static bool
peer_ready(const struct peer *p, json_t *missing)
{
	char		why[PATHS_TEXT];
	uint32_t	there, wanted;

	if (!p->self && !p->reach)
		lacks(missing, "KM %s cannot be reached", p->km);
	else if (pool_lacked_paths(p->pool, &there, &wanted) &&
	    there < p->paths) {
		paths_tell(why, p->km, there, p->paths);
		lacks(missing, "%s (disjoint_paths)", why);
	} else if (!p->self && !peer_is_up(p))
		lacks(missing, "no channel to the KSA of %s yet", p->km);
	else if (!p->self && !apps_heard(p->apps))
		lacks(missing, "the applications of %s are not known yet",
		    p->km);
	else if (pool_blocks(p->pool) == 0)
		lacks(missing, "no key for %s%s%s", p->km,
		    p->error[0] == '\0' ? "" : ": ", p->error);
	else if (!p->self && !p->trusted)
		lacks(missing, "the stores of this node and %s are being "
		    "compared", p->km);
	else
		return true;
	return false;
}

struct clashes { json_t *missing; unsigned n; };

static int
on_clash(void *arg, const char *id, const char *km, const char *also,
    bool pinned)
{
	struct clashes	*c = arg;

	if (!pinned)
		lacks(c->missing, "application %.100s is announced by two "
		    "nodes, %s and %s: one must withdraw it", id, km, also);
	return ++c->n == CLASHES_SAID;
}

/* Keys can be supplied all the same, with others. */
static void
say_clashes(const struct env *e, json_t *missing)
{
	struct clashes	c = { missing, 0 };

	(void)place_clashes(e->book, on_clash, &c);
}

bool
status_report(const struct env *e, json_t *figures, json_t *missing,
    json_t *warnings)
{
	json_t	*pools = json_array();
	bool	 ready = true;

	for (size_t i = 0; i < e->npeers; i++) {
		const struct peer	*p = e->peers[i];

		if (!peer_ready(p, missing))
			ready = false;
		json_array_append_new(pools, pool_out(p));
		if (!p->self)
			json_array_append_new(pools, pool_in(p));
	}
	say_clashes(e, missing);
	json_object_set_new(figures, "kme_id", json_string(e->conf->kme_id));
	set(figures, "key_octets", (uint64_t)e->conf->key_size / 8);
	json_object_set_new(figures, "pools", pools);
	json_object_set_new(figures, "applications", apps_status(e));
	json_object_set_new(figures, "plain_peers", plain_status(e));
	json_object_set_new(figures, "count", counters(e));
	commits(e, figures);
	json_object_set_new(figures, "store", store_status(e->conf->store,
	    keystore_committer(e->store), warnings));
	set(figures, "quotas_waiting", admit_length(e->admit));
	set(figures, "fetches_waiting", fetch_waiting(e));
	set(figures, "sessions", e->sessions->open);
	set(figures, "session_draws_waiting", e->sessions->ndraws);
	set(figures, "locked_memory_used", secret_used());
	set(figures, "locked_memory", secret_total());
	return ready;
}
