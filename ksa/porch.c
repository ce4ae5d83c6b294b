/* porch.c - a line for each source, oldest first. */
#include <stdlib.h>
#include <uthash.h>

#include "err.h"
#include "porch.h"

struct porch_source {
	uint64_t		 source;
	unsigned		 n;
	TAILQ_HEAD(, porch_item) items;
	UT_hash_handle		 hh;
};

struct porch {
	struct porch_source	*sources;
	unsigned		 n, max, max_per_source;
};

int
porch_new(struct porch **out, unsigned max, unsigned max_per_source)
{
	if ((*out = calloc(1, sizeof(**out))) == NULL)
		return -E_NO_MEMORY;
	(*out)->max = max;
	(*out)->max_per_source = max_per_source;
	return 0;
}

void
porch_free(struct porch **p)
{
	free(*p);
	*p = NULL;
}

static struct porch_source *
find(struct porch *p, uint64_t source)
{
	struct porch_source *s;

	HASH_FIND(hh, p->sources, &source, sizeof(source), s);
	if (s != NULL || (s = calloc(1, sizeof(*s))) == NULL)
		return s;
	s->source = source;
	TAILQ_INIT(&s->items);
	HASH_ADD(hh, p->sources, source, sizeof(source), s);
	return s;
}

/* As many sources as items at most: a thousand, not a million. */
static struct porch_source *
largest(struct porch *p)
{
	struct porch_source *s, *most = p->sources;

	for (s = p->sources; s != NULL; s = s->hh.next)
		if (s->n > most->n)
			most = s;
	return most;
}

int
porch_enter(struct porch *p, struct porch_item *i, uint64_t source,
    struct porch_item **out)
{
	struct porch_source *s;

	*out = NULL;
	if ((s = find(p, source)) == NULL)
		return -E_NO_MEMORY;
	if (s->n >= p->max_per_source)
		*out = TAILQ_FIRST(&s->items);
	else if (p->n >= p->max)
		*out = TAILQ_FIRST(&largest(p)->items);
	i->source = s;
	TAILQ_INSERT_TAIL(&s->items, i, entry);
	s->n++;
	p->n++;
	return 0;
}

void
porch_leave(struct porch *p, struct porch_item *i)
{
	struct porch_source *s = i->source;

	if (s == NULL)
		return;
	i->source = NULL;
	TAILQ_REMOVE(&s->items, i, entry);
	p->n--;
	if (--s->n > 0)
		return;
	HASH_DEL(p->sources, s);
	free(s);
}

unsigned
porch_count(const struct porch *p)
{
	return p->n;
}
