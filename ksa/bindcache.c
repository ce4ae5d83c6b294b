/* bindcache.c - recent bindings, recent segments. */
#include "ksa/bindcache.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#include "err.h"
#include "secret.h"

#define ENTRIES_MAX	65536	/* of about 400 octets */
#define OCTETS_MAX	(64U << 20)	/* large ones have 4 per key and slave */
#define SEGMENTS_CACHED	64

struct key { int64_t peer; uint64_t request; };

struct entry {
	struct key		 key;
	struct binding		*b;
	size_t			 octets;
	unsigned		 pins;
	bool			 stale;
	UT_hash_handle		 hh;
	TAILQ_ENTRY(entry)	 next;
};

struct bindcache {
	struct entry		*hash;
	TAILQ_HEAD(, entry)	 order;		/* the oldest first */
	size_t			 octets;
};

static struct entry *
find(struct bindcache *c, int64_t peer, uint64_t request)
{
	struct key	 k = { peer, request };
	struct entry	*e;

	HASH_FIND(hh, c->hash, &k, sizeof(k), e);
	return e;
}

static void
entry_free(struct bindcache *c, struct entry *e)
{
	HASH_DEL(c->hash, e);
	TAILQ_REMOVE(&c->order, e, next);
	c->octets -= e->octets;
	binding_free(&e->b);
	free(e);
}

/* What it has or will have, once its keys are fetched. */
static size_t
size_of(const struct binding *b)
{
	return sizeof(struct entry) + sizeof(*b) + strlen(b->master) +
	    strlen(b->slaves) + b->pieces->n * sizeof(b->pieces->v[0]) +
	    b->keys / 8 + (size_t)b->nslaves * b->keys *
	    sizeof(b->fetched[0]);
}

static void
make_room(struct bindcache *c)
{
	struct entry	*e;

	for (unsigned n = HASH_COUNT(c->hash); n > 1 &&
	    (HASH_COUNT(c->hash) > ENTRIES_MAX || c->octets > OCTETS_MAX);
	    n--) {
		e = TAILQ_FIRST(&c->order);
		if (e->pins == 0) {
			entry_free(c, e);
			continue;
		}
		TAILQ_REMOVE(&c->order, e, next);
		TAILQ_INSERT_TAIL(&c->order, e, next);
	}
}

void
bindcache_put(struct bindcache *c, int64_t peer, struct binding **b)
{
	struct entry	*e;

	if (find(c, peer, (*b)->request) != NULL ||
	    (e = calloc(1, sizeof(*e))) == NULL) {
		binding_free(b);
		return;
	}
	e->key = (struct key){ peer, (*b)->request };
	e->b = *b;
	*b = NULL;
	free(e->b->copy);
	e->b->copy = NULL;
	e->octets = size_of(e->b);
	c->octets += e->octets;
	HASH_ADD(hh, c->hash, key, sizeof(e->key), e);
	TAILQ_INSERT_TAIL(&c->order, e, next);
	make_room(c);
}

struct binding *
bindcache_get(struct bindcache *c, struct side *s, int64_t peer,
    uint64_t request)
{
	struct entry	*e = find(c, peer, request);
	struct binding	*b;

	if (e != NULL)
		return e->b;
	if (bindings_get_received(s, peer, request, &b) < 0)
		return NULL;
	bindcache_put(c, peer, &b);
	e = find(c, peer, request);
	return e == NULL ? NULL : e->b;
}

void
bindcache_pin(struct bindcache *c, int64_t peer, uint64_t request)
{
	struct entry	*e = find(c, peer, request);

	if (e != NULL)
		e->pins++;
}

void
bindcache_unpin(struct bindcache *c, int64_t peer, uint64_t request)
{
	struct entry	*e = find(c, peer, request);

	if (e != NULL && e->pins > 0 && --e->pins == 0 && e->stale)
		entry_free(c, e);
}

static void
let_go(struct bindcache *c, struct entry *e)
{
	if (e->pins == 0)
		entry_free(c, e);
	else
		e->stale = true;
}

void
bindcache_drop(struct bindcache *c, int64_t peer, uint64_t request)
{
	struct entry	*e = find(c, peer, request);

	if (e != NULL)
		let_go(c, e);
}

void
bindcache_clear(struct bindcache *c)
{
	struct entry	*e, *next;

	HASH_ITER(hh, c->hash, e, next)
		let_go(c, e);
}

int
bindcache_new(struct bindcache **c)
{
	if ((*c = calloc(1, sizeof(**c))) == NULL)
		return -E_NO_MEMORY;
	TAILQ_INIT(&(*c)->order);
	return 0;
}

void
bindcache_free(struct bindcache **c)
{
	struct entry	*e, *next;

	if (*c != NULL)
		HASH_ITER(hh, (*c)->hash, e, next)
			entry_free(*c, e);
	free(*c);
	*c = NULL;
}

/* ---- segments ---- */

struct segment {
	int64_t		peer;
	int		direction;
	uint64_t	serial;		/* 0: empty */
	uint32_t	number, len;
	uint8_t		bytes[BLOCKS_SEGMENT];
};

struct segcache { struct segment v[SEGMENTS_CACHED]; };	/* locked memory */

void
segcache_clear(struct segcache *c)
{
	OPENSSL_cleanse(c, sizeof(*c));
}

static int
segment_load(struct segcache *c, struct side *s, const struct block_name *b,
    uint32_t number, struct segment **out)
{
	struct segment		*g = &c->v[(b->serial * 7 + number) %
				    SEGMENTS_CACHED];
	struct block_row	 row;
	size_t			 len;
	int			 r;

	*out = g;
	if (g->serial == b->serial && g->peer == b->peer &&
	    g->direction == b->direction && g->number == number)
		return 0;
	OPENSSL_cleanse(g, sizeof(*g));
	if ((r = blocks_find(s, b, &row)) < 0 ||
	    (r = blocks_read_segment(s, b, row.id, number, g->bytes,
	    &len)) < 0)
		return r == -E_NOT_FOUND ? -E_SPENT : r;
	g->peer = b->peer;
	g->direction = b->direction;
	g->serial = b->serial;
	g->number = number;
	g->len = (uint32_t)len;
	return 0;
}

int
segcache_read(struct segcache *c, struct side *s, const struct block_name *b,
    uint32_t from, uint32_t octets, uint8_t *out)
{
	struct segment	*g;
	int		 r;

	while (octets > 0) {
		uint32_t	in = from % BLOCKS_SEGMENT;
		uint32_t	n = BLOCKS_SEGMENT - in;

		n = n > octets ? octets : n;
		if ((r = segment_load(c, s, b, from / BLOCKS_SEGMENT,
		    &g)) < 0)
			return r;
		if (in + n > g->len)
			return -E_RANGE;
		memcpy(out, g->bytes + in, n);
		out += n;
		from += n;
		octets -= n;
	}
	return 0;
}

int
segcache_new(struct segcache **c)
{
	*c = secure_calloc(sizeof(**c));
	return *c == NULL ? -E_NO_MEMORY : 0;
}

void
segcache_free(struct segcache **c)
{
	secure_free(*c, sizeof(**c));
	*c = NULL;
}
