/* linknet.c - networks in short notation, and at random. */
#include "linknet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static const char	marks[] = "!?=";	/* by level */

unsigned
linknet_links(struct linkstate_link *links, const char *list)
{
	char		 copy[512], *save, *p;
	const char	*mark;
	unsigned	 n = 0;

	strcpy(copy, list);
	for (p = strtok_r(copy, " ", &save); p != NULL;
	    p = strtok_r(NULL, " ", &save)) {
		memset(&links[n], 0, sizeof(links[n]));
		links[n].level = LINKSTATE_AMPLE;
		mark = strchr(marks, p[strlen(p) - 1]);
		if (mark != NULL) {
			links[n].level = (uint8_t)(mark - marks);
			p[strlen(p) - 1] = '\0';
		}
		strcpy(links[n++].peer, p);
	}
	return n;
}

void
linknet_new(struct linkstate **s, const char *me)
{
	ck_assert_int_eq(linkstate_new(s, me, 1000), 0);
}

void
linknet_mine(struct linkstate *s, const char *list)
{
	struct linkstate_link	links[LINKSTATE_LINKS_MAX];

	linkstate_announce(s, links, linknet_links(links, list));
}

enum linkstate_verdict
linknet_hear(struct linkstate *s, const char *origin, const char *list,
    uint64_t incarnation, uint64_t sequence, uint64_t now)
{
	struct linkstate_ad	ad = { .incarnation = incarnation,
				    .sequence = sequence };

	strcpy(ad.origin, origin);
	ad.n = linknet_links(ad.links, list);
	return linkstate_input(s, &ad, now);
}

const char *
linknet_route(struct linkstate *s, const char *to)
{
	static route_text	text;
	struct route		r;
	unsigned		broken;
	uint32_t		cost = linkstate_route(s, to, &r);

	ck_assert((cost == LINKSTATE_UNREACHED) == (r.n == 0));
	ck_assert(linkstate_check(s, &r, &broken) == cost);
	route_print(&r, text);
	return text;
}

const char *
linknet_disjoint(struct linkstate *s, const char *to, unsigned want)
{
	static char	text[LINKSTATE_DISJOINT_MAX * (ROUTE_MAX + 2)];
	struct route	r[LINKSTATE_DISJOINT_MAX];
	unsigned	n = linkstate_disjoint(s, to, want, r);
	route_text	one;

	text[0] = '\0';
	for (unsigned i = 0; i < n; i++) {
		route_print(&r[i], one);
		if (i > 0)
			strcat(text, " ");
		strcat(text, one);
	}
	return text;
}

void
linknet_random(struct linknet *g, int n, long percent)
{
	int	level;

	g->n = n;
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			g->level[i][j] = -1;
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++) {
			if (random() % 100 >= percent)
				continue;
			level = (int)(random() % 6);
			level = level > LINKSTATE_AMPLE ? LINKSTATE_AMPLE :
			    level;
			g->level[i][j] = level;
			if (random() % 4 == 0)
				level = (int)(random() % 5) - 1;
			g->level[j][i] = level;
		}
}

void
linknet_list(const struct linknet *g, int from, char *list)
{
	list[0] = '\0';
	for (int j = 0; j < g->n; j++)
		if (g->level[from][j] >= 0)
			list += sprintf(list, " %c%.1s", 'A' + j,
			    marks + g->level[from][j]);
}

void
linknet_build(struct linkstate **s, const struct linknet *g, int me)
{
	char	name[2] = { (char)('A' + me), '\0' }, list[64];

	linknet_new(s, name);
	for (int i = 0; i < g->n; i++) {
		linknet_list(g, i, list);
		name[0] = (char)('A' + i);
		if (i == me)
			linknet_mine(*s, list);
		else
			ck_assert_int_eq(linknet_hear(*s, name, list, 1, 1,
			    0), LINKSTATE_NEW);
	}
}

unsigned
linknet_cost(const struct linknet *g, int i, int j)
{
	int	a = g->level[i][j], b = g->level[j][i];

	return a <= LINKSTATE_NONE || b <= LINKSTATE_NONE ? 0 :
	    linkstate_cost((enum linkstate_level)(a < b ? a : b));
}
