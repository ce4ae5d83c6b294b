#include "saesession.h"

#include <stdlib.h>
#include <string.h>

void
saesessions_init(struct saesessions *s)
{
	TAILQ_INIT(&s->list);
	s->n = 0;
}

static struct saesession *
find(const struct saesessions *s, const char *id)
{
	struct saesession	*e;

	TAILQ_FOREACH(e, &s->list, entry)
		if (strcmp(e->id, id) == 0)
			return e;
	return NULL;
}

static void
drop(struct saesessions *s, struct saesession *e)
{
	TAILQ_REMOVE(&s->list, e, entry);
	s->n--;
	free(e);
}

void
saesessions_add(struct saesessions *s, const struct saesession *from)
{
	struct saesession	*e = find(s, from->id);

	if (e != NULL)
		drop(s, e);
	if (s->n == SAESESSIONS_MAX)
		drop(s, TAILQ_FIRST(&s->list));
	if ((e = malloc(sizeof(*e))) == NULL)
		return;
	*e = *from;
	TAILQ_INSERT_TAIL(&s->list, e, entry);
	s->n++;
}

void
saesessions_find(const struct saesessions *s, struct saesession *out)
{
	const struct saesession	*e = find(s, out->id);

	if (e != NULL)
		*out = *e;
}

void
saesessions_clear(struct saesessions *s)
{
	while (s->n > 0)
		drop(s, TAILQ_FIRST(&s->list));
}
