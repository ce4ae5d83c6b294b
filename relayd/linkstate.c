#include "linkstate.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "err.h"

/* Over all connections, or those alone where there is key. */
enum way { ANY, KEYED, WAYS };

struct node {
	struct linkstate_ad	 ad;
	uint64_t		 heard;
	const struct node	*before[WAYS];	/* on the route from me */
	unsigned		 hops[WAYS];	/* 0: not reached */
	UT_hash_handle		 hh;
};

struct linkstate {
	struct node	*nodes;		/* me among them */
	struct node	*me;
	bool		 stale;		/* routes must be computed */
};

static int
by_id(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int
by_origin(const struct node *a, const struct node *b)
{
	return strcmp(a->ad.origin, b->ad.origin);
}

static struct node *
find(const struct linkstate *s, const char *km)
{
	struct node	*n;

	HASH_FIND_STR(s->nodes, km, n);
	return n;
}

static struct node *
add(struct linkstate *s, const char *km)
{
	struct node	*n;

	if ((n = calloc(1, sizeof(*n))) == NULL)
		return NULL;
	strcpy(n->ad.origin, km);
	HASH_ADD_STR(s->nodes, ad.origin, n);
	return n;
}

int
linkstate_new(struct linkstate **sp, const char *me, uint64_t incarnation)
{
	struct linkstate	*s;

	*sp = NULL;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return -E_NO_MEMORY;
	if ((s->me = add(s, me)) == NULL) {
		free(s);
		return -E_NO_MEMORY;
	}
	s->me->ad.incarnation = incarnation;
	s->stale = true;
	*sp = s;
	return 0;
}

void
linkstate_free(struct linkstate **sp)
{
	struct linkstate	*s = *sp;
	struct node		*n, *tmp;

	*sp = NULL;
	if (s == NULL)
		return;
	HASH_ITER(hh, s->nodes, n, tmp) {
		HASH_DEL(s->nodes, n);
		free(n);
	}
	free(s);
}

/* Takes what an announcement says, neighbours in the order of IDs. */
static void
take(struct linkstate_ad *ad, const km_id *neighbours, unsigned n,
    uint64_t keyless)
{
	km_id	sorted[LINKSTATE_NEIGHBOURS_MAX], *at;

	memcpy(sorted, neighbours, n * sizeof(km_id));
	qsort(sorted, n, sizeof(km_id), by_id);
	ad->keyless = 0;
	for (unsigned i = 0; i < n; i++)
		if (keyless >> i & 1) {
			at = bsearch(neighbours[i], sorted, n, sizeof(km_id),
			    by_id);
			ad->keyless |= (uint64_t)1 << (at - sorted);
		}
	memcpy(ad->neighbours, sorted, n * sizeof(km_id));
	ad->n = n;
}

void
linkstate_announce(struct linkstate *s, const km_id *neighbours, unsigned n,
    uint64_t keyless)
{
	struct linkstate_ad	*ad = &s->me->ad;

	if (n > LINKSTATE_NEIGHBOURS_MAX)
		n = LINKSTATE_NEIGHBOURS_MAX;
	take(ad, neighbours, n, keyless);
	ad->sequence++;
	s->stale = true;
}

const struct linkstate_ad *
linkstate_mine(const struct linkstate *s)
{
	return &s->me->ad;
}

static bool
newer(const struct linkstate_ad *a, const struct linkstate_ad *b)
{
	return a->incarnation != b->incarnation ?
	    a->incarnation > b->incarnation : a->sequence > b->sequence;
}

/* The network still knows me from before, with a clock that was ahead. */
static enum linkstate_verdict
echo(struct linkstate *s, const struct linkstate_ad *ad)
{
	if (!newer(ad, &s->me->ad))
		return LINKSTATE_OLD;
	s->me->ad.incarnation = ad->incarnation + 1;
	return LINKSTATE_ECHO;
}

enum linkstate_verdict
linkstate_input(struct linkstate *s, const struct linkstate_ad *ad,
    uint64_t now)
{
	struct node	*n = find(s, ad->origin);

	if (n == s->me)
		return echo(s, ad);
	if (n == NULL) {
		if (HASH_COUNT(s->nodes) >= LINKSTATE_NODES_MAX ||
		    (n = add(s, ad->origin)) == NULL)
			return LINKSTATE_FULL;
	} else if (!newer(ad, &n->ad)) {
		return LINKSTATE_OLD;
	}
	n->ad.incarnation = ad->incarnation;
	n->ad.sequence = ad->sequence;
	take(&n->ad, ad->neighbours, ad->n, ad->keyless);
	n->heard = now;
	s->stale = true;
	return LINKSTATE_NEW;
}

bool
linkstate_age(struct linkstate *s, uint64_t now)
{
	struct node	*n, *tmp;
	bool		 any = false;

	HASH_ITER(hh, s->nodes, n, tmp) {
		if (n == s->me || now - n->heard <= LINKSTATE_MAX_AGE_MS)
			continue;
		HASH_DEL(s->nodes, n);
		free(n);
		any = s->stale = true;
	}
	return any;
}

void
linkstate_each(struct linkstate *s, void (*fn)(void *,
    const struct linkstate_ad *), void *arg)
{
	struct node	*n, *tmp;

	HASH_SORT(s->nodes, by_origin);
	HASH_ITER(hh, s->nodes, n, tmp)
		if (n != s->me)
			fn(arg, &n->ad);
}

static bool
leads(const struct node *n, unsigned i, enum way way)
{
	return way == ANY || (n->ad.keyless >> i & 1) == 0;
}

static bool
announces(const struct node *n, const char *km, enum way way)
{
	const km_id	*at = bsearch(km, n->ad.neighbours, n->ad.n,
			    sizeof(km_id), by_id);

	return at != NULL && leads(n, (unsigned)(at - n->ad.neighbours), way);
}

/* The node at the other end of n's i-th connection, if that counts. */
static struct node *
over(const struct linkstate *s, const struct node *n, unsigned i,
    enum way way)
{
	struct node	*next = find(s, n->ad.neighbours[i]);

	return next != NULL && leads(n, i, way) &&
	    announces(next, n->ad.origin, way) ? next : NULL;
}

/* Breadth first, neighbours in the order of IDs: so of all shortest routes
 * the first in that order is found. */
static void
compute_way(struct linkstate *s, enum way way)
{
	struct node	*queue[LINKSTATE_NODES_MAX], *n, *next;
	unsigned	 head = 0, tail = 0;

	for (n = s->nodes; n != NULL; n = n->hh.next)
		n->hops[way] = 0;
	s->me->hops[way] = 1;
	s->me->before[way] = NULL;
	queue[tail++] = s->me;
	while (head < tail) {
		n = queue[head++];
		for (unsigned i = 0; i < n->ad.n; i++) {
			next = over(s, n, i, way);
			if (next == NULL || next->hops[way] != 0)
				continue;
			next->before[way] = n;
			next->hops[way] = n->hops[way] + 1;
			queue[tail++] = next;
		}
	}
}

static void
compute(struct linkstate *s)
{
	for (enum way way = ANY; way < WAYS; way++)
		compute_way(s, way);
	s->stale = false;
}

/* Of the neighbours that are one hop nearer to me the first. */
static const struct node *
nearer(struct linkstate *s, const struct node *n, enum way way)
{
	const struct node	*next;

	for (unsigned i = 0; i < n->ad.n; i++) {
		next = over(s, n, i, way);
		if (next != NULL && next->hops[way] + 1 == n->hops[way])
			return next;
	}
	return NULL;
}

/* Both ends take the same way: that which the lower one would compute.
 * Messages on two ways would overtake each other. */
static void
route(struct linkstate *s, const char *to, struct route *r, enum way way)
{
	bool			 low = strcmp(s->me->ad.origin, to) < 0;
	const struct node	*n = find(s, to);
	size_t			 octets = 0;
	unsigned		 hops;

	r->n = 0;
	if (s->stale)
		compute(s);
	if (n == NULL || n == s->me || n->hops[way] == 0 ||
	    n->hops[way] > ROUTE_HOPS_MAX)
		return;
	hops = n->hops[way];
	for (unsigned i = hops; i-- > 0; n = low ? n->before[way] :
	    nearer(s, n, way)) {
		strcpy(r->km[i], n->ad.origin);
		octets += strlen(n->ad.origin) + 1;
	}
	if (octets - 1 <= ROUTE_MAX)
		r->n = hops;
}

void
linkstate_route(struct linkstate *s, const char *to, struct route *r)
{
	route(s, to, r, ANY);
}

void
linkstate_relay(struct linkstate *s, const char *to, struct route *r)
{
	route(s, to, r, KEYED);
	if (r->n == 0)
		route(s, to, r, ANY);
}
