#include "bench/manynet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linkstate.h"

struct pair { uint32_t a, b; };

struct draft {
	uint32_t	 n, links;
	struct pair	*pairs;
	uint8_t		*degree;
};

uint32_t
manynet_below(uint32_t bound)
{
	return (uint32_t)random() % bound;
}

void
manynet_name(uint32_t node, km_id out)
{
	snprintf(out, sizeof(km_id), "KME-%05u", node);
}

uint32_t
manynet_number(const km_id km)
{
	return (uint32_t)strtoul(km + 4, NULL, 10);
}

static bool
linked(const struct draft *d, uint32_t a, uint32_t b)
{
	for (uint32_t i = 0; i < d->links; i++)
		if ((d->pairs[i].a == a && d->pairs[i].b == b) ||
		    (d->pairs[i].a == b && d->pairs[i].b == a))
			return true;
	return false;
}

static bool
add(struct draft *d, uint32_t a, uint32_t b)
{
	if (a == b || d->degree[a] == MANYNET_DEGREE_MAX ||
	    d->degree[b] == MANYNET_DEGREE_MAX || linked(d, a, b))
		return false;
	d->pairs[d->links++] = (struct pair){ a, b };
	d->degree[a]++;
	d->degree[b]++;
	return true;
}

static bool
draw(struct draft *d, const char *shape)
{
	bool	ring = strcmp(shape, "ring") == 0;

	if (!ring && strcmp(shape, "random") != 0)
		return false;
	for (uint32_t i = 1; i < d->n; i++)
		while (!add(d, i, ring ? i - 1 : manynet_below(i)))
			;
	if (ring)
		(void)add(d, d->n - 1, 0);
	for (uint32_t i = 0; d->links < 2 * d->n; i = (i + 1) % d->n)
		(void)add(d, ring ? i : manynet_below(d->n),
		    manynet_below(d->n));
	return true;
}

/* Seven of ten ends have ample key, two a fair stock, one little. */
static uint8_t
level(void)
{
	uint32_t	x = manynet_below(10);

	return x < 7 ? LINKSTATE_AMPLE : x < 9 ? LINKSTATE_FAIR :
	    LINKSTATE_SCARCE;
}

static void
fill(struct manynet *net, const struct draft *d)
{
	uint32_t	*at = net->first + 1;

	/* first[i + 1] moves from the begin of node i to its end. */
	for (uint32_t i = 0; i + 1 < d->n; i++)
		at[i + 1] = at[i] + d->degree[i];
	for (uint32_t i = 0; i < d->links; i++) {
		uint32_t	a = d->pairs[i].a, b = d->pairs[i].b;
		uint32_t	there = at[a]++, back = at[b]++;

		net->edges[there] = (struct manyedge){ a, b, back,
		    level(), true };
		net->edges[back] = (struct manyedge){ b, a, there,
		    level(), true };
	}
	net->links = d->links;
}

struct manynet *
manynet_new(const char *shape, uint32_t n)
{
	struct draft	 d = { .n = n };
	struct manynet	*net = calloc(1, sizeof(*net));
	bool		 ok;

	d.pairs = calloc(2 * (size_t)n, sizeof(*d.pairs));
	d.degree = calloc(n, sizeof(*d.degree));
	if (net == NULL || d.pairs == NULL || d.degree == NULL)
		abort();
	net->n = n;
	net->first = calloc((size_t)n + 2, sizeof(*net->first));
	net->edges = calloc(4 * (size_t)n, sizeof(*net->edges));
	if (net->first == NULL || net->edges == NULL)
		abort();
	if ((ok = draw(&d, shape)))
		fill(net, &d);
	free(d.pairs);
	free(d.degree);
	if (!ok)
		manynet_free(&net);
	return net;
}

void
manynet_free(struct manynet **netp)
{
	struct manynet	*net = *netp;

	*netp = NULL;
	if (net == NULL)
		return;
	free(net->first);
	free(net->edges);
	free(net);
}

uint32_t
manynet_edge(const struct manynet *net, uint32_t from, uint32_t to)
{
	for (uint32_t e = net->first[from]; e < net->first[from + 1]; e++)
		if (net->edges[e].to == to)
			return e;
	return UINT32_MAX;
}
