/* linkstate.c - whose word is taken, and until when. */
#include "linkstate.h"

#include <stdlib.h>

#include "err.h"
#include "linkimpl.h"

int
linkstate_new(struct linkstate **sp, const char *me, uint64_t incarnation)
{
	struct linkstate	*s;

	*sp = NULL;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return -E_NO_MEMORY;
	s->unused = s->oldest = s->newest = LINK_NOBODY;
	s->version = 1;
	if (linktable_add(s, me) != LINK_ME) {
		linkstate_free(&s);
		return -E_NO_MEMORY;
	}
	s->nodes[LINK_ME].incarnation = incarnation;
	*sp = s;
	return 0;
}

void
linkstate_free(struct linkstate **sp)
{
	struct linkstate	*s = *sp;

	*sp = NULL;
	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->used; i++)
		free(s->nodes[i].said);
	free(s->nodes);
	free(s->ways);
	free(s->cost);
	free(s->room);
	free(s->buckets);
	free(s);
}

/* Without memory for them the links are those of before, until next time. */
void
linkstate_announce(struct linkstate *s, const struct linkstate_link *links,
    unsigned n)
{
	(void)linktable_say(s, LINK_ME, links, n);
	s->nodes[LINK_ME].sequence++;
}

void
linkstate_mine(const struct linkstate *s, struct linkstate_ad *ad)
{
	linktable_copy(s, LINK_ME, ad);
}

static bool
newer(const struct linkstate_ad *ad, const struct linknode *n)
{
	return ad->incarnation != n->incarnation ?
	    ad->incarnation > n->incarnation : ad->sequence > n->sequence;
}

/*
 * The network still knows me from before, with a clock that was ahead. What
 * cannot be outdone is a lie: it is forgotten with time.
 */
static enum linkstate_verdict
echo(struct linkstate *s, const struct linkstate_ad *ad)
{
	if (!newer(ad, &s->nodes[LINK_ME]) ||
	    ad->incarnation + 1 >= LINKSTATE_SERIAL_MAX)
		return LINKSTATE_OLD;
	s->nodes[LINK_ME].incarnation = ad->incarnation + 1;
	return LINKSTATE_ECHO;
}

/* Where a neighbour in the list by age is named. */
static uint32_t *
newer_of(struct linkstate *s, uint32_t i)
{
	return i == LINK_NOBODY ? &s->oldest : &s->nodes[i].newer;
}

static uint32_t *
older_of(struct linkstate *s, uint32_t i)
{
	return i == LINK_NOBODY ? &s->newest : &s->nodes[i].older;
}

static void
list_remove(struct linkstate *s, uint32_t i)
{
	*newer_of(s, s->nodes[i].older) = s->nodes[i].newer;
	*older_of(s, s->nodes[i].newer) = s->nodes[i].older;
}

static void
list_append(struct linkstate *s, uint32_t i)
{
	s->nodes[i].older = s->newest;
	s->nodes[i].newer = LINK_NOBODY;
	*newer_of(s, s->newest) = i;
	s->newest = i;
}

static void
forget(struct linkstate *s, uint32_t i)
{
	list_remove(s, i);
	linktable_remove(s, i);
}

enum linkstate_verdict
linkstate_input(struct linkstate *s, const struct linkstate_ad *ad,
    uint64_t now)
{
	uint32_t	i = linktable_find(s, ad->origin);
	bool		known = i != LINK_NOBODY;

	if (i == LINK_ME)
		return echo(s, ad);
	if (known && !newer(ad, &s->nodes[i]))
		return LINKSTATE_OLD;
	if (!known && (i = linktable_add(s, ad->origin)) == LINK_NOBODY)
		return LINKSTATE_FULL;
	if (known)
		list_remove(s, i);
	list_append(s, i);
	if (linktable_say(s, i, ad->links, ad->n) < 0) {
		if (!known)
			forget(s, i);
		return LINKSTATE_FULL;
	}
	s->nodes[i].incarnation = ad->incarnation;
	s->nodes[i].sequence = ad->sequence;
	s->nodes[i].heard = now;
	return LINKSTATE_NEW;
}

bool
linkstate_age(struct linkstate *s, uint64_t now)
{
	bool	any = false;

	while (s->oldest != LINK_NOBODY &&
	    now - s->nodes[s->oldest].heard > LINKSTATE_MAX_AGE_MS) {
		forget(s, s->oldest);
		any = true;
	}
	return any;
}

void
linkstate_each(struct linkstate *s, void (*fn)(void *,
    const struct linkstate_ad *), void *arg)
{
	struct linkstate_ad	ad;

	for (uint32_t i = LINK_ME + 1; i < s->used; i++)
		if (s->nodes[i].said != NULL) {
			linktable_copy(s, i, &ad);
			fn(arg, &ad);
		}
}

size_t
linkstate_count(const struct linkstate *s)
{
	return s->count;
}

uint64_t
linkstate_version(const struct linkstate *s)
{
	return s->version;
}
