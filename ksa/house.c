/* house.c - a line for each application, the longest idle first. */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "err.h"
#include "house.h"
#include "ident.h"

struct holder {
	sae_id			 id;
	unsigned		 n;
	TAILQ_HEAD(line, tenant) line;
	UT_hash_handle		 hh;
};

struct house {
	struct holder	*holders;
	unsigned	 n, max, max_each;
};

int
house_new(struct house **out, unsigned max, unsigned max_each)
{
	if ((*out = calloc(1, sizeof(**out))) == NULL)
		return -E_NO_MEMORY;
	(*out)->max = max;
	(*out)->max_each = max_each;
	return 0;
}

void
house_free(struct house **h)
{
	free(*h);
	*h = NULL;
}

static struct holder *
find(struct house *h, const char *id)
{
	struct holder *o;

	HASH_FIND_STR(h->holders, id, o);
	if (o != NULL || (o = calloc(1, sizeof(*o))) == NULL)
		return o;
	strncpy(o->id, id, sizeof(o->id) - 1);
	TAILQ_INIT(&o->line);
	HASH_ADD_STR(h->holders, id, o);
	return o;
}

static void
drop_if_empty(struct house *h, struct holder *o)
{
	if (o->n > 0)
		return;
	HASH_DEL(h->holders, o);
	free(o);
}

/* A handshake costs more than this search. */
static struct holder *
largest(struct house *h)
{
	struct holder *o, *most = h->holders;

	for (o = h->holders; o != NULL; o = o->hh.next)
		if (o->n > most->n)
			most = o;
	return most;
}

static struct tenant *
who_goes(const struct holder *o)
{
	struct tenant *t;

	TAILQ_FOREACH(t, &o->line, entry)
		if (!t->busy)
			return t;
	return TAILQ_FIRST(&o->line);
}

int
house_enter(struct house *h, struct tenant *t, const char *application,
    struct tenant **out)
{
	struct holder *o, *most;
	int	 r = 0;

	*out = NULL;
	if ((o = find(h, application)) == NULL)
		return -E_NO_MEMORY;
	most = h->n < h->max ? NULL : largest(h);
	if (o->n >= h->max_each)
		r = -E_BUSY;
	else if (most != NULL && most->n <= o->n + 1)
		r = -E_TOO_LARGE;
	if (r < 0) {
		drop_if_empty(h, o);
		return r;
	}
	if (most != NULL)
		*out = who_goes(most);
	t->holder = o;
	TAILQ_INSERT_TAIL(&o->line, t, entry);
	o->n++;
	h->n++;
	return 0;
}

void
house_leave(struct house *h, struct tenant *t)
{
	struct holder *o = t->holder;

	if (o == NULL)
		return;
	t->holder = NULL;
	TAILQ_REMOVE(&o->line, t, entry);
	o->n--;
	h->n--;
	drop_if_empty(h, o);
}

void
house_active(struct tenant *t)
{
	struct holder *o = t->holder;

	if (o == NULL || TAILQ_NEXT(t, entry) == NULL)
		return;
	TAILQ_REMOVE(&o->line, t, entry);
	TAILQ_INSERT_TAIL(&o->line, t, entry);
}

unsigned
house_count(const struct house *h)
{
	return h->n;
}
