/* fetch.c - keys for a slave. */
#include "ksa/fetch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "err.h"
#include "ksa/bindcache.h"
#include "ksa/channel.h"
#include "ksa/deliver.h"
#include "ksa/enc.h"
#include "ksa/place.h"
#include "log.h"
#include "quiet.h"

#define ASKS_MAX	1024	/* of one call: unknown requests x peers */
#define ASK_MS		1000
#define NO_REQUEST	0	/* no KSA draws it */

enum fate { GONE, COMMITS, WAITS };	/* of a call */

struct fetches { TAILQ_HEAD(, fetch) waiting; };

/* ---- finding ---- */

static bool
find_at(struct fetch *f, uint32_t i, struct peer *p)
{
	struct env	*env = f->call.env;
	struct wanted	*w = &f->v[i];
	struct binding	*b = bindcache_get(env->bindings,
			    keystore_reader(env->store), p->id, w->request);

	if (b == NULL || w->place >= b->keys ||
	    keyid_check(f->ids[i], b->seed) < 0)
		return false;
	w->peer = p;
	return true;
}

/* Where it most likely is: with the key before it, or with its master. */
static struct peer *
guess(const struct fetch *f, uint32_t i)
{
	if (i > 0)
		return f->v[i - 1].peer;
	return f->peer_sae == NULL ? NULL :
	    enc_peer_of(f->call.env, f->peer_sae);
}

static bool
find(struct fetch *f, uint32_t i)
{
	struct env	*env = f->call.env;
	struct peer	*first = guess(f, i);

	if (first != NULL && find_at(f, i, first))
		return true;
	for (size_t k = 0; k < env->npeers; k++)
		if (env->peers[k] != first && find_at(f, i, env->peers[k]))
			return true;
	f->v[i].peer = NULL;
	return false;
}

/* The peers that may know a request that is not here. */
static bool
relevant(const struct fetch *f, const struct peer *p)
{
	struct place	pl;

	if (p->self)
		return false;
	if (f->peer_sae == NULL || strcmp(f->peer_sae, f->caller) == 0 ||
	    place_find(f->call.env->book, f->peer_sae, &pl) != 0)
		return true;
	return strcmp(pl.km, p->km) == 0;
}

static bool
asked(const struct fetch *f, uint64_t request)
{
	for (uint32_t i = 0; i < f->nasks; i++)
		if (f->asks[i].request == request)
			return true;
	return false;
}

/* 0, or -E_TOO_LARGE, -E_NO_MEMORY; adds nothing if there is nobody. */
static int
add_asks(struct fetch *f, uint64_t request)
{
	struct env	*env = f->call.env;
	struct ask	*v;

	if (asked(f, request))
		return 0;
	if (f->nasks + env->npeers > ASKS_MAX)
		return -E_TOO_LARGE;
	v = realloc(f->asks, (f->nasks + env->npeers) * sizeof(*v));
	if (v == NULL)
		return -E_NO_MEMORY;
	f->asks = v;
	for (size_t k = 0; k < env->npeers; k++)
		if (relevant(f, env->peers[k]))
			f->asks[f->nasks++] = (struct ask){ env->peers[k],
			    request, 0, false, false };
	return 0;
}

/* Whether some peer may still know the request. */
static bool
hope(const struct fetch *f, uint64_t request)
{
	for (uint32_t i = 0; i < f->nasks; i++)
		if (f->asks[i].request == request && !f->asks[i].answered)
			return true;
	return false;
}

/* ---- deciding ---- */

static void
end(struct fetch *f)
{
	struct env	*env = f->call.env;

	if (f->waits)
		TAILQ_REMOVE(&env->fetches->waiting, f, next);
	f->waits = false;
	fetch_free(f);
}

static const char	unknown[] = "no such key";

/* The log has the reason; who asked is told what the status does not say. */
static enum fate
refuse(struct fetch *f, enum supply_status s, const char *why)
{
	uuid_text	id;

	uuid_print(f->ids[0], id);
	if (!quiet())
		log_notice("keys refused", "application=%s keys=%" PRIu32
		    " first=%s reason=%s", log_quote(f->caller), f->number,
		    id, log_quote(why));
	f->call.env->count.dec_refused++;
	call_fail(&f->call, s, "%s", why == unknown ? "" : why);
	end(f);
	return GONE;
}

/* Drawn here for an application of another node: not for the caller. */
static bool
issued_here(const struct fetch *f, uint32_t i)
{
	struct env	*env = f->call.env;
	struct binding	*b = NULL;
	bool		 hit = false;

	for (size_t k = 0; k < env->npeers && !hit; k++) {
		hit = bindings_get_issued(keystore_reader(env->store),
		    env->peers[k]->id, f->v[i].request, &b) == 0 &&
		    f->v[i].place < b->keys &&
		    keyid_check(f->ids[i], b->seed) == 0;
		binding_free(&b);
	}
	return hit;
}

/* How many bindings are not here; negative: too many to ask for, -E_DENIED. */
static int
look(struct fetch *f)
{
	int	missing = 0, r;

	for (uint32_t i = 0; i < f->number; i++) {
		if (f->v[i].request != NO_REQUEST && find(f, i))
			continue;
		missing++;
		if (f->v[i].request == NO_REQUEST)
			continue;
		if (issued_here(f, i))
			return -E_DENIED;
		if ((r = add_asks(f, f->v[i].request)) < 0)
			return r;
	}
	return missing;
}

/* Its source knows the request, and that it was not made for this node. */
static bool
for_another_node(const struct fetch *f)
{
	for (uint32_t i = 0; i < f->nasks; i++)
		if (f->asks[i].elsewhere)
			return true;
	return false;
}

static bool
hopeless(const struct fetch *f)
{
	for (uint32_t i = 0; i < f->number; i++)
		if (f->v[i].peer == NULL && !hope(f, f->v[i].request))
			return true;
	return false;
}

static bool
all_trusted(const struct fetch *f)
{
	for (uint32_t i = 0; i < f->number; i++)
		if (!f->v[i].peer->self && !f->v[i].peer->trusted)
			return false;
	return true;
}

/* Answers the call, begins its commit, or leaves it to wait. */
static enum fate
decide(struct fetch *f)
{
	int			 missing = look(f);
	const char		*why = NULL;
	enum supply_status	 s;

	if (missing == -E_DENIED)
		return refuse(f, SUPPLY_UNAUTHORIZED,
		    "the key was made for another application");
	if (missing < 0)
		return refuse(f, SUPPLY_UNAVAILABLE,
		    "too many keys that are not here in one request");
	if ((s = deliver_check(f, &why)) != SUPPLY_OK)
		return refuse(f, s, why);
	if (missing > 0 && for_another_node(f))
		return refuse(f, SUPPLY_UNAUTHORIZED,
		    "the key was made for an application of another node");
	if (missing > 0 && hopeless(f))
		return refuse(f, SUPPLY_NOT_FOUND, unknown);
	if (missing > 0 || !all_trusted(f))
		return WAITS;
	if (!deliver_fits(f))
		return refuse(f, SUPPLY_TOO_LARGE,
		    "the keys do not fit into one answer");
	if (f->waits)
		TAILQ_REMOVE(&f->call.env->fetches->waiting, f, next);
	f->waits = false;
	return deliver(f) ? COMMITS : GONE;
}

static void
ask_peers(struct fetch *f, uint64_t now)
{
	struct msg	m = { .id = MSG_bind_query };

	for (uint32_t i = 0; i < f->nasks; i++) {
		struct ask	*a = &f->asks[i];

		if (a->answered || !peer_is_up(a->peer) ||
		    (a->said != 0 && now - a->said < ASK_MS))
			continue;
		m.bind_query.request = a->request;
		a->said = now;
		(void)channel_send(a->peer->channel, &m);
	}
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct fetch	*f = arg;
	const char	*away = NULL;

	(void)fd, (void)what;
	for (uint32_t i = 0; i < f->nasks && away == NULL; i++)
		if (!f->asks[i].answered)
			away = f->asks[i].peer->km;
	for (uint32_t i = 0; i < f->number && away == NULL; i++)
		if (f->v[i].peer != NULL && !f->v[i].peer->trusted)
			away = f->v[i].peer->km;
	f->call.env->count.dec_failed++;
	call_fail(&f->call, SUPPLY_UNAVAILABLE,
	    "the key may exist, but KM %s cannot be asked",
	    away == NULL ? "of its source" : away);
	end(f);
}

/* ---- calls ---- */

static unsigned
waiting_of(const struct env *env, const char *caller)
{
	struct fetch	*f;
	unsigned	 n = 0;

	TAILQ_FOREACH(f, &env->fetches->waiting, next)
		if (strcmp(f->caller, caller) == 0)
			n++;
	return n;
}

static struct fetch *
fetch_new(struct env *env, const struct supply_claim *q)
{
	struct fetch	*f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->call.env = env;
	f->number = q->number;
	f->fits = q->fits;
	f->caller = strdup(q->caller);
	f->peer_sae = q->peer_sae == NULL ? NULL : strdup(q->peer_sae);
	f->ids = malloc(q->number * sizeof(*f->ids));
	f->v = calloc(q->number, sizeof(*f->v));
	if (f->caller == NULL || f->ids == NULL || f->v == NULL ||
	    (q->peer_sae != NULL && f->peer_sae == NULL)) {
		fetch_free(f);
		return NULL;
	}
	memcpy(f->ids, q->ids, q->number * sizeof(*f->ids));
	return f;
}

/* What is no ID of ours is nowhere. */
static void
parse(struct fetch *f)
{
	for (uint32_t i = 0; i < f->number; i++)
		if (keyid_parse(f->ids[i], &f->v[i].request,
		    &f->v[i].place) < 0)
			f->v[i].request = NO_REQUEST;
}

/* Of two masters with one ID neither is the one that is meant. */
static bool
master_decided(struct fetch *f)
{
	char		text[PLACE_TEXT];
	struct place	pl;
	int		r;

	if (f->peer_sae == NULL || strcmp(f->peer_sae, f->caller) == 0)
		return true;
	r = place_find(f->call.env->book, f->peer_sae, &pl);
	/* Nobody else's key comes under the name of one of this node. */
	if (r != -E_EXISTS || pl.local)
		return true;
	refuse(f, SUPPLY_UNAVAILABLE, place_trouble(r, f->peer_sae, &pl,
	    text));
	return false;
}

struct supply_call *
fetch_call(struct env *env, const struct supply_claim *q, supply_done *done,
    void *arg)
{
	struct supply_call	 c = { .done = done, .arg = arg };
	struct fetch		*f;
	enum fate		 fate;

	env->count.dec_requests++;
	if (q->number == 0 || q->number > SUPPLY_KEYS_MAX) {
		call_fail(&c, SUPPLY_BAD_REQUEST, "too many key IDs");
		return NULL;
	}
	if (env->stopping || (f = fetch_new(env, q)) == NULL) {
		call_fail(&c, SUPPLY_UNAVAILABLE,
		    env->stopping ? "stopping" : "out of memory");
		return NULL;
	}
	call_init(&f->call, CALL_DEC, env, done, arg);
	if (!master_decided(f))
		return NULL;
	parse(f);
	fate = decide(f);
	if (fate != WAITS)
		return fate == COMMITS ? &f->call : NULL;
	if (waiting_of(env, q->caller) >=
	    (unsigned)env->conf->max_waiting ||
	    env->conf->query_wait == 0 ||
	    call_timer(&f->call, env->conf->query_wait, on_timeout) < 0) {
		refuse(f, SUPPLY_UNAVAILABLE,
		    "too many requests for keys that are not here");
		return NULL;
	}
	TAILQ_INSERT_TAIL(&env->fetches->waiting, f, next);
	f->waits = true;
	ask_peers(f, mono_ms());
	return &f->call;
}

bool
fetch_withdraw(struct supply_call *c)
{
	struct fetch	*f = (struct fetch *)c;

	if (!f->waits)
		return false;
	c->done = NULL;
	end(f);
	return true;
}

void
fetch_retry(struct env *env, uint64_t request)
{
	struct fetch	*f, *next;

	for (f = TAILQ_FIRST(&env->fetches->waiting); f != NULL; f = next) {
		next = TAILQ_NEXT(f, next);
		if (request == 0 || asked(f, request))
			(void)decide(f);
	}
}

void
fetch_unknown(struct peer *p, uint64_t request, bool elsewhere)
{
	struct fetch	*f, *next;

	for (f = TAILQ_FIRST(&p->env->fetches->waiting); f != NULL; f = next) {
		bool	mine = false;

		next = TAILQ_NEXT(f, next);
		for (uint32_t i = 0; i < f->nasks; i++)
			if (f->asks[i].peer == p &&
			    f->asks[i].request == request) {
				f->asks[i].elsewhere = elsewhere;
				mine = f->asks[i].answered = true;
			}
		if (mine)
			(void)decide(f);
	}
}

void
fetch_tick(struct env *env)
{
	struct fetch	*f;

	TAILQ_FOREACH(f, &env->fetches->waiting, next)
		ask_peers(f, mono_ms());
}

void
fetch_stop(struct env *env)
{
	struct fetch	*f;

	while ((f = TAILQ_FIRST(&env->fetches->waiting)) != NULL)
		refuse(f, SUPPLY_UNAVAILABLE, "stopping");
}

unsigned
fetch_waiting(const struct env *env)
{
	struct fetch	*f;
	unsigned	 n = 0;

	TAILQ_FOREACH(f, &env->fetches->waiting, next)
		n++;
	return n;
}

int
fetches_new(struct fetches **f, struct env *env)
{
	(void)env;
	if ((*f = calloc(1, sizeof(**f))) == NULL)
		return -E_NO_MEMORY;
	TAILQ_INIT(&(*f)->waiting);
	return 0;
}

void
fetches_free(struct fetches **f)
{
	free(*f);
	*f = NULL;
}
