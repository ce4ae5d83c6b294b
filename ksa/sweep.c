/* sweep.c - what was used up is erased. */
#include "ksa/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/bindcache.h"
#include "ksa/bindings.h"
#include "ksa/blocks.h"
#include "ksa/outbox.h"
#include "ksa/record.h"
#include "log.h"

#define ROWS		2000	/* bindings looked at in one job */
#define BLOCKS		512	/* own blocks wiped in one job */
#define CHECKPOINT_MS	5000	/* between truncating checkpoints */
#define FORGET_MS	10000	/* between two looks for old rows */
#define FORGET_MANY	1000	/* rows: there may be more */

/* A range of key octets to be erased. */
struct range { struct peer *peer; uint64_t block; uint32_t from, octets; };

struct ranges { struct range *v; uint32_t n, room; };

struct own { struct peer *peer; uint64_t serial; };

struct seen { int64_t peer; uint64_t request; };

struct sweep {
	struct env	*env;
	struct own	*own;		/* blocks to be wiped */
	uint32_t	 nown, ownroom;
	uint64_t	*cursor;	/* per peer: all before it are expired */
	bool		 busy, erased;
	uint64_t	 checkpoint, forget;	/* mono, ms */
};

struct job {
	struct sweep	*sweep;
	struct own	 own[BLOCKS];
	uint32_t	 nown;
	uint64_t	 now;
	uint64_t	*cursor, *acked;	/* per peer */
	struct ranges	 ranges;
	struct seen	 seen[2 * ROWS];	/* changed on disk */
	uint32_t	 nseen, nexpired;
	bool		 forget, more;		/* old rows */
	bool		 again;			/* there is more */
};

/* ---- ranges ---- */

static int
ranges_add(struct ranges *g, struct peer *p, const struct piece *piece)
{
	struct range	*v = g->n == 0 ? NULL : &g->v[g->n - 1];

	if (v != NULL && v->peer == p && v->block == piece->block &&
	    v->from + v->octets == piece->offset) {
		v->octets += piece->octets;
		return 0;
	}
	if (g->n == g->room) {
		uint32_t	room = g->room == 0 ? 256 : g->room * 2;

		if ((v = realloc(g->v, room * sizeof(*v))) == NULL)
			return -E_NO_MEMORY;
		g->v = v;
		g->room = room;
	}
	g->v[g->n++] = (struct range){ p, piece->block, piece->offset,
	    piece->octets };
	return 0;
}

static int
compare(const void *x, const void *y)
{
	const struct range	*a = x, *b = y;

	if (a->peer != b->peer)
		return a->peer->id < b->peer->id ? -1 : 1;
	if (a->block != b->block)
		return a->block < b->block ? -1 : 1;
	return a->from < b->from ? -1 : a->from > b->from;
}

/* Keys fetched one by one lie side by side: their segments are done once. */
static void
ranges_merge(struct ranges *g)
{
	uint32_t	n = 0;

	if (g->n == 0)
		return;
	qsort(g->v, g->n, sizeof(g->v[0]), compare);
	for (uint32_t i = 1; i < g->n; i++) {
		struct range	*a = &g->v[n], *b = &g->v[i];

		if (a->peer == b->peer && a->block == b->block &&
		    a->from + a->octets == b->from)
			a->octets += b->octets;
		else
			g->v[++n] = *b;
	}
	g->n = n + 1;
}

static int
ranges_erase(struct job *j, struct side *s)
{
	struct block_row	row;
	int			r = 0;

	ranges_merge(&j->ranges);
	for (uint32_t i = 0; r == 0 && i < j->ranges.n; i++) {
		struct range		*g = &j->ranges.v[i];
		struct block_name	 name = { g->peer->km, g->peer->id,
		    g->peer->self ? OWN : THEIRS, g->block };

		if ((r = blocks_find(s, &name, &row)) == 0)
			r = blocks_erase(s, &name, row.id, g->from,
			    g->octets);
		if (r == -E_NOT_FOUND || r == -E_SPENT)
			r = 0;		/* void: gone as a whole */
	}
	return r;
}

/* ---- bindings ---- */

static int
erase_key(struct job *j, struct peer *p, const struct binding *b, uint32_t key)
{
	uint64_t	from = (uint64_t)key * b->octets, left = b->octets;
	struct piece	piece;
	uint32_t	n;
	int		r = 0;

	while (r == 0 && left > 0 &&
	    (n = pieces_map(b->pieces, from, left, &piece)) > 0) {
		r = ranges_add(&j->ranges, p, &piece);
		from += n;
		left -= n;
	}
	return r;
}

static bool
window_over(const struct job *j, const struct binding *b, uint32_t stamp)
{
	const struct env	*env = j->sweep->env;
	uint64_t		 at = binding_time(b, stamp);

	if (at < env->started)
		at = env->started;
	return !binding_window_open(at, (uint64_t)env->conf->redelivery * 1000,
	    j->now);
}

/* For all of its slaves. *unfetched: how many did not fetch it. */
static bool
is_due(const struct job *j, const struct binding *b, uint32_t key, bool expire,
    uint32_t *unfetched)
{
	bool	due = true;

	for (uint32_t i = 0; i < b->nslaves; i++) {
		uint32_t	stamp = b->fetched == NULL ? 0 :
				    *binding_fetched(b, i, key);

		*unfetched += stamp == 0;
		if (stamp == 0 ? !expire : !window_over(j, b, stamp))
			due = false;
	}
	return due || b->state == BINDING_VOID || b->state == BINDING_EXPIRED;
}

/*
 * Erases what is due of one request. `expire`: also what was never fetched;
 * what was and is still in its window comes up again by its delivery.
 */
static int
sweep_binding(struct job *j, struct side *s, struct peer *p,
    struct binding *b, bool expire)
{
	uint32_t	erased = 0, due = 0, unfetched = 0;
	bool		lapsed;
	int		r = 0;

	if (b->erased == NULL &&
	    (b->erased = calloc((b->keys + 7) / 8, 1)) == NULL)
		return -E_NO_MEMORY;
	for (uint32_t i = 0; r == 0 && i < b->keys; i++) {
		bool	is = is_due(j, b, i, expire, &unfetched);

		if (binding_is_erased(b, i))
			erased++;
		else if (is) {
			due++;
			b->erased[i / 8] |= (uint8_t)(1 << i % 8);
			r = erase_key(j, p, b, i);
		}
	}
	lapsed = expire && (unfetched > 0 || b->state == BINDING_OFFERED);
	if (r < 0 || (due == 0 && !lapsed))
		return r;
	if (binding_stands(b) && lapsed) {
		b->state = BINDING_EXPIRED;
		j->nexpired++;
		if ((r = record_keys(s, AUDIT_EXPIRED, p->id, b->request,
		    b->keys, NULL)) < 0)
			return r;
	} else if (b->state == BINDING_VALID && erased + due == b->keys)
		b->state = BINDING_ERASED;
	if (j->nseen < 2 * ROWS)
		j->seen[j->nseen++] = (struct seen){ p->id, b->request };
	if (due > 0 && (r = record_keys(s, AUDIT_ERASED, p->id, b->request,
	    due, NULL)) < 0)
		return r;
	return bindings_set_erased(s, p->id, b);
}

static int
sweep_deliveries(struct job *j, struct side *s)
{
	const struct env	*env = j->sweep->env;
	uint64_t		 window = (uint64_t)env->conf->redelivery * 1000;
	struct delivery		 d;
	struct binding		*b;
	struct peer		*p;
	int			 r = 0;

	for (unsigned i = 0; r == 0 && i < ROWS; i++) {
		if ((r = bindings_first_delivery(s, &d)) < 0)
			break;
		if (d.at != 0 && d.at < env->started)
			d.at = env->started;
		if (d.at != 0 && binding_window_open(d.at, window, j->now))
			return 0;
		if ((p = peer_by_id(env, d.peer)) != NULL &&
		    bindings_get_received(s, d.peer, d.request, &b) == 0) {
			r = sweep_binding(j, s, p, b, false);
			binding_free(&b);
		}
		if (r == 0)
			r = bindings_drop_delivery(s, d.seq);
		j->again = i + 1 == ROWS;
	}
	return r == -E_NOT_FOUND ? 0 : r;
}

static int
sweep_expired(struct job *j, struct side *s, size_t k)
{
	const struct env	*env = j->sweep->env;
	uint64_t		 age = (uint64_t)env->conf->key_expiry * 1000;
	struct peer		*p = env->peers[k];
	struct binding		*b;
	int			 r = 0;

	for (unsigned i = 0; r == 0 && i < ROWS / 4; i++) {
		if ((r = bindings_next_received(s, p->id, j->cursor[k],
		    &b)) < 0)
			break;
		if (b->made + age >= j->now) {
			binding_free(&b);
			return 0;
		}
		if (binding_stands(b))
			r = sweep_binding(j, s, p, b, true);
		if (r == 0)
			j->cursor[k] = b->request;
		binding_free(&b);
		j->again = j->again || i + 1 == ROWS / 4;
	}
	return r == -E_NOT_FOUND ? 0 : r;
}

static int
sweep_forgotten(struct job *j, struct side *s, size_t k)
{
	const struct ksa_conf	*c = j->sweep->env->conf;
	uint64_t		 age = (uint64_t)(c->key_expiry +
				    c->tombstone) * 1000;
	int			 r;

	if (!j->forget || j->now < age)
		return 0;
	r = bindings_forget(s, j->sweep->env->peers[k]->id, j->acked[k],
	    j->now - age);
	if (r >= FORGET_MANY)
		j->again = j->more = true;
	return r < 0 ? r : 0;
}

/* ---- the job ---- */

static int
sweep_run(struct db *db, void *arg)
{
	struct job	*j = arg;
	struct side	*s = keystore_writer(j->sweep->env->store);
	int		 r = 0;

	(void)db;
	j->ranges.n = j->nseen = j->nexpired = 0;
	j->again = j->more = false;
	memcpy(j->cursor, j->sweep->cursor,
	    j->sweep->env->npeers * sizeof(j->cursor[0]));
	for (uint32_t i = 0; r == 0 && i < j->nown; i++) {
		struct peer		*p = j->own[i].peer;
		struct block_name	 name = { p->km, p->id, OWN,
		    j->own[i].serial };

		r = blocks_wipe_used(s, &name);
	}
	if (r < 0 || (r = sweep_deliveries(j, s)) < 0)
		return r;
	for (size_t k = 0; r == 0 && k < j->sweep->env->npeers; k++)
		if ((r = sweep_expired(j, s, k)) == 0)
			r = sweep_forgotten(j, s, k);
	return r < 0 ? r : ranges_erase(j, s);
}

static void
job_free(struct job *j)
{
	free(j->ranges.v);
	free(j->cursor);
	free(j->acked);
	free(j);
}

static void
after(struct sweep *w, struct job *j)
{
	struct env	*env = w->env;

	memcpy(w->cursor, j->cursor, env->npeers * sizeof(w->cursor[0]));
	for (uint32_t i = 0; i < j->nseen; i++)
		bindcache_drop(env->bindings, j->seen[i].peer,
		    j->seen[i].request);
	if (j->nseen > 0)
		segcache_clear(env->segments);
	if (j->more)
		w->forget = 0;
	env->count.erased += j->nseen;
	env->count.expired += j->nexpired;
	if (j->nseen > 0 || j->nown > 0)
		w->erased = true;
}

static void	sweep_start(struct sweep *);

static void
sweep_done(void *arg, int r)
{
	struct job	*j = arg;
	struct sweep	*w = j->sweep;
	bool		 again = r == 0 && j->again;

	w->busy = false;
	if (r == 0)
		after(w, j);
	else {
		log_err("key bytes not erased yet", "error=%s", err_name(r));
		for (uint32_t i = 0; i < j->nown; i++)
			sweep_touch(w, j->own[i].peer, j->own[i].serial);
	}
	job_free(j);
	if ((again || (r == 0 && w->nown > 0)) && !w->env->stopping)
		sweep_start(w);
	else if (w->erased && mono_ms() - w->checkpoint >= CHECKPOINT_MS) {
		w->erased = false;
		w->checkpoint = mono_ms();
		committer_checkpoint(keystore_committer(w->env->store));
	}
}

static void
sweep_start(struct sweep *w)
{
	size_t		 n = w->env->npeers;
	struct job	*j;

	if (w->busy || (j = calloc(1, sizeof(*j))) == NULL)
		return;
	j->cursor = calloc(n, sizeof(j->cursor[0]));
	j->acked = calloc(n, sizeof(j->acked[0]));
	if (j->cursor == NULL || j->acked == NULL) {
		job_free(j);
		return;
	}
	j->sweep = w;
	j->now = now_ms();
	if ((j->forget = mono_ms() >= w->forget))
		w->forget = mono_ms() + FORGET_MS;
	for (size_t k = 0; k < n; k++)
		if (!w->env->peers[k]->self)
			j->acked[k] = outbox_acked(w->env->peers[k]->outbox);
	j->nown = w->nown > BLOCKS ? BLOCKS : w->nown;
	if (j->nown > 0) {
		w->nown -= j->nown;
		memcpy(j->own, w->own + w->nown, j->nown * sizeof(j->own[0]));
	}
	w->busy = true;
	env_add(w->env, sweep_run, sweep_done, j);
}

void
sweep_tick(struct sweep *w)
{
	sweep_start(w);
}

/* ---- own blocks ---- */

void
sweep_touch(struct sweep *w, struct peer *p, uint64_t serial)
{
	struct own	*v;

	if (p->self)		/* its octets are kept for the slave here */
		return;
	for (uint32_t i = w->nown; i-- > 0 && i + 8 > w->nown;)
		if (w->own[i].serial == serial && w->own[i].peer == p)
			return;
	if (w->nown == w->ownroom) {
		uint32_t	room = w->ownroom == 0 ? 64 : w->ownroom * 2;

		if ((v = realloc(w->own, room * sizeof(*v))) == NULL)
			return;		/* the next start finds it */
		w->own = v;
		w->ownroom = room;
	}
	w->own[w->nown++] = (struct own){ p, serial };
}

int
sweep_load(struct sweep *w)
{
	struct side		*s = keystore_reader(w->env->store);
	struct block_row	 row;
	int			 r = -E_NOT_FOUND;

	for (size_t k = 0; k < w->env->npeers; k++) {
		struct peer	*p = w->env->peers[k];

		row.serial = 0;
		while ((r = blocks_next(s, p->id, OWN, row.serial, &row)) == 0)
			if (row.wiped < row.used)
				sweep_touch(w, p, row.serial);
		if (r != -E_NOT_FOUND)
			return r;
	}
	return 0;
}

/* ---- life ---- */

int
sweep_new(struct sweep **out, struct env *env)
{
	struct sweep	*w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -E_NO_MEMORY;
	w->env = env;
	w->cursor = calloc(env->npeers, sizeof(w->cursor[0]));
	if (w->cursor == NULL) {
		free(w);
		return -E_NO_MEMORY;
	}
	*out = w;
	return 0;
}

void
sweep_free(struct sweep **w)
{
	if (*w != NULL) {
		free((*w)->own);
		free((*w)->cursor);
	}
	free(*w);
	*w = NULL;
}
