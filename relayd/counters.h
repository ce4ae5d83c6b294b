/* counters.h - what happened, by reason; every frame dropped is in here. */
#ifndef RELAYD_COUNTERS_H
#define RELAYD_COUNTERS_H

#include <stdint.h>

struct counters {
#define COUNTER(name, help)	uint64_t name;
#include "counters.def"
#undef COUNTER
};

/* A frame did not leave, by the error of sending: negative E_. */
void	counters_drop(struct counters *, int e);

#endif
