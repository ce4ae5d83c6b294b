/* poolfill.c - the stock is filled up from kma. */
#include "ksa/poolint.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/channel.h"
#include "ksa/extension.h"
#include "ksa/line.h"
#include "ksa/newblocks.h"
#include "ksa/outbox.h"
#include "ksa/paths.h"
#include "ksa/wishing.h"
#include "log.h"
#include "quiet.h"

/* Octets asked for at a time; they hold locked memory as they come. */
#define TAKES_PER_POOL	(512 * 1024)
#define TAKES_IN_ALL	(1024 * 1024)
#define TAKES_MIN	8	/* blocks */
#define TAKE_MS		12000
#define BACKOFF_MIN	200	/* ms */
#define BACKOFF_MAX	5000
#define BACKOFF_WANTED	500	/* while a request waits */
#define LONELY_MS	3000	/* then a new block brings a new control key */
#define UNANSWERED_MAX	16	/* times confirm_wait between two tries */
#define GUESS		8000	/* octets of a block before the first came */
#define PROBE_MS	10000	/* then the next block may be of another kind */

#define LACK_MS		1000	/* what kma said of paths holds */
#define LACKED_MS	60000	/* an operator may see it */

struct take {
	struct peer	*peer;
	uint64_t	 serial;
	unsigned	 generation;
	uint32_t	 paths;
};

void
pool_want(struct pool *p, uint64_t octets)
{
	uint64_t	soon = mono_ms() + BACKOFF_WANTED;

	if (octets > 0 && p->want == 0 && p->unanswered == 0 &&
	    p->not_before > soon)
		p->not_before = soon;
	p->want = octets;
}

void
pool_hope(struct pool *p, uint32_t octets, const struct supply_wish *w,
    uint64_t until)
{
	struct hope	*h = w == NULL ? &p->more : &p->better;
	bool		 over = h->until <= mono_ms();

	if (over && w != NULL)
		p->fresh = 0;
	if (over || octets > h->octets || w != NULL)
		h->octets = octets;
	if (over || until > h->until)
		h->until = until;
	if (w != NULL)
		h->wish = *w;
}

bool
pool_may_meet(const struct pool *p, const struct supply_wish *w,
    unsigned wishes)
{
	uint64_t	now = now_ms();
	uint32_t	paths = extension_paths(w, wishes), there = 0;
	struct material	m = { p->last_hops, now - p->last_age, paths };

	if (pool_lacks_paths(p, paths, &there))
		return false;
	if (paths > 1) {	/* of parts that are drawn now */
		m.hops = p->peer->self ? 0 : 2;
		m.born = now;
		return extension_met(w, wishes, &m, now);
	}
	return p->last_came == 0 || mono_ms() - p->last_came > PROBE_MS ||
	    extension_met(w, wishes, &m, now);
}

void
pool_paths(struct pool *p, uint32_t there)
{
	p->paths_there = there;
}

bool
pool_lacks_paths(const struct pool *p, uint32_t paths, uint32_t *there)
{
	*there = p->paths_there;
	return paths > 1 && p->paths_at != 0 &&
	    mono_ms() - p->paths_at < LACK_MS && p->paths_there < paths &&
	    !p->peer->self;
}

bool
pool_lacked_paths(const struct pool *p, uint32_t *there, uint32_t *wanted)
{
	*there = p->paths_there;
	*wanted = p->paths_wanted;
	return p->paths_at != 0 && mono_ms() - p->paths_at < LACKED_MS;
}

/* Whoever waits for key over so many hears at once that it will not come. */
static void
too_few_paths(struct pool *p, uint32_t wanted)
{
	struct peer	*peer = p->peer;
	char		 why[PATHS_TEXT];

	p->paths_at = mono_ms();
	p->paths_wanted = wanted;
	paths_tell(why, peer->km, p->paths_there, wanted);
	peer_error(peer, "%s", why);
	if (!quiet())
		log_warn("too few node-disjoint paths", "peer=%s paths=%u"
		    " demanded=%u", peer->km, p->paths_there, wanted);
	line_refuse(peer, p->paths_there);
	wishing_retry(peer->env);
}

/* Takes that were on their way together fail together: that is one failure. */
void
pool_failed(struct pool *p)
{
	unsigned	most = p->want > 0 ? BACKOFF_WANTED : BACKOFF_MAX;

	if (p->not_before > mono_ms())
		return;
	p->backoff = p->backoff == 0 ? BACKOFF_MIN : p->backoff * 2;
	if (p->backoff > most)
		p->backoff = most;
	p->not_before = mono_ms() + p->backoff;
}

/* Each block that nobody confirms is key of the links wasted: one at a time,
 * at longer and longer intervals, until one is confirmed. */
void
pool_unanswered(struct pool *p)
{
	p->not_before = mono_ms() + (uint64_t)p->unanswered *
	    (uint64_t)p->peer->env->conf->confirm_wait;
	if (p->unanswered < UNANSWERED_MAX)
		p->unanswered++;
}

void
pool_peer_stores(struct pool *p)
{
	if (p->unanswered)
		p->not_before = 0;
}

void
pool_hurry(struct pool *p)
{
	p->backoff = p->unanswered = 0;
	p->not_before = 0;
}

int
pool_refused(const struct pool *p)
{
	return p->refused;
}

static struct material
material_of(const struct msg_block_given *g)
{
	uint64_t	now = now_ms();

	return (struct material){ g->hops, g->age < now ? now - g->age :
	    MATERIAL_BORN_UNKNOWN, g->paths };
}

static void
take_done(void *arg, int err, struct msg *reply)
{
	struct take	*t = arg;
	struct peer	*peer = t->peer;
	struct pool	*p = peer->pool;
	struct secret	*key = NULL;
	struct material	 material;

	p->takes--;
	p->takes_over[t->paths]--;
	peer->env->takes--;
	if (err == 0 && reply->id == MSG_block_given &&
	    reply->block_given.block == t->serial) {
		key = reply->block_given.key;
		reply->block_given.key = NULL;
	}
	if (key != NULL && reply->block_given.paths < t->paths &&
	    !peer->self) {
		secret_free(&key);
		err = -E_PATHS;
		newblocks_void(peer->newblocks, OWN, t->serial,
		    err_text(err));
	}
	if (key != NULL && t->generation == peer->generation) {
		p->came++;
		p->refused = 0;
		material = material_of(&reply->block_given);
		if (t->paths > p->paths_there)
			p->paths_there = t->paths;
		if (p->paths_there >= p->paths_wanted)
			p->paths_at = 0;
		newblocks_add(peer->newblocks, OWN, t->serial, &material, key);
		pool_fill(p);
	} else {
		secret_free(&key);
		if (err != -E_PATHS || t->paths <= peer->paths) {
			p->came = 0;
			p->refused = err;
			pool_failed(p);
			p->filling = true;	/* it was counted as come */
		}
		peer_error(peer, "no block from kma: %s",
		    err_text(err == 0 ? -E_BAD_FORMAT : err));
		if (err == -E_PATHS)
			too_few_paths(p, t->paths);
		/* The other end may hold it all the same. */
		if (err == -E_TIMEOUT || err == -E_GONE ||
		    err == -E_NO_MEMORY || err == 0)
			newblocks_void(peer->newblocks, OWN, t->serial,
			    "its delivery failed");
	}
	free(t);
}

static int
take(struct pool *p, uint32_t paths)
{
	/* model: transfer block_take */
	struct msg	 m = { .id = MSG_block_take, .kind = MSG_REQUEST };
	struct peer	*peer = p->peer;
	struct take	*t = calloc(1, sizeof(*t));

	if (t == NULL)
		return -E_NO_MEMORY;
	t->peer = peer;
	t->generation = peer->generation;
	t->serial = serial_next(&peer->env->serial_last, p->serial_floor);
	memcpy(m.block_take.peer, peer->km, sizeof(m.block_take.peer));
	m.block_take.block = t->serial;
	m.block_take.fresh = p->better.until > mono_ms();
	if (m.block_take.fresh && p->fresh == 0)
		p->fresh = t->serial;
	m.block_take.paths = t->paths = paths;
	p->takes++;
	p->takes_over[paths]++;
	peer->env->takes++;
	if (peer->env->ops->ask(peer->env->arg, &m, TAKE_MS, take_done,
	    t) < 0) {
		p->takes--;
		p->takes_over[paths]--;
		peer->env->takes--;
		free(t);
		return -E_DOWN;
	}
	return 0;
}

/*
 * The peer is there but the channel does not open: perhaps one end lost its
 * control keys. Blocks are confirmed without it and bring new ones.
 */
static bool
lonely(struct pool *p, uint64_t now)
{
	const struct peer	*peer = p->peer;

	if (peer->self || channel_is_up(peer->channel) || p->takes > 0 ||
	    newblocks_count(peer->newblocks, OWN) > 0 ||
	    now - peer->reach_since < LONELY_MS ||
	    now - p->lonely_at < LONELY_MS)
		return false;
	p->lonely_at = now;
	return true;
}

/* Octets for the sake of which the stock is filled. */
static void
bounds(const struct pool *p, uint64_t *low, uint64_t *high)
{
	const struct ksa_conf	*c = p->peer->env->conf;
	uint64_t		 want = p->want;

	if (p->more.until > mono_ms() && p->more.octets > want)
		want = p->more.octets;
	*low = (uint64_t)c->pool_low;
	*high = (uint64_t)c->pool_high;
	if (want > 0) {
		*low = *low > want ? *low : want;
		*high = *high > want + *low ? *high : want + *low;
	}
}

static unsigned
takes(const struct pool *p, unsigned octets)
{
	unsigned	n = octets / (unsigned)(p->size != 0 ? p->size :
			    GUESS);

	return n > TAKES_MIN ? n : TAKES_MIN;
}

/*
 * The more are on their way, the fewer commits each of them costs; but where
 * one fails, for want of key on a later link, all others do: so the first
 * are few, and each that comes makes room for one more.
 */
static unsigned
window(const struct pool *p)
{
	unsigned	most = takes(p, TAKES_PER_POOL);

	if (p->unanswered)
		return 1;
	return TAKES_MIN + p->came < most ? TAKES_MIN + p->came : most;
}

/* Key over more paths than usual does not stand behind the rest. */
static bool
take_more(struct pool *p, uint32_t paths)
{
	unsigned	more = paths > p->peer->paths ? TAKES_MIN : 0;

	/* One at least, however much others have on its way. */
	if (p->takes >= window(p) + more || (p->takes > 0 &&
	    p->peer->env->takes >= takes(p, TAKES_IN_ALL) + more))
		return false;
	if (take(p, paths) == 0)
		return true;
	pool_failed(p);
	return false;
}

/* All that was cut off it is bound where its slaves are. */
static bool
may_go(const struct pool *p, const struct stock *s)
{
	struct peer	*peer = p->peer;
	struct binding	*b = NULL;
	bool		 bound;

	if (s->used == 0)
		return true;
	if (!peer->self)
		return s->request <= outbox_acked(peer->outbox);
	bound = bindings_get_received(keystore_reader(peer->env->store),
	    peer->id, s->request, &b) == 0;
	binding_free(&b);
	return bound;
}

/* Beyond twice what the stock is filled up to, the oldest block that is not
 * as wished gives way. */
static void
make_room(struct pool *p, const struct hope *h)
{
	uint64_t	 room = 2 * (uint64_t)p->peer->env->conf->pool_high;
	uint64_t	 now = now_ms();
	struct stock	*s;

	if (p->available <= room + h->octets)
		return;
	TAILQ_FOREACH(s, &p->stock, next)
		if (!extension_met(&h->wish, h->wish.mandatory,
		    &s->material, now) && may_go(p, s))
			break;
	if (s != NULL)
		newblocks_void(p->peer->newblocks, OWN, s->serial,
		    "it gives way to key that was wished for");
}

/* What came over fewer paths than are demanded now serves nobody. */
static void
drop_worse(struct pool *p)
{
	const struct supply_wish	 w = { .floor = p->peer->paths };
	struct stock			*s, *next;

	for (s = TAILQ_FIRST(&p->stock); s != NULL && w.floor > 1; s = next) {
		next = TAILQ_NEXT(s, next);
		if (!extension_met(&w, 0, &s->material, 0) && may_go(p, s))
			newblocks_void(p->peer->newblocks, OWN, s->serial,
			    "it came over fewer paths than are demanded");
	}
}

/* Key that is as wished is asked for also when the stock is full. */
static uint64_t
coming_over(const struct pool *p, uint32_t paths, uint64_t size)
{
	uint64_t	octets = newblocks_pending_over(p->peer->newblocks,
			    paths);

	for (; paths <= BLOCK_PARTS_MAX; paths++)
		octets += p->takes_over[paths] * size;
	return octets;
}

static void
fill_better(struct pool *p, uint64_t coming, uint64_t size)
{
	const struct hope	*h = &p->better;
	uint32_t		 paths = extension_paths(&h->wish,
				    h->wish.mandatory);
	uint64_t		 have;

	if (paths < p->peer->paths)
		paths = p->peer->paths;
	if (h->until <= mono_ms() ||
	    !pool_may_meet(p, &h->wish, h->wish.mandatory))
		return;
	if (paths > p->peer->paths)
		coming = coming_over(p, paths, size);
	have = pool_meeting(p, &h->wish, h->wish.mandatory) + coming;
	while (have < h->octets && take_more(p, paths)) {
		have += size;
		make_room(p, h);
	}
}

void
pool_fill(struct pool *p)
{
	uint64_t	now = mono_ms(), size, coming, have, low, high;

	if ((!p->peer->self && !p->peer->reach) || now < p->not_before ||
	    p->peer->env->stopping || (p->unanswered &&
	    newblocks_count(p->peer->newblocks, OWN) > 0))
		return;
	drop_worse(p);
	size = p->size != 0 ? p->size : GUESS;
	coming = newblocks_pending(p->peer->newblocks) + p->takes * size;
	have = p->available + coming;
	bounds(p, &low, &high);
	/* What comes may be drawn before it is here: the stock itself counts
	 * below, all of it above. */
	if (have >= high)
		p->filling = false;
	else if (p->available < low)
		p->filling = true;
	p->filling = p->filling || lonely(p, now);
	while (p->filling && take_more(p, p->peer->paths)) {
		have += size;
		coming += size;
		p->filling = have < high;
	}
	fill_better(p, coming, size);
}
