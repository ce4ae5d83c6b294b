/* counters.c - why a frame was dropped. */
#include "counters.h"

#include "err.h"

void
counters_drop(struct counters *c, int e)
{
	if (e == -E_DOWN)
		c->dropped_not_connected++;
	else if (e == -E_TOO_LARGE)
		c->dropped_too_large++;
	else
		c->dropped_queue_full++;
}
