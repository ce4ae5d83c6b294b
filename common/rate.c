/* rate.c - a ring of seconds. */
#include "rate.h"

#include <stddef.h>
#include <string.h>

#define SLOTS	(RATE_SECONDS + 1)	/* whole ones, and the present one */

static void
advance(struct rate *r, uint64_t second)
{
	if (second - r->second >= SLOTS)
		memset(r->n, 0, sizeof(r->n));
	else
		for (uint64_t s = r->second + 1; s <= second; s++)
			r->n[s % SLOTS] = 0;
	r->second = second;
}

void
rate_add(struct rate *r, uint64_t n, uint64_t now)
{
	if (now / 1000 != r->second)
		advance(r, now / 1000);
	r->n[r->second % SLOTS] += n;
}

uint64_t
rate_per_second(struct rate *r, uint64_t now)
{
	uint64_t	sum = 0;

	rate_add(r, 0, now);
	for (size_t i = 0; i < SLOTS; i++)
		if (i != r->second % SLOTS)
			sum += r->n[i];
	return sum / RATE_SECONDS;
}
