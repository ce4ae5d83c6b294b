/*
 * linktable.c - the nodes of a linkstate, what they said last, and which of
 * their links count: those that both ends announce. Such links know their
 * other end by its index, kept up to date with every announcement.
 */
#include "linkimpl.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"

#define CAPACITY_MIN	16

/* FNV-1a. */
static uint32_t
hash_of(const char *km)
{
	uint32_t	h = 2166136261U;

	for (; *km != '\0'; km++)
		h = (h ^ (uint8_t)*km) * 16777619U;
	return h;
}

uint32_t
linktable_find(const struct linkstate *s, const char *km)
{
	uint32_t	h = hash_of(km), i;

	if (s->buckets == NULL)
		return LINK_NOBODY;
	for (i = s->buckets[h & s->mask]; i != LINK_NOBODY;
	    i = s->nodes[i].chain)
		if (s->nodes[i].hash == h && strcmp(linknode_id(s, i), km) == 0)
			break;
	return i;
}

static void
hang(struct linkstate *s, uint32_t i)
{
	uint32_t	*bucket = &s->buckets[s->nodes[i].hash & s->mask];

	s->nodes[i].chain = *bucket;
	*bucket = i;
}

static void
unhang(struct linkstate *s, uint32_t i)
{
	uint32_t	*at = &s->buckets[s->nodes[i].hash & s->mask];

	while (*at != i)
		at = &s->nodes[*at].chain;
	*at = s->nodes[i].chain;
}

static int
resize(void *array, size_t n, size_t size)
{
	void	*old, *p;

	memcpy(&old, array, sizeof(old));
	if ((p = realloc(old, n * size)) == NULL)
		return -E_NO_MEMORY;
	memcpy(array, &p, sizeof(p));
	return 0;
}

/* There is no free place: all that are there are used. */
static int
grow(struct linkstate *s)
{
	uint32_t	n = s->capacity + s->capacity / 2, buckets;

	n = n < CAPACITY_MIN ? CAPACITY_MIN : n > LINKSTATE_NODES_MAX ?
	    LINKSTATE_NODES_MAX : n;
	for (buckets = CAPACITY_MIN; buckets < n; buckets *= 2)
		;
	if (n <= s->capacity ||
	    resize(&s->nodes, n, sizeof(*s->nodes)) < 0 ||
	    resize(&s->ways, n, sizeof(*s->ways)) < 0 ||
	    resize(&s->cost, n, sizeof(*s->cost)) < 0 ||
	    resize(&s->room, n, 2 * sizeof(*s->room)) < 0 ||
	    resize(&s->buckets, buckets, sizeof(*s->buckets)) < 0)
		return -E_NO_MEMORY;
	s->capacity = n;
	s->mask = buckets - 1;
	memset(s->buckets, 0xff, buckets * sizeof(*s->buckets));
	for (uint32_t i = 0; i < s->used; i++)
		hang(s, i);
	return 0;
}

/* What n links take; `size` has the place for them and the names. */
static struct linksaid *
said_new(const char *km, const struct linkstate_link *const *links,
    unsigned n)
{
	struct linksaid	*said;
	size_t		 names = strlen(km) + 1, at = names;
	char		*text;

	for (unsigned i = 0; i < n; i++)
		names += strlen(links[i]->peer) + 1;
	said = calloc(1, sizeof(*said) + n * sizeof(said->edges[0]) + names);
	if (said == NULL)
		return NULL;
	said->n = n;
	text = (char *)(said->edges + n);
	strcpy(text, km);
	for (unsigned i = 0; i < n; i++) {
		said->edges[i].peer = LINK_NOBODY;
		said->edges[i].name = (uint16_t)at;
		said->edges[i].level = links[i]->level;
		strcpy(text + at, links[i]->peer);
		at += strlen(links[i]->peer) + 1;
	}
	return said;
}

static uint32_t
free_place(struct linkstate *s)
{
	uint32_t	i = s->unused;

	if (i != LINK_NOBODY) {
		s->unused = s->nodes[i].chain;
		return i;
	}
	if (s->used == s->capacity && grow(s) < 0)
		return LINK_NOBODY;
	return s->used++;
}

uint32_t
linktable_add(struct linkstate *s, const char *km)
{
	struct linksaid	*said = said_new(km, NULL, 0);
	uint32_t	 i = said != NULL ? free_place(s) : LINK_NOBODY;

	if (i == LINK_NOBODY) {
		free(said);
		return i;
	}
	memset(&s->nodes[i], 0, sizeof(s->nodes[i]));
	s->nodes[i].said = said;
	s->nodes[i].hash = hash_of(km);
	s->nodes[i].older = s->nodes[i].newer = LINK_NOBODY;
	s->cost[i] = LINKSTATE_UNREACHED;
	hang(s, i);
	s->count++;
	return i;
}

struct linkedge *
linktable_edge(const struct linknode *n, const char *peer)
{
	uint32_t	low = 0, high = n->said->n, mid;
	int		order;

	while (low < high) {
		mid = (low + high) / 2;
		order = strcmp(linknode_name(n, n->said->edges[mid].name),
		    peer);
		if (order == 0)
			return &n->said->edges[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static void
connect(struct linkstate *s, uint32_t i)
{
	struct linknode	*n = &s->nodes[i];
	struct linkedge	*e, *back;
	uint32_t	 peer;
	uint8_t		 level;

	for (e = n->said->edges; e < n->said->edges + n->said->n; e++) {
		peer = e->level == LINKSTATE_NONE ? LINK_NOBODY :
		    linktable_find(s, linknode_name(n, e->name));
		if (peer == LINK_NOBODY)
			continue;
		back = linktable_edge(&s->nodes[peer], linknode_id(s, i));
		if (back == NULL || back->level == LINKSTATE_NONE)
			continue;
		level = e->level < back->level ? e->level : back->level;
		e->cost = back->cost = (uint8_t)linkstate_cost(level);
		e->peer = peer;
		back->peer = i;
	}
}

static void
disconnect(struct linkstate *s, uint32_t i)
{
	struct linksaid	*said = s->nodes[i].said;
	const char	*id = linknode_id(s, i);

	for (uint32_t k = 0; k < said->n; k++)
		if (said->edges[k].peer != LINK_NOBODY) {
			linktable_edge(&s->nodes[said->edges[k].peer],
			    id)->peer = LINK_NOBODY;
			said->edges[k].peer = LINK_NOBODY;
		}
}

/* The links that count, in order of the names of their ends. */
static uint32_t
counting(const struct linksaid *said, uint64_t *out)
{
	uint32_t	n = 0;

	for (uint32_t k = 0; k < said->n; k++)
		if (said->edges[k].peer != LINK_NOBODY)
			out[n++] = (uint64_t)said->edges[k].peer << 8 |
			    said->edges[k].cost;
	return n;
}

void
linktable_remove(struct linkstate *s, uint32_t i)
{
	uint64_t	links[LINKSTATE_LINKS_MAX];

	if (counting(s->nodes[i].said, links) > 0)
		s->version++;
	disconnect(s, i);
	unhang(s, i);
	free(s->nodes[i].said);
	s->nodes[i].said = NULL;
	s->nodes[i].chain = s->unused;
	s->unused = i;
	s->count--;
}

static int
by_peer(const void *a, const void *b)
{
	const struct linkstate_link	*const *x = a, *const *y = b;

	return strcmp((*x)->peer, (*y)->peer);
}

/* In order, each peer once and the node itself not: or what one end takes
 * for a link that counts would not be one at the other. */
static unsigned
in_order(const char *km, const struct linkstate_link *links, unsigned n,
    const struct linkstate_link **out)
{
	unsigned	k = 0;

	if (n > LINKSTATE_LINKS_MAX)
		n = LINKSTATE_LINKS_MAX;
	for (unsigned i = 0; i < n; i++)
		out[i] = &links[i];
	qsort(out, n, sizeof(*out), by_peer);
	for (unsigned i = 0; i < n; i++)
		if (strcmp(out[i]->peer, km) != 0 &&
		    (k == 0 || strcmp(out[k - 1]->peer, out[i]->peer) != 0))
			out[k++] = out[i];
	return k;
}

static bool
same(const struct linknode *n, const struct linkstate_link *const *links,
    unsigned n_links)
{
	const struct linkedge	*e = n->said->edges;

	if (n->said->n != n_links)
		return false;
	for (unsigned i = 0; i < n_links; i++)
		if (e[i].level != links[i]->level ||
		    strcmp(linknode_name(n, e[i].name), links[i]->peer) != 0)
			return false;
	return true;
}

static int
replace(struct linkstate *s, uint32_t i,
    const struct linkstate_link *const *links, unsigned n)
{
	uint64_t	 before[LINKSTATE_LINKS_MAX];
	uint64_t	 after[LINKSTATE_LINKS_MAX];
	uint32_t	 n_before;
	struct linksaid	*said = said_new(linknode_id(s, i), links, n);

	if (said == NULL)
		return -E_NO_MEMORY;
	n_before = counting(s->nodes[i].said, before);
	disconnect(s, i);
	free(s->nodes[i].said);
	s->nodes[i].said = said;
	connect(s, i);
	if (counting(said, after) != n_before ||
	    memcmp(before, after, n_before * sizeof(*before)) != 0)
		s->version++;
	return 0;
}

int
linktable_say(struct linkstate *s, uint32_t i,
    const struct linkstate_link *links, unsigned n)
{
	const struct linkstate_link	*order[LINKSTATE_LINKS_MAX];
	int				 e;

	n = in_order(linknode_id(s, i), links, n, order);
	if (!same(&s->nodes[i], order, n) &&
	    (e = replace(s, i, order, n)) < 0)
		return e;
	for (unsigned k = 0; k < n; k++) {
		s->nodes[i].said->edges[k].stock = order[k]->stock;
		s->nodes[i].said->edges[k].rate = order[k]->rate;
	}
	return 0;
}

void
linktable_copy(const struct linkstate *s, uint32_t i, struct linkstate_ad *ad)
{
	const struct linknode	*n = &s->nodes[i];
	const struct linkedge	*e = n->said->edges;

	strcpy(ad->origin, linknode_id(s, i));
	ad->incarnation = n->incarnation;
	ad->sequence = n->sequence;
	ad->n = n->said->n;
	for (unsigned k = 0; k < ad->n; k++, e++) {
		strcpy(ad->links[k].peer, linknode_name(n, e->name));
		ad->links[k].level = e->level;
		ad->links[k].stock = e->stock;
		ad->links[k].rate = e->rate;
	}
}
