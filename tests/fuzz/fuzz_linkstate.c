/*
 * fuzz_linkstate.c - whatever is announced, in whatever order: routes lead
 * over links that both ends announce, no node is in one twice, there and back
 * are the same way, disjoint ones are disjoint, and what was said before
 * leaves no trace.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linkstate.h"
#include "tests/fuzz/replay.h"

#define NODES	16
#define WANT	3

const struct fuzz_seed fuzz_seeds[] = {
	/* n0: n1 n2; n1: n0 n2 n3; n2: n0 n1 n3; n3: n1 n2 */
	FUZZ_TEXT("\x00\x02\x13\x21\x01\x03\x03\x21\x31\x02\x03\x01\x12\x33"
	    "\x03\x02\x11\x23"),
	/* the same node again and again, with an echo, a pause between */
	FUZZ_TEXT("\x01\x01\x03\x01\x02\x03\x33\x00\x01\x13\x91\x00"
	    "\x21\x02\x03\x33\x80\x01\x12\x31\x01\x02"),
	FUZZ_TEXT("\x00\x04\x13\x13\x03\x23\x01\x04\x03\x03\x13\x23"
	    "\x02\x06\x03\x13\x33\x43\x53\x63\x03\x01\x23"),
	FUZZ_END
};

/* What is believed of all: it is told to another. */
struct world {
	struct linkstate_ad	ads[NODES];
	unsigned		n;
};

static void
name(unsigned i, km_id out)
{
	snprintf(out, sizeof(km_id), "n%u", i % NODES);
}

/* Origin, number of links, links; a peer may come twice or be the origin. */
static size_t
read_ad(struct linkstate_ad *ad, const uint8_t *p, size_t len)
{
	size_t	used = 2;

	memset(ad, 0, sizeof(*ad));
	name(p[0], ad->origin);
	ad->incarnation = 10 + (p[0] >> 5 & 1);
	for (ad->n = 0; ad->n < p[1] % 8 && used < len; used++) {
		name(p[used] >> 4, ad->links[ad->n].peer);
		ad->links[ad->n].level = p[used] & 3;
		ad->links[ad->n++].stock = used;
	}
	return used;
}

static void
feed(struct linkstate *s, const uint8_t *p, size_t len)
{
	struct linkstate_ad	ad;
	uint64_t		now = 0;
	size_t			used;

	for (uint64_t i = 0; len >= 2; p += used, len -= used, i++) {
		if (p[0] & 0x80)
			now += LINKSTATE_MAX_AGE_MS / 2;
		used = read_ad(&ad, p, len);
		ad.sequence = p[0] & 0x40 ? 0 : i;
		if (strcmp(ad.origin, "n0") == 0)
			linkstate_announce(s, ad.links, ad.n);
		else
			(void)linkstate_input(s, &ad, now);
		(void)linkstate_age(s, now);
		if (p[1] & 0x80)
			(void)linkstate_route(s, "n1", &(struct route){ 0 });
	}
}

static void
collect(void *arg, const struct linkstate_ad *ad)
{
	struct world	*w = arg;

	if (w->n == NODES)
		abort();
	w->ads[w->n++] = *ad;
}

static void
tell(struct linkstate *s, const struct world *w, const char *me)
{
	for (unsigned i = 0; i < w->n; i++)
		if (strcmp(w->ads[i].origin, me) == 0)
			linkstate_announce(s, w->ads[i].links, w->ads[i].n);
		else if (linkstate_input(s, &w->ads[i], 0) != LINKSTATE_NEW)
			abort();
}

static bool
says(const struct world *w, const char *km, const char *peer)
{
	for (unsigned i = 0; i < w->n; i++)
		for (unsigned k = 0; k < w->ads[i].n; k++)
			if (strcmp(w->ads[i].origin, km) == 0 &&
			    strcmp(w->ads[i].links[k].peer, peer) == 0)
				return w->ads[i].links[k].level >
				    LINKSTATE_NONE;
	return false;
}

static void
check_route(struct linkstate *s, const struct world *w,
    const struct route *r, uint32_t cost)
{
	unsigned	broken;

	if (linkstate_check(s, r, &broken) != cost)
		abort();
	for (unsigned i = 0; i < r->n; i++) {
		if (route_find(r, r->km[i]) != (int)i)
			abort();
		if (i + 1 < r->n && (!says(w, r->km[i], r->km[i + 1]) ||
		    !says(w, r->km[i + 1], r->km[i])))
			abort();
	}
}

static void
check_disjoint(struct linkstate *s, const struct world *w, const char *to,
    uint32_t cost)
{
	struct route	r[WANT];
	unsigned	n = linkstate_disjoint(s, to, WANT, r), broken;

	if ((n > 0) != (cost != LINKSTATE_UNREACHED))
		abort();
	for (unsigned i = 0; i < n; i++) {
		check_route(s, w, &r[i], linkstate_check(s, &r[i], &broken));
		if (linkstate_check(s, &r[i], &broken) < cost ||
		    strcmp(r[i].km[r[i].n - 1], to) != 0)
			abort();
		for (unsigned k = 1; k + 1 < r[i].n; k++)
			for (unsigned j = 0; j < i; j++)
				if (route_find(&r[j], r[i].km[k]) >= 0)
					abort();
	}
}

static bool
same(const struct route *a, const struct route *b)
{
	for (unsigned i = 0; i < a->n && i < b->n; i++)
		if (strcmp(a->km[i], b->km[i]) != 0)
			return false;
	return a->n == b->n;
}

/* Told anew, this end has the same routes, and the other the way back. */
static void
compare(struct linkstate *s, const struct world *w, const char *to)
{
	struct linkstate	*fresh, *other;
	struct route		 r, again;
	uint32_t		 cost = linkstate_route(s, to, &r);

	if (linkstate_new(&fresh, "n0", 1) < 0 ||
	    linkstate_new(&other, to, 1) < 0)
		abort();
	tell(fresh, w, "n0");
	tell(other, w, to);
	check_route(s, w, &r, cost);
	check_disjoint(s, w, to, cost);
	if (linkstate_route(fresh, to, &again) != cost || !same(&r, &again) ||
	    linkstate_route(other, "n0", &again) != cost)
		abort();
	route_reverse(&again);
	if (!same(&r, &again))
		abort();
	linkstate_free(&fresh);
	linkstate_free(&other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct world	 w;
	struct linkstate	*s;
	km_id			 to;

	if (linkstate_new(&s, "n0", 1) < 0)
		abort();
	feed(s, data, len);
	w.n = 1;
	linkstate_mine(s, &w.ads[0]);
	linkstate_each(s, collect, &w);
	if (w.n != linkstate_count(s))
		abort();
	for (unsigned i = 1; i < w.n; i++) {
		memcpy(to, w.ads[i].origin, sizeof(to));
		compare(s, &w, to);
	}
	linkstate_free(&s);
	return 0;
}
