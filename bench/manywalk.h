/*
 * manywalk.h - frames that travel hop by hop, over links as they are at that
 * moment. Each node decides as relayd and kma do: by the route in the frame.
 */
#ifndef BENCH_MANYWALK_H
#define BENCH_MANYWALK_H

#include "bench/manysim.h"

struct manywalk_counters {
	uint64_t	sent, no_route;
	uint64_t	delivered, hops;	/* of those delivered */
	uint64_t	lost;		/* the next link is gone */
	uint64_t	refused;	/* by the checks of a node */
	uint64_t	loops;		/* a node saw a frame twice */
};

struct manywalk;
struct manywalk	*manywalk_new(struct manysim *, const struct manynet *);
void		 manywalk_free(struct manywalk **);
/* Frames from nodes with an engine to any; by their present routes. */
void		 manywalk_send(struct manywalk *, unsigned frames);
/* After each step of the simulation. */
void		 manywalk_step(struct manywalk *);
size_t		 manywalk_under_way(const struct manywalk *);
/* Since the last time. */
struct manywalk_counters manywalk_take(struct manywalk *);

#endif
