/* manynet.h - networks of many nodes: who is linked with whom. */
#ifndef BENCH_MANYNET_H
#define BENCH_MANYNET_H

#include <stdbool.h>
#include <stdint.h>

#include "ident.h"

#define MANYNET_DEGREE_MAX	32

/* One direction of a link. */
struct manyedge {
	uint32_t	from, to;
	uint32_t	back;		/* the other direction */
	uint8_t		level;		/* of key at `from` */
	bool		up;
};

struct manynet {
	uint32_t	 n, links;
	uint32_t	*first;		/* n + 1: where a node's edges begin */
	struct manyedge	*edges;		/* two per link, by node */
};

/*
 * "random": any tree, and links at random between any two; "ring": a ring,
 * and from each node a chord to any other. Both have two links per node.
 * NULL: no such shape, or no memory.
 */
struct manynet	*manynet_new(const char *shape, uint32_t n);
void		 manynet_free(struct manynet **);
void		 manynet_name(uint32_t node, km_id);
uint32_t	 manynet_number(const km_id);
/* UINT32_MAX: they are not linked. */
uint32_t	 manynet_edge(const struct manynet *, uint32_t from,
		    uint32_t to);
uint32_t	 manynet_below(uint32_t bound);	/* a random number */

#endif
