/* rate.h - how much a second, over the last ten seconds. */
#ifndef QKD_RATE_H
#define QKD_RATE_H

#include <stdint.h>

#define RATE_SECONDS	10

struct rate {			/* zeroed at first */
	uint64_t	second;		/* the one that is counted now */
	uint64_t	n[RATE_SECONDS + 1];
};

/* `now`: ms of a clock that is never set back. */
void		rate_add(struct rate *, uint64_t n, uint64_t now);
/* Of the last whole seconds. */
uint64_t	rate_per_second(struct rate *, uint64_t now);

#endif
