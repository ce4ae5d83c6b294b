/* linkroute.c - the cheapest route, and what one costs. */
#include <string.h>

#include "heap.h"
#include "linkimpl.h"

/* A scarce link is worth a detour over two ample ones. */
uint32_t
linkstate_cost(enum linkstate_level level)
{
	static const uint32_t	costs[] = {
		[LINKSTATE_NONE] = LINKSTATE_UNREACHED,
		[LINKSTATE_SCARCE] = 12,
		[LINKSTATE_FAIR] = 6,
		[LINKSTATE_AMPLE] = 4,
	};

	return level <= LINKSTATE_AMPLE ? costs[level] : LINKSTATE_UNREACHED;
}

/* Whether the way over a comes before that over b, of two that are equally
 * cheap: by the first IDs after the node where they part. */
static bool
earlier(const struct linkstate *s, uint32_t a, uint32_t b, uint32_t to)
{
	const struct linkway	*w = s->ways;
	uint32_t		 after_a = to, after_b = to, hops;

	while (a != b) {
		hops = w[a].hops > w[b].hops ? w[a].hops : w[b].hops;
		if (w[a].hops == hops) {
			after_a = a;
			a = w[a].before;
		}
		if (w[b].hops == hops) {
			after_b = b;
			b = w[b].before;
		}
	}
	return strcmp(linknode_id(s, after_a), linknode_id(s, after_b)) < 0;
}

static void
relax(struct linkstate *s, struct heap *h, uint32_t i,
    const struct linkedge *e)
{
	uint32_t	cost = s->cost[i] + e->cost;

	if (cost > s->cost[e->peer] || (cost == s->cost[e->peer] &&
	    !earlier(s, i, s->ways[e->peer].before, e->peer)))
		return;
	s->ways[e->peer] = (struct linkway){ i, s->ways[i].hops + 1 };
	if (cost < s->cost[e->peer]) {
		s->cost[e->peer] = cost;
		heap_raise(h, s->cost, e->peer);
	}
}

/* Dijkstra: every cost is above 0, so the way to a node is settled before
 * any that leads over it. */
void
linkroute_compute(struct linkstate *s)
{
	const struct linksaid	*said;
	struct heap		 h;
	uint32_t		 i;

	if (s->computed == s->version)
		return;
	heap_init(&h, s->room, s->used);
	memset(s->cost, 0xff, s->used * sizeof(*s->cost));
	s->cost[LINK_ME] = 0;
	s->ways[LINK_ME] = (struct linkway){ LINK_NOBODY, 0 };
	heap_raise(&h, s->cost, LINK_ME);
	while (h.n > 0) {
		i = heap_pop(&h, s->cost);
		said = s->nodes[i].said;
		for (uint32_t k = 0; k < said->n; k++)
			if (said->edges[k].peer != LINK_NOBODY)
				relax(s, &h, i, &said->edges[k]);
	}
	s->computed = s->version;
}

/* The step back to me whose ID comes first, all on cheapest ways. */
static uint32_t
nearer(const struct linkstate *s, uint32_t i)
{
	const struct linksaid	*said = s->nodes[i].said;

	for (uint32_t k = 0; k < said->n; k++)
		if (said->edges[k].peer != LINK_NOBODY &&
		    s->cost[said->edges[k].peer] + said->edges[k].cost ==
		    s->cost[i])
			return said->edges[k].peer;
	return LINK_NOBODY;
}

bool
linkroute_append(const struct linkstate *s, struct route *r, uint32_t i)
{
	size_t	octets = strlen(linknode_id(s, i));

	for (unsigned k = 0; k < r->n; k++)
		octets += strlen(r->km[k]) + 1;
	if (r->n == ROUTE_HOPS_MAX || octets > ROUTE_MAX) {
		r->n = 0;
		return false;
	}
	strcpy(r->km[r->n++], linknode_id(s, i));
	return true;
}

/* Both ends take the same way: that which the lower one would compute.
 * Messages on two ways would overtake each other. */
uint32_t
linkstate_route(struct linkstate *s, const char *to, struct route *r)
{
	uint32_t	i = linktable_find(s, to), cost;
	bool		low;

	r->n = 0;
	linkroute_compute(s);
	if (i == LINK_NOBODY || i == LINK_ME ||
	    s->cost[i] == LINKSTATE_UNREACHED)
		return LINKSTATE_UNREACHED;
	cost = s->cost[i];
	low = strcmp(linknode_id(s, LINK_ME), to) < 0;
	for (; i != LINK_NOBODY; i = low ? s->ways[i].before : nearer(s, i))
		if (!linkroute_append(s, r, i))
			return LINKSTATE_UNREACHED;
	route_reverse(r);
	return cost;
}

uint32_t
linkstate_check(const struct linkstate *s, const struct route *r,
    unsigned *broken)
{
	const struct linkedge	*e;
	uint32_t		 i, cost = 0;

	*broken = 0;
	for (unsigned k = 0; k + 1 < r->n; k++) {
		i = linktable_find(s, r->km[k]);
		e = i == LINK_NOBODY ? NULL :
		    linktable_edge(&s->nodes[i], r->km[k + 1]);
		if (e == NULL || e->peer == LINK_NOBODY) {
			*broken = k;
			return LINKSTATE_UNREACHED;
		}
		cost += e->cost;
	}
	return r->n < 2 ? LINKSTATE_UNREACHED : cost;
}
