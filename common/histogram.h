/* histogram.h - how long things took, counted by fixed bounds. */
#ifndef QKD_HISTOGRAM_H
#define QKD_HISTOGRAM_H

#include <event2/event.h>
#include <stdint.h>

#define HISTOGRAM_BOUNDS	16

struct histogram {		/* zeroed at first */
	uint64_t	n[HISTOGRAM_BOUNDS + 1];	/* the last: longer */
	uint64_t	sum;				/* us */
};

extern const uint32_t histogram_bounds[HISTOGRAM_BOUNDS];	/* us */

void	 histogram_add(struct histogram *, uint64_t us);
uint64_t histogram_count(const struct histogram *);

/*
 * When the loop's turn began, and now: us of one clock, which may be set.
 * The first costs nothing, so that a request costs one look at the clock.
 */
uint64_t histogram_turn(struct event_base *);
uint64_t histogram_now(void);
/* From histogram_turn() to now. */
void	 histogram_since(struct histogram *, uint64_t begin);

#endif
