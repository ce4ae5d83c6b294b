/* session.c - proactive key supply, as the doors see it. */
#include "ksa/session.h"

#include "ksa/draw.h"
#include "ksa/engine.h"
#include "ksa/opening.h"
#include "ksa/party.h"

static struct sessions *
of(struct supply *s)
{
	return engine_env(s)->sessions;
}

struct supply_call *
session_open(struct supply *s, const struct session_opening *o,
    supply_done *done, void *arg)
{
	return opening_start(of(s), o, done, arg);
}

struct supply_call *
session_draw(struct supply *s, const struct session_draw *d,
    supply_done *done, void *arg)
{
	return draw_start(of(s), d, done, arg);
}

void
session_set_notifier(struct supply *s, const struct notifier *n, void *arg)
{
	of(s)->notifier = n;
	of(s)->notifier_arg = arg;
}

void
session_present(struct supply *s, const char *application)
{
	party_present(of(s), application);
}
