/* linkwant.c - those who wait for a block of our direction of a link. */
#include "err.h"
#include "kma/kma.h"

void
link_want(struct link *l, struct padwait *w)
{
	int	r;

	if ((r = padline_add(&l->line, w)) < 0)
		w->fn(w->arg, r, 0);
	else
		link_pump(l);
}

static void
refuse(struct link *l, struct padwait *w, int r)
{
	l->n.refused++;
	link_unwant(l, w);
	w->fn(w->arg, r, 0);
}

/* The link, and who waits there, of the pair with most in transit. */
static struct padwait *
longest(struct link *l, unsigned most, struct link **where)
{
	struct kma	*k = l->kma;
	struct padwait	*w, *found = NULL;

	for (size_t i = 0; i < k->nlinks; i++) {
		w = padline_longest(&k->links[i]->line, most);
		if (w == NULL)
			continue;
		found = w;
		most = padline_of(&k->links[i]->line, w->from, w->to);
		*where = k->links[i];
	}
	return found;
}

void
link_want_onwards(struct link *l, struct padwait *w, bool full)
{
	uint64_t	 ms = w->deadline - mono_ms();
	struct padwait	*other = NULL;
	struct link	*where;

	if (full && (other = longest(l, padline_of(&l->line, w->from, w->to) +
	    1, &where)) == NULL) {
		refuse(l, w, -E_NO_KEY);
		return;
	}
	if (other != NULL)
		refuse(where, other, -E_NO_KEY);
	if (padline_is_hopeless(&l->line, w->from, w->to, ms))
		refuse(l, w, -E_NO_KEY);
	else
		link_want(l, w);
}

void
link_unwant(struct link *l, struct padwait *w)
{
	padline_remove(&l->line, w);
}

void
link_want_expire(struct link *l, uint64_t now)
{
	struct padwait	*w;

	while ((w = padline_expired(&l->line, now)) != NULL)
		refuse(l, w, l->state == LINK_UP ? -E_NO_KEY : -E_DOWN);
}
