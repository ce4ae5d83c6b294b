/* times.c - latencies of a run, and when requests are due. */
#include "config.h"

#include "times.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

static uint64_t
clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

uint64_t
times_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t
times_cpu(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

int
times_new(struct times *t, unsigned long room)
{
	t->n = 0;
	t->room = room;
	t->took = calloc(room + 1, sizeof(*t->took));
	return t->took == NULL ? -1 : 0;
}

void
times_add(struct times *t, uint64_t ns)
{
	if (t->n < t->room)
		t->took[t->n++] = ns / 10 < UINT32_MAX ? ns / 10 : UINT32_MAX;
}

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void
times_sort(struct times *t)
{
	qsort(t->took, t->n, sizeof(*t->took), by_value);
}

double
times_us(const struct times *t, double q)
{
	return t->n == 0 ? 0 : t->took[(size_t)(q * (t->n - 1))] / 100.0;
}

void
schedule_start(struct schedule *s, uint64_t now, double per_second)
{
	s->gap = 1e9 / per_second;
	s->state = 88172645463325252ull;
	s->due = now;
	schedule_next(s);
}

void
schedule_next(struct schedule *s)
{
	/* xorshift64: good enough for gaps */
	s->state ^= s->state << 13;
	s->state ^= s->state >> 7;
	s->state ^= s->state << 17;
	s->due += (uint64_t)(-log((s->state >> 11) * 0x1p-53 + 0x1p-54) *
	    s->gap);
}
