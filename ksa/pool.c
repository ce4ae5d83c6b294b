/* pool.c - stock in memory, and filling it. */
#include "ksa/pool.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "err.h"
#include "ksa/blocks.h"
#include "ksa/channel.h"
#include "ksa/line.h"
#include "ksa/newblocks.h"
#include "log.h"
#include "secret.h"

#define TAKES_PER_POOL	4
#define TAKES_IN_ALL	32	/* each holds locked memory as it comes */
#define TAKE_MS		12000
#define BACKOFF_MIN	200	/* ms */
#define BACKOFF_MAX	5000
#define LONELY_MS	3000	/* then a new block brings a new control key */
#define UNANSWERED_MAX	16	/* times confirm_wait between two tries */
#define GUESS		8000	/* octets of a block before the first came */

struct stock {
	int64_t			 id;
	uint64_t		 serial;
	uint32_t		 octets, used;
	struct secret		*clear;		/* once something is cut */
	TAILQ_ENTRY(stock)	 next;
};

struct pool {
	struct peer		*peer;
	TAILQ_HEAD(stock_list, stock) stock;
	unsigned		 blocks;
	uint64_t		 available, want;
	uint64_t		 serial_floor;
	unsigned		 takes;
	uint32_t		 size;		/* of a block, for applications */
	bool			 filling;
	uint64_t		 not_before, lonely_at;
	unsigned		 backoff;
	unsigned		 unanswered;	/* times; 0: the peer confirms */
};

struct take { struct peer *peer; uint64_t serial; unsigned generation; };

/* ---- stock ---- */

static void
stock_remove(struct pool *p, struct stock *s)
{
	TAILQ_REMOVE(&p->stock, s, next);
	p->blocks--;
	p->available -= s->octets - s->used;
	secret_free(&s->clear);
	free(s);
}

void
pool_add(struct pool *p, int64_t id, uint64_t serial, uint32_t octets,
    uint32_t used)
{
	struct stock	*s, *after;

	if (used >= octets || (s = calloc(1, sizeof(*s))) == NULL)
		return;
	*s = (struct stock){ .id = id, .serial = serial, .octets = octets,
	    .used = used };
	TAILQ_FOREACH_REVERSE(after, &p->stock, stock_list, next)
		if (after->serial < serial)
			break;
	if (after == NULL)
		TAILQ_INSERT_HEAD(&p->stock, s, next);
	else
		TAILQ_INSERT_AFTER(&p->stock, after, s, next);
	p->blocks++;
	p->available += octets - used;
	p->size = octets;
	p->backoff = p->unanswered = 0;
	line_retry(p->peer);
	pool_fill(p);
}

void
pool_drop(struct pool *p, uint64_t serial)
{
	struct stock	*s;

	TAILQ_FOREACH(s, &p->stock, next)
		if (s->serial == serial) {
			stock_remove(p, s);
			return;
		}
}

void
pool_clear(struct pool *p)
{
	while (!TAILQ_EMPTY(&p->stock))
		stock_remove(p, TAILQ_FIRST(&p->stock));
}

int
pool_load(struct pool *p)
{
	struct side		*s = keystore_reader(p->peer->env->store);
	struct block_row	 row = { 0 };
	int			 r;

	p->not_before = UINT64_MAX;	/* no filling before all is counted */
	while ((r = blocks_next(s, p->peer->id, OWN, row.serial, &row)) == 0)
		if (row.state == BLOCK_READY)
			pool_add(p, row.id, row.serial, row.octets, row.used);
	p->not_before = 0;
	return r == -E_NOT_FOUND ? 0 : r;
}

uint64_t
pool_available(const struct pool *p)
{
	return p->available;
}

unsigned
pool_blocks(const struct pool *p)
{
	return p->blocks;
}

/* ---- cutting ---- */

static int
stock_open(struct pool *p, struct stock *s)
{
	struct block_name	name = { p->peer->km, p->peer->id, OWN,
	    s->serial };
	int			r;

	if (s->clear != NULL)
		return 0;
	if ((s->clear = secret_new(s->octets)) == NULL)
		return -E_NO_MEMORY;
	r = blocks_read(keystore_reader(p->peer->env->store), &name, s->id,
	    s->used, s->octets - s->used, s->clear->bytes + s->used);
	if (r < 0)
		secret_free(&s->clear);
	return r;
}

/* One that does not open is void: no doubtful key is served. */
static int
stock_use(struct pool *p, struct stock *s)
{
	int	r = stock_open(p, s);

	if (r == -E_SEAL || r == -E_SPENT || r == -E_STORE_CORRUPT ||
	    r == -E_RANGE)
		newblocks_void(p->peer->newblocks, OWN, s->serial,
		    err_text(r));
	return r;
}

/* How many blocks hold so many octets. */
static int
count_blocks(const struct pool *p, uint32_t octets, uint32_t *n)
{
	uint64_t	 covered = 0;
	struct stock	*s;

	*n = 0;
	if (p->available < octets)
		return -E_NO_KEY;
	TAILQ_FOREACH(s, &p->stock, next) {
		covered += s->octets - s->used;
		if (++*n > PIECES_MAX)
			return -E_TOO_LARGE;
		if (covered >= octets)
			return 0;
	}
	return -E_NO_KEY;
}

int
pool_find(const struct pool *p, uint32_t octets, struct pieces **pp)
{
	struct stock	*s = TAILQ_FIRST(&p->stock);
	uint32_t	 n;
	int		 r;

	if ((r = count_blocks(p, octets, &n)) < 0)
		return r;
	if ((*pp = pieces_new(n)) == NULL)
		return -E_NO_MEMORY;
	for (uint32_t i = 0; i < n; i++, s = TAILQ_NEXT(s, next)) {
		uint32_t	take = s->octets - s->used;

		take = take > octets ? octets : take;
		(*pp)->v[i] = (struct piece){ s->serial, s->used, take };
		octets -= take;
	}
	return 0;
}

/* Pieces come in the order of the stock. */
static struct stock *
stock_find(struct stock *s, uint64_t serial)
{
	while (s != NULL && s->serial != serial)
		s = TAILQ_NEXT(s, next);
	return s;
}

int
pool_read(struct pool *p, const struct pieces *pieces, uint32_t from,
    uint32_t octets, const uint8_t *text, uint8_t *out)
{
	struct stock	*s = TAILQ_FIRST(&p->stock);
	struct piece	 v;
	uint32_t	 n;
	int		 r;

	while ((n = pieces_map(pieces, from, octets, &v)) > 0) {
		if ((s = stock_find(s, v.block)) == NULL)
			return -E_GONE;
		if ((r = stock_use(p, s)) < 0)
			return r;
		for (uint32_t i = 0; text != NULL && i < n; i++)
			out[i] = text[i] ^ s->clear->bytes[v.offset + i];
		if (text == NULL)
			memcpy(out, s->clear->bytes + v.offset, n);
		if (v.offset + n == s->octets)	/* little memory is locked */
			secret_free(&s->clear);
		text = text == NULL ? NULL : text + n;
		out += n;
		from += n;
		octets -= n;
	}
	return 0;
}

static void
touch(struct touched *t, struct peer *peer, const struct stock *s)
{
	if (t->n == 0 || t->v[t->n - 1].id != s->id)
		t->n++;
	t->v[t->n - 1].peer = peer;
	t->v[t->n - 1].id = s->id;
	t->v[t->n - 1].serial = s->serial;
	t->v[t->n - 1].used = s->used;
}

int
pool_room(struct touched *t, uint32_t n)
{
	uint32_t	room = t->room == 0 ? 64 : t->room;
	void		*v;

	if (t->room - t->n >= n)
		return 0;
	while (room - t->n < n)
		room *= 2;
	if ((v = realloc(t->v, room * sizeof(t->v[0]))) == NULL)
		return -E_NO_MEMORY;
	t->v = v;
	t->room = room;
	return 0;
}

void
pool_forget(struct pool *p)
{
	struct stock	*s;

	TAILQ_FOREACH(s, &p->stock, next)
		secret_free(&s->clear);
}

void
pool_take(struct pool *p, const struct pieces *pieces, struct touched *t)
{
	struct stock	*s = TAILQ_FIRST(&p->stock), *after;

	for (uint32_t i = 0; i < pieces->n; i++, s = after) {
		const struct piece	*v = &pieces->v[i];

		s = stock_find(s, v->block);
		if (s->clear != NULL)
			OPENSSL_cleanse(s->clear->bytes + v->offset,
			    v->octets);
		s->used += v->octets;
		p->available -= v->octets;
		touch(t, p->peer, s);
		after = TAILQ_NEXT(s, next);
		if (s->used == s->octets)
			stock_remove(p, s);
	}
}

/* ---- filling ---- */

void
pool_want(struct pool *p, uint64_t octets)
{
	p->want = octets;
}

void
pool_failed(struct pool *p)
{
	p->backoff = p->backoff == 0 ? BACKOFF_MIN : p->backoff * 2;
	if (p->backoff > BACKOFF_MAX)
		p->backoff = BACKOFF_MAX;
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
pool_hurry(struct pool *p)
{
	p->backoff = p->unanswered = 0;
	p->not_before = 0;
}

static void
take_done(void *arg, int err, struct msg *reply)
{
	struct take	*t = arg;
	struct peer	*peer = t->peer;
	struct pool	*p = peer->pool;
	struct secret	*key = NULL;

	p->takes--;
	peer->env->takes--;
	if (err == 0 && reply->id == MSG_block_given &&
	    reply->block_given.block == t->serial) {
		key = reply->block_given.key;
		reply->block_given.key = NULL;
	}
	if (key != NULL && t->generation == peer->generation) {
		newblocks_add(peer->newblocks, OWN, t->serial, key);
		pool_fill(p);
	} else {
		secret_free(&key);
		pool_failed(p);
		peer_error(peer, "no block from kma: %s",
		    err_text(err == 0 ? -E_BAD_FORMAT : err));
		/* The other end may hold it all the same. */
		if (err == -E_TIMEOUT || err == -E_GONE || err == 0)
			newblocks_void(peer->newblocks, OWN, t->serial,
			    "its delivery failed");
	}
	free(t);
}

static int
take(struct pool *p)
{
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
	p->takes++;
	peer->env->takes++;
	if (peer->env->ops->ask(peer->env->arg, &m, TAKE_MS, take_done,
	    t) < 0) {
		p->takes--;
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

void
pool_fill(struct pool *p)
{
	const struct ksa_conf	*c = p->peer->env->conf;
	uint64_t		 now = mono_ms(), size, have, low, high;
	unsigned		 takes = p->unanswered ? 1 : TAKES_PER_POOL;

	if ((!p->peer->self && !p->peer->reach) || now < p->not_before ||
	    p->peer->env->stopping || (p->unanswered &&
	    newblocks_count(p->peer->newblocks, OWN) > 0))
		return;
	size = p->size != 0 ? p->size : GUESS;
	have = p->available + newblocks_pending(p->peer->newblocks) +
	    p->takes * size;
	low = (uint64_t)c->pool_low;
	high = (uint64_t)c->pool_high;
	if (p->want > 0) {
		low = low > p->want ? low : p->want;
		high = high > p->want + low ? high : p->want + low;
	}
	if (have < low || lonely(p, now))
		p->filling = true;
	while (p->filling && p->takes < takes &&
	    p->peer->env->takes < TAKES_IN_ALL) {
		if (take(p) < 0) {
			pool_failed(p);
			break;
		}
		have += size;
		p->filling = have < high;
	}
}

/* ---- life ---- */

int
pool_new(struct pool **out, struct peer *peer, uint64_t block_last)
{
	struct pool	*p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -E_NO_MEMORY;
	p->peer = peer;
	p->serial_floor = block_last;
	TAILQ_INIT(&p->stock);
	*out = p;
	return 0;
}

void
pool_free(struct pool **p)
{
	if (*p != NULL)
		pool_clear(*p);
	free(*p);
	*p = NULL;
}
