#include "saeretry.h"

#include <poll.h>

#include "ident.h"

#define PAUSE_MIN	250		/* ms between tries */
#define PAUSE_MAX	4000

void
saeretry_begin(struct saeretry *t, unsigned retry_ms, int stop)
{
	*t = (struct saeretry){ mono_ms() + retry_ms, PAUSE_MIN,
	    stop > 0 ? stop : -1 };
}

bool
saeretry_stopped(int stop)
{
	struct pollfd	p = { .fd = stop > 0 ? stop : -1, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

bool
saeretry_another(struct saeretry *t)
{
	struct pollfd	p = { .fd = t->stop, .events = POLLIN };
	uint64_t	now = mono_ms(), until = now + t->pause;

	if (until > t->end)
		return false;
	for (; now < until; now = mono_ms())
		if (poll(&p, 1, (int)(until - now)) > 0)
			break;
	t->pause = t->pause * 2 < PAUSE_MAX ? t->pause * 2 : PAUSE_MAX;
	return true;
}
