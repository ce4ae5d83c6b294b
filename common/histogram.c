/* histogram.c - bounds, and a clock that is cheap. */
#include "histogram.h"

#include <stddef.h>
#include <sys/time.h>

const uint32_t	histogram_bounds[HISTOGRAM_BOUNDS] = {
	100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,
	500000, 1000000, 2500000, 5000000, 10000000
};

void
histogram_add(struct histogram *h, uint64_t us)
{
	size_t	i = 0;

	while (i < HISTOGRAM_BOUNDS && us > histogram_bounds[i])
		i++;
	h->n[i]++;
	h->sum += us;
}

uint64_t
histogram_count(const struct histogram *h)
{
	uint64_t	n = 0;

	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
		n += h->n[i];
	return n;
}

static uint64_t
us(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * 1000000 + (uint64_t)tv->tv_usec;
}

uint64_t
histogram_turn(struct event_base *base)
{
	struct timeval	tv = { 0, 0 };

	(void)event_base_gettimeofday_cached(base, &tv);
	return us(&tv);
}

uint64_t
histogram_now(void)
{
	struct timeval	tv;

	(void)gettimeofday(&tv, NULL);
	return us(&tv);
}

void
histogram_since(struct histogram *h, uint64_t begin)
{
	uint64_t	now = histogram_now();

	histogram_add(h, now > begin ? now - begin : 0);
}
