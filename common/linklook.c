/* linklook.c - what single nodes announce. */
#include <string.h>

#include "err.h"
#include "linkimpl.h"

int
linkstate_look(const struct linkstate *s, const char *km, const char *peer,
    struct linkstate_link *out)
{
	const struct linkedge	*e;
	uint32_t		 i = linktable_find(s, km);

	if (i == LINK_NOBODY)
		return -E_NOT_FOUND;
	if ((e = linktable_edge(&s->nodes[i], peer)) == NULL)
		return -E_DOWN;
	strcpy(out->peer, peer);
	out->level = e->level;
	out->stock = e->stock;
	out->rate = e->rate;
	return 0;
}

uint64_t
linkstate_heard(const struct linkstate *s, const char *km)
{
	uint32_t	i = linktable_find(s, km);

	return i == LINK_NOBODY ? 0 : s->nodes[i].heard;
}
