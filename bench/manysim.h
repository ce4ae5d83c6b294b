/*
 * manysim.h - a network of many nodes in one process, on a clock of its own.
 * Nodes with an engine run kma/announce.c and common/linkstate.c as kma does;
 * the others only pass on what is newer than what they have had, by the same
 * rule, and remember of each origin which announcement was the newest.
 */
#ifndef BENCH_MANYSIM_H
#define BENCH_MANYSIM_H

#include <stddef.h>

#include "bench/manynet.h"
#include "kma/announce.h"

#define MANYSIM_DELAY_MS	5	/* of a link, one way */
#define MANYSIM_TICK_MS		100	/* as kma does */
#define MANYSIM_RESERVE		65536	/* octets; see announce_link() */

struct manysim;

struct manysim_traffic {
	uint64_t	messages, octets;	/* sent, over all links */
	uint64_t	taken_in;		/* by engines */
	uint64_t	refused;		/* ... as too many */
};

/* engine: of n, which have one; not freed before the simulation. */
struct manysim	*manysim_new(struct manynet *, const bool *engine);
void		 manysim_free(struct manysim **);
/* One ms. */
void		 manysim_step(struct manysim *);
uint64_t	 manysim_now(const struct manysim *);
/* Announcements that are the newest of their origin and not yet at a node,
 * over all nodes. 0: the network has converged. */
uint64_t	 manysim_behind(const struct manysim *);
/* How often a node has said something. */
uint32_t	 manysim_said(const struct manysim *, uint32_t node);
const struct manysim_traffic *manysim_traffic(const struct manysim *);
/* NULL: it has no engine, or is down. */
struct announce	*manysim_engine(const struct manysim *, uint32_t node);

/* The link is gone, with its key; both ends have engines. */
void		 manysim_cut(struct manysim *, uint32_t edge);
/* The process ends; it starts anew and has forgotten all. It and all its
 * neighbours have engines. */
void		 manysim_stop(struct manysim *, uint32_t node);
void		 manysim_start(struct manysim *, uint32_t node);
/* One more engine, not in the network, that is told all that is known. */
struct announce	*manysim_twin(const struct manysim *, uint32_t node);

#endif
