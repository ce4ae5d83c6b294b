/* linkimpl.h - what the files of linkstate.h share. */
#ifndef QKD_LINKIMPL_H
#define QKD_LINKIMPL_H

#include "linkstate.h"

#define LINK_NOBODY	UINT32_MAX
#define LINK_ME		0

/* A link as one node announces it. */
struct linkedge {
	uint64_t	stock, rate;
	uint32_t	peer;		/* LINK_NOBODY: it does not count */
	uint16_t	name;		/* of the peer, in names */
	uint8_t		level, cost;
};

/* One allocation, of the real size. */
struct linksaid {
	uint32_t	n;
	uint32_t	names_len;
	struct linkedge	edges[];	/* then the names, the own first */
};

struct linknode {
	struct linksaid	*said;		/* NULL: the place is free */
	uint64_t	 incarnation, sequence, heard;
	uint32_t	 hash, chain;	/* or the next free place */
	uint32_t	 older, newer;	/* by when they were heard of */
};

/* The last step of the cheapest way from me. */
struct linkway {
	uint32_t	before, hops;
};

struct linkstate {
	struct linknode	*nodes;
	struct linkway	*ways;
	uint32_t	*cost;		/* of the ways */
	uint32_t	*room;		/* two per node, for the heap */
	uint32_t	*buckets;
	uint32_t	 capacity, used, count, mask;
	uint32_t	 unused;	/* free places below `used` */
	uint32_t	 oldest, newest;
	uint64_t	 version, computed;
};

/* linktable.c */
uint32_t linktable_find(const struct linkstate *, const char *km);
/* LINK_NOBODY: no memory or LINKSTATE_NODES_MAX reached. */
uint32_t linktable_add(struct linkstate *, const char *km);
void	linktable_remove(struct linkstate *, uint32_t);
int	linktable_say(struct linkstate *, uint32_t,
	    const struct linkstate_link *, unsigned n);
void	linktable_copy(const struct linkstate *, uint32_t,
	    struct linkstate_ad *);
struct linkedge *linktable_edge(const struct linknode *, const char *peer);

static inline const char *
linknode_name(const struct linknode *n, uint32_t at)
{
	return (const char *)(n->said->edges + n->said->n) + at;
}

static inline const char *
linknode_id(const struct linkstate *s, uint32_t i)
{
	return linknode_name(&s->nodes[i], 0);
}

/* linkroute.c: brings s->ways up to date. */
void	linkroute_compute(struct linkstate *);
/* False, and no route: it cannot be written. */
bool	linkroute_append(const struct linkstate *, struct route *, uint32_t);

#endif
