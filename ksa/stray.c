/* stray.c - answers that find nobody. */
#include <stdlib.h>
#include <string.h>

#include "doorint.h"
#include "log.h"
#include "stray.h"

struct stray {
	LIST_ENTRY(stray)	 entry;
	struct door		*door;
	struct supply_call	*call;
	const char		*method;
	sae_id			 sae;
	char			 address[64];
};

static void
end(struct stray *s)
{
	LIST_REMOVE(s, entry);
	free(s);
}

static void
on_answer(void *arg, struct supply_answer *a)
{
	struct stray	*s = arg;
	struct door	*d = s->door;
	struct receipt	 r = { .number = a->number, .method = s->method };

	if (a->status == SUPPLY_OK) {
		memcpy(r.first, a->ids[0], sizeof(r.first));
		door_undelivered(d, &r, s->sae, s->address,
		    "the client left");
	}
	end(s);
	door_check_gone(d);
}

void
stray_begin(const struct guest *g, struct supply_call *call,
    const char *method)
{
	struct stray	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL) {
		supply_redirect(call, NULL, NULL);
		log_err("out of memory: whether keys were drawn for a client "
		    "that left is not known", "sae=%s peer=%s",
		    log_quote(g->caller->id), g->address);
		return;
	}
	s->door = g->door;
	s->call = call;
	s->method = method;
	memcpy(s->sae, g->caller->id, sizeof(s->sae));
	strncpy(s->address, g->address, sizeof(s->address) - 1);
	LIST_INSERT_HEAD(&s->door->strays, s, entry);
	supply_redirect(call, on_answer, s);
}

void
stray_end(struct door *d)
{
	struct stray	*s;

	while ((s = LIST_FIRST(&d->strays)) != NULL) {
		supply_redirect(s->call, NULL, NULL);
		end(s);
	}
}
