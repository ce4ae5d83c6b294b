/* manyplain.c - nodes without an engine: what they do as kma/announce.c. */
#include <stdlib.h>
#include <string.h>

#include "bench/manysimimpl.h"
#include "kma/announcemsg.h"

/* Who gets everything, in order, gets what is still to come in its turn. */
static void
plain_spread(struct manysim *s, const struct note *note, uint32_t node,
    uint32_t but)
{
	for (uint32_t e = s->net->first[node]; e < s->net->first[node + 1];
	    e++)
		if (e != but && s->synced[e] > note->origin)
			manysim_fly(s, note, e);
}

void
manyplain_take(struct manysim *s, const struct note *note, uint32_t edge,
    uint32_t node)
{
	if (note->version <= *manysim_seen(s, note->origin, node))
		return;
	manysim_take(s, note, node);
	plain_spread(s, note, node, s->net->edges[edge].back);
}

/* What the node has, which may not be the newest. */
static const struct note *
had(const struct manysim *s, uint32_t origin, uint32_t node)
{
	const struct note	*note = s->newest[origin];

	while (note->version != *manysim_seen(s, origin, node))
		note = note->older;
	return note;
}

/* As sync_next() in kma/announce.c. */
static void
plain_sync(struct manysim *s, uint32_t edge)
{
	uint32_t	 from = s->net->edges[edge].from;
	const uint64_t	*known = s->known + from * s->words;
	uint32_t	 origin = s->synced[edge], n = 0;

	for (; origin < s->net->n; origin++) {
		if (known[origin / 64] >> origin % 64 == 0) {
			origin |= 63;
			continue;
		}
		if ((known[origin / 64] >> origin % 64 & 1) == 0)
			continue;
		if (n++ == ANNOUNCE_SYNC)
			break;
		manysim_fly(s, had(s, origin, from), edge);
	}
	s->synced[edge] = n <= ANNOUNCE_SYNC ? UINT32_MAX : origin;
}

static int
by_peer(const void *a, const void *b)
{
	const struct linkstate_link	*x = a, *y = b;

	return strcmp(x->peer, y->peer);
}

/* It never changes: its links are not touched. */
static void
plain_say(struct manysim *s, uint32_t node)
{
	struct linkstate_ad	 ad = { .incarnation = 1, .sequence = 1 };
	struct msgbuf		 out = { 0 };
	const struct note	*note;
	struct msg		 m;
	size_t			 used;

	manynet_name(node, ad.origin);
	for (uint32_t e = s->net->first[node]; e < s->net->first[node + 1];
	    e++) {
		struct linkstate_link	*l = &ad.links[ad.n++];

		manynet_name(s->net->edges[e].to, l->peer);
		l->level = s->net->edges[e].level;
		l->stock = manysim_stock(&s->net->edges[e]);
	}
	qsort(ad.links, ad.n, sizeof(ad.links[0]), by_peer);
	if (announcemsg_write(&out, &ad) < 0 ||
	    msg_decode(&m, out.p, out.len, &used) < 0)
		abort();
	note = manysim_note(s, &m.announce, out.p, out.len);
	for (uint32_t e = s->net->first[node]; e < s->net->first[node + 1];
	    e++)
		manysim_fly(s, note, e);
	msgbuf_free(&out);
}

void
manyplain_tick(struct manysim *s, uint32_t node)
{
	if (s->newest[node] == NULL)
		plain_say(s, node);
	for (uint32_t e = s->net->first[node]; e < s->net->first[node + 1];
	    e++)
		if (s->synced[e] != UINT32_MAX)
			plain_sync(s, e);
}
