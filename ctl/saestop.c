#include "saestop.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

static volatile sig_atomic_t	asked, busy;
static struct qkdsae *volatile	watched;

static void
on_signal(int number)
{
	(void)number;
	asked = 1;
	if (watched != NULL && !busy)
		qkdsae_stop(watched);
}

void
saestop_watch(struct qkdsae *c)
{
	struct sigaction	sa = { .sa_handler = on_signal };

	watched = c;
	if (c == NULL)
		return;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
}

bool
saestop_asked(void)
{
	return asked != 0;
}

void
saestop_busy(bool yes)
{
	busy = yes;
	if (!yes && asked && watched != NULL)
		qkdsae_stop(watched);
}

void
saestop_pause(void)
{
	const struct timespec	second = { 1, 0 };

	if (!asked)
		nanosleep(&second, NULL);
}

int64_t
saestop_clock(void)
{
	struct timespec	now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
