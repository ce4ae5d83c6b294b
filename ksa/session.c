/* session.c - sessions of proactive key supply. */
#include "ksa/session.h"

#include "ksa/calls.h"

struct supply_call *
session_open(struct supply *s, const struct session_opening *o,
    supply_done *done, void *arg)
{
	struct supply_call	c = { .done = done, .arg = arg };

	(void)s, (void)o;
	call_fail(&c, SUPPLY_UNAVAILABLE, "this KM creates no sessions");
	return NULL;
}

struct supply_call *
session_draw(struct supply *s, const struct session_draw *d,
    supply_done *done, void *arg)
{
	struct supply_call	c = { .done = done, .arg = arg };

	(void)s, (void)d;
	call_fail(&c, SUPPLY_NOT_FOUND, "there is no such session");
	return NULL;
}

void
session_set_notifier(struct supply *s, const struct notifier *n, void *arg)
{
	(void)s, (void)n, (void)arg;
}

void
session_present(struct supply *s, const char *application)
{
	(void)s, (void)application;
}
