/*
 * linkdisjoint.c - routes that share no node but their ends. Every node is
 * two, one that is entered and one that is left, with one way through; each
 * search finds the cheapest way to have one route more, and may take back
 * links of the routes that are there (Bhandari). A greedy choice would miss
 * routes that exist.
 */
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "linkimpl.h"

#define IN(i)	(2 * (i))
#define OUT(i)	(2 * (i) + 1)

/* The routes found so far are in next and prev, by node; next is the start
 * of all the memory. */
struct search {
	struct linkstate	*s;
	uint32_t		 to;
	uint32_t		*next, *prev;	/* LINK_NOBODY: on none */
	uint32_t		*cost, *from;	/* per half of a node */
	uint32_t		*potential;
	struct heap		 heap;
	bool			 straight;	/* the link me..to is a route */
};

static bool
search_init(struct search *f, struct linkstate *s, uint32_t to)
{
	uint32_t	n = s->used, *room;

	*f = (struct search){ .s = s, .to = to };
	if ((room = malloc(12 * (size_t)n * sizeof(*room))) == NULL)
		return false;
	f->next = room;
	f->prev = room + n;
	memset(f->next, 0xff, 2 * (size_t)n * sizeof(*room));
	f->cost = room + 2 * n;
	f->from = room + 4 * n;
	f->potential = room + 6 * n;
	heap_init(&f->heap, room + 8 * n, 2 * n);
	for (uint32_t i = 0; i < n; i++)
		f->potential[IN(i)] = f->potential[OUT(i)] = s->cost[i];
	return true;
}

/* A step from half a to half b that costs so much, or gives it back. */
static void
step(struct search *f, uint32_t a, uint32_t b, int cost)
{
	uint32_t	c = f->cost[a] + f->potential[a] + (uint32_t)cost -
			    f->potential[b];

	if (c >= f->cost[b])
		return;
	f->cost[b] = c;
	f->from[b] = a;
	heap_raise(&f->heap, f->cost, b);
}

static uint32_t
cost_of(const struct linkstate *s, uint32_t a, uint32_t b)
{
	const struct linkedge	*e = s->nodes[a].said->edges;

	while (e->peer != b)
		e++;
	return e->cost;
}

/* Through a node that is on no route, or back over the link to one. */
static void
from_in(struct search *f, uint32_t i)
{
	uint32_t	prev = f->prev[i];

	if (prev == LINK_NOBODY)
		step(f, IN(i), OUT(i), 0);
	else
		step(f, IN(i), OUT(prev), -(int)cost_of(f->s, prev, i));
}

static bool
taken(const struct search *f, uint32_t a, uint32_t b)
{
	if (a == LINK_ME)
		return b == f->to ? f->straight : f->prev[b] == LINK_ME;
	return f->next[a] == b;
}

static void
from_out(struct search *f, uint32_t i)
{
	const struct linksaid	*said = f->s->nodes[i].said;
	uint32_t		 peer;

	if (f->prev[i] != LINK_NOBODY)
		step(f, OUT(i), IN(i), 0);
	for (uint32_t k = 0; k < said->n; k++) {
		peer = said->edges[k].peer;
		if (peer != LINK_NOBODY && peer != LINK_ME &&
		    !taken(f, i, peer))
			step(f, OUT(i), IN(peer), said->edges[k].cost);
	}
}

/* Dijkstra, as the potentials leave no step with a cost below 0. */
static bool
search(struct search *f)
{
	uint32_t	halves = 2 * f->s->used, a, most;

	heap_init(&f->heap, f->heap.item, halves);
	memset(f->cost, 0xff, halves * sizeof(*f->cost));
	f->cost[OUT(LINK_ME)] = 0;
	heap_raise(&f->heap, f->cost, OUT(LINK_ME));
	for (;;) {
		if (f->heap.n == 0)
			return false;
		a = heap_pop(&f->heap, f->cost);
		if (a == IN(f->to))
			break;
		if (a % 2 == 0)
			from_in(f, a / 2);
		else
			from_out(f, a / 2);
	}
	most = f->cost[a];
	for (uint32_t i = 0; i < halves; i++)
		f->potential[i] += f->cost[i] < most ? f->cost[i] : most;
	return true;
}

/* First what is taken back, then what is new: a node may have both. */
static void
change(struct search *f)
{
	uint32_t	a, b;

	for (b = IN(f->to); b != OUT(LINK_ME); b = a) {
		a = f->from[b];
		if (a % 2 == 0 && a / 2 != b / 2) {
			f->prev[a / 2] = LINK_NOBODY;
			f->next[b / 2] = LINK_NOBODY;
		}
	}
	for (b = IN(f->to); b != OUT(LINK_ME); b = a) {
		a = f->from[b];
		if (a % 2 == 0 || a / 2 == b / 2)
			continue;
		if (a == OUT(LINK_ME) && b == IN(f->to))
			f->straight = true;
		if (a != OUT(LINK_ME))
			f->next[a / 2] = b / 2;
		if (b != IN(f->to))
			f->prev[b / 2] = a / 2;
	}
}

static uint32_t
follow(const struct search *f, uint32_t i, struct route *r)
{
	uint32_t	cost = 0, before = LINK_ME;

	r->n = 0;
	(void)linkroute_append(f->s, r, LINK_ME);
	for (; linkroute_append(f->s, r, i); i = f->next[i]) {
		cost += cost_of(f->s, before, i);
		before = i;
		if (i == f->to)
			return cost;
	}
	return LINKSTATE_UNREACHED;
}

/* Cheapest first; equal ones in order of the first ID after mine. */
static unsigned
collect(const struct search *f, unsigned n, struct route *routes)
{
	const struct linksaid	*said = f->s->nodes[LINK_ME].said;
	uint32_t		 costs[LINKSTATE_DISJOINT_MAX], cost, peer;
	unsigned		 have = 0, at;
	struct route		 r;

	for (uint32_t k = 0; k < said->n && have < n; k++) {
		peer = said->edges[k].peer;
		if (peer == LINK_NOBODY || !taken(f, LINK_ME, peer) ||
		    (cost = follow(f, peer, &r)) == LINKSTATE_UNREACHED)
			continue;
		for (at = have; at > 0 && costs[at - 1] > cost; at--) {
			costs[at] = costs[at - 1];
			routes[at] = routes[at - 1];
		}
		costs[at] = cost;
		routes[at] = r;
		have++;
	}
	return have;
}

unsigned
linkstate_disjoint(struct linkstate *s, const char *to, unsigned want,
    struct route *routes)
{
	uint32_t	i = linktable_find(s, to);
	struct search	f;
	unsigned	n = 0;

	if (want > LINKSTATE_DISJOINT_MAX)
		want = LINKSTATE_DISJOINT_MAX;
	linkroute_compute(s);
	if (i == LINK_NOBODY || i == LINK_ME ||
	    s->cost[i] == LINKSTATE_UNREACHED || !search_init(&f, s, i))
		return 0;
	while (n < want && search(&f)) {
		change(&f);
		n++;
	}
	n = collect(&f, n, routes);
	free(f.next);
	return n;
}
