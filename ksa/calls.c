/* calls.c - answering calls. */
#include "ksa/calls.h"

#include <stdarg.h>
#include <stdio.h>

#include "err.h"

void
call_init(struct supply_call *c, enum call_kind kind, struct env *env,
    supply_done *done, void *arg)
{
	c->kind = kind;
	c->env = env;
	c->done = done;
	c->arg = arg;
}

void
call_answer(struct supply_call *c, struct supply_answer *a)
{
	supply_done	*done = c->done;

	c->done = NULL;
	if (done != NULL)
		done(c->arg, a);
	secret_free(&a->keys);
}

void
call_fail(struct supply_call *c, enum supply_status status, const char *fmt,
    ...)
{
	struct supply_answer	a = { .status = status };
	char			detail[256];
	va_list			ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	a.detail = detail;
	call_answer(c, &a);
}

void
call_no_place(struct supply_call *c, int r, const char *id,
    const struct place *pl)
{
	char	text[PLACE_TEXT];

	call_fail(c, r == -E_NOT_FOUND ? SUPPLY_NOT_FOUND :
	    SUPPLY_UNAVAILABLE, "%s", place_trouble(r, id, pl, text));
}

int
call_timer(struct supply_call *c, int64_t ms, event_callback_fn fn)
{
	struct timeval	tv = { ms / 1000, ms % 1000 * 1000 };

	if (c->timer == NULL)
		c->timer = event_new(c->env->base, -1, 0, fn, c);
	return c->timer == NULL || event_add(c->timer, &tv) < 0 ?
	    -E_NO_MEMORY : 0;
}

void
call_end(struct supply_call *c)
{
	if (c->timer != NULL)
		event_free(c->timer);
	c->timer = NULL;
}
