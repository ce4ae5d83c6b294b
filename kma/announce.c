#include "kma/announce.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "kma/announcemsg.h"

#define UP_MS		5000	/* that a higher level must have lasted */
#define DOWN_MS		1000
#define AGE_EVERY_MS	1000
#define SAMPLES		7	/* of what came, so that the rate is of */
#define SAMPLE_MS	5000	/* the last 30 s */

struct sample { uint64_t at, came; };

/* A link of this node, and the neighbour at its other end. */
struct side {
	km_id		peer;
	uint64_t	reserve;
	bool		there;		/* it is announced */
	uint8_t		level, next;	/* next: what the stock would have */
	uint64_t	since;		/* it has lasted since */
	uint64_t	stock, rate;
	struct sample	samples[SAMPLES];
	unsigned	nsamples;

	bool		channel, syncing;
	km_id		synced;		/* ... up to this origin */
	struct msgbuf	out;		/* at most one chunk */
	uint64_t	second;		/* of the input that is counted */
	unsigned	input;
};

struct announce {
	struct linkstate		*state;
	const struct announce_ops	*ops;
	void				*arg;
	struct side			*sides;	/* in order of peer */
	unsigned			 n;
	bool				 dirty;
	uint64_t			 said_at, again, aged_at;
	struct announce_counters	 count;
};

static struct side *
find(struct announce *a, const char *peer)
{
	for (unsigned i = 0; i < a->n; i++)
		if (strcmp(a->sides[i].peer, peer) == 0)
			return &a->sides[i];
	return NULL;
}

/* ---- what a link is worth ---- */

/* The level by the stock alone; it is left only when the stock is well
 * beyond its bounds. */
static uint8_t
level_of(const struct side *s, bool usable, uint64_t stock)
{
	uint64_t	fair = s->reserve, ample = 4 * s->reserve;

	if (!usable)
		return LINKSTATE_NONE;
	if (s->level == LINKSTATE_AMPLE)
		ample /= 2;
	if (s->level >= LINKSTATE_FAIR)
		fair /= 2;
	return stock >= ample ? LINKSTATE_AMPLE :
	    stock >= fair ? LINKSTATE_FAIR : LINKSTATE_SCARCE;
}

/* Calmly; but that a link is of use, or of none, is news at once. */
static bool
settle(struct side *s, uint8_t level, uint64_t now)
{
	if (level != s->next) {
		s->next = level;
		s->since = now;
	}
	if (level == s->level || (level != LINKSTATE_NONE &&
	    s->level != LINKSTATE_NONE &&
	    now - s->since < (level > s->level ? UP_MS : DOWN_MS)))
		return false;
	s->level = level;
	return true;
}

static void
measure(struct side *s, uint64_t came, uint64_t now)
{
	struct sample	*first = &s->samples[0];

	if (s->nsamples > 0 &&
	    now - s->samples[s->nsamples - 1].at < SAMPLE_MS)
		return;
	if (s->nsamples == SAMPLES)
		memmove(first, first + 1,
		    --s->nsamples * sizeof(struct sample));
	s->samples[s->nsamples++] = (struct sample){ now, came };
	if (s->nsamples > 1 && came >= first->came)
		s->rate = (came - first->came) * 1000 / (now - first->at);
}

void
announce_stock(struct announce *a, const char *peer, bool usable,
    uint64_t stock, uint64_t came, uint64_t now)
{
	struct side	*s = find(a, peer);

	if (s == NULL)
		return;
	s->stock = stock;
	measure(s, came, now);
	if (s->there != (s->channel || usable)) {
		s->there = !s->there;
		a->dirty = true;
	}
	if (settle(s, level_of(s, usable, stock), now))
		a->dirty = true;
}

/* ---- to the neighbours ---- */

static void
side_flush(struct announce *a, struct side *s)
{
	if (s->out.len == 0)
		return;
	a->count.octets += s->out.len;
	a->ops->send(a->arg, s->peer, s->out.p, s->out.len);
	s->out.len = 0;
}

static void
put(struct announce *a, struct side *s, const struct linkstate_ad *ad)
{
	if (s->out.len > ANNOUNCE_CHUNK - ANNOUNCEMSG_LINKS_MAX - 128)
		side_flush(a, s);
	if (announcemsg_write(&s->out, ad) == 0)
		a->count.sent++;
}

/* Who gets everything gets what is still to come in its turn. */
static void
flood(struct announce *a, const struct side *from,
    const struct linkstate_ad *ad)
{
	for (unsigned i = 0; i < a->n; i++) {
		struct side	*s = &a->sides[i];

		if (s != from && s->channel && !(s->syncing &&
		    strcmp(ad->origin, s->synced) > 0))
			put(a, s, ad);
	}
}

static void
say(struct announce *a, uint64_t now)
{
	struct linkstate_link	 links[LINKSTATE_LINKS_MAX];
	struct linkstate_ad	 ad;
	unsigned		 n = 0;

	for (unsigned i = 0; i < a->n; i++) {
		const struct side	*s = &a->sides[i];

		if (!s->there)
			continue;
		strcpy(links[n].peer, s->peer);
		links[n].level = s->level;
		links[n].stock = s->stock;
		links[n++].rate = s->rate;
	}
	linkstate_announce(a->state, links, n);
	linkstate_mine(a->state, &ad);
	a->said_at = now;
	a->count.said++;
	/* Not by way of flood(): who gets everything has had our own. */
	for (unsigned i = 0; i < a->n; i++)
		if (a->sides[i].channel)
			put(a, &a->sides[i], &ad);
}

/* What a neighbour has not heard of: the origins; then some of them. */
struct sync { struct announce *a; struct side *s; km_id *ids; size_t n; };

static void
sync_collect(void *arg, const struct linkstate_ad *ad)
{
	struct sync	*y = arg;

	if (strcmp(ad->origin, y->s->synced) > 0)
		memcpy(y->ids[y->n++], ad->origin, sizeof(km_id));
}

static void
sync_put(void *arg, const struct linkstate_ad *ad)
{
	struct sync	*y = arg;

	if (strcmp(ad->origin, y->s->synced) > 0 &&
	    strcmp(ad->origin, y->ids[y->n - 1]) <= 0)
		put(y->a, y->s, ad);
}

static int
by_id(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The next in the order of IDs, so that nothing need be remembered of each. */
static void
sync_next(struct announce *a, struct side *s)
{
	struct sync	y = { a, s, NULL, 0 };

	if ((y.ids = calloc(linkstate_count(a->state),
	    sizeof(*y.ids))) == NULL)
		return;
	linkstate_each(a->state, sync_collect, &y);
	qsort(y.ids, y.n, sizeof(*y.ids), by_id);
	s->syncing = y.n > ANNOUNCE_SYNC;
	if (s->syncing)
		y.n = ANNOUNCE_SYNC;
	if (y.n > 0) {
		linkstate_each(a->state, sync_put, &y);
		strcpy(s->synced, y.ids[y.n - 1]);
	}
	free(y.ids);
}

static void
sync_some(struct announce *a)
{
	for (unsigned i = 0; i < a->n; i++)
		if (a->sides[i].channel && a->sides[i].syncing)
			sync_next(a, &a->sides[i]);
}

void
announce_channel(struct announce *a, const char *peer, bool up)
{
	struct side		*s = find(a, peer);
	struct linkstate_ad	 ad;

	if (s == NULL)
		return;
	s->channel = s->syncing = up;
	s->synced[0] = '\0';
	s->out.len = 0;
	if (!up)
		return;
	linkstate_mine(a->state, &ad);
	if (ad.sequence > 0)
		put(a, s, &ad);
}

/* ---- from the neighbours ---- */

static bool
too_many(struct side *s, uint64_t now)
{
	if (s->second != now / 1000) {
		s->second = now / 1000;
		s->input = 0;
	}
	return ++s->input > ANNOUNCE_PER_S;
}

static void
judge(struct announce *a, const struct side *from,
    const struct linkstate_ad *ad, uint64_t now)
{
	switch (linkstate_input(a->state, ad, now)) {
	case LINKSTATE_NEW:
		a->count.taken++;
		flood(a, from, ad);
		break;
	case LINKSTATE_ECHO:
		a->count.echoes++;
		a->dirty = true;	/* with the next tick: not too often */
		break;
	case LINKSTATE_OLD:
		a->count.old++;
		break;
	case LINKSTATE_FULL:
		a->count.refused++;
		break;
	}
}

int
announce_input(struct announce *a, const char *peer,
    const struct msg_announce *m, uint64_t now)
{
	struct side		*s = find(a, peer);
	struct linkstate_ad	 ad;
	int			 r;

	a->count.received++;
	if (s == NULL || !s->channel)
		r = -E_DENIED;
	else if (too_many(s, now))
		r = -E_BUSY;
	else
		r = announcemsg_read(&ad, m);
	if (r < 0)
		a->count.refused++;
	else
		judge(a, s, &ad, now);
	return r;
}

/* ---- time ---- */

void
announce_flush(struct announce *a)
{
	for (unsigned i = 0; i < a->n; i++)
		if (a->sides[i].channel)
			side_flush(a, &a->sides[i]);
}

/* A change at once, once more soon, then more and more seldom. */
static void
say_if_due(struct announce *a, uint64_t now)
{
	uint64_t	passed = now - a->said_at;

	if (a->said_at != 0 && passed < ANNOUNCE_APART_MS)
		return;
	if (a->dirty || a->said_at == 0)
		a->again = ANNOUNCE_AGAIN_MS;
	else if (passed < a->again)
		return;
	else if ((a->again *= 2) > ANNOUNCE_EVERY_MS)
		a->again = ANNOUNCE_EVERY_MS;
	a->dirty = false;
	say(a, now);
}

void
announce_tick(struct announce *a, uint64_t now)
{
	say_if_due(a, now);
	if (now - a->aged_at >= AGE_EVERY_MS) {
		a->aged_at = now;
		(void)linkstate_age(a->state, now);
	}
	sync_some(a);
	announce_flush(a);
}

/* ---- life ---- */

int
announce_link(struct announce *a, const char *peer, uint64_t reserve)
{
	struct side	*sides;
	unsigned	 at = 0;

	if (a->n == LINKSTATE_LINKS_MAX)
		return -E_TOO_LARGE;
	if ((sides = realloc(a->sides, (a->n + 1) * sizeof(*sides))) == NULL)
		return -E_NO_MEMORY;
	a->sides = sides;
	while (at < a->n && strcmp(a->sides[at].peer, peer) < 0)
		at++;
	memmove(&a->sides[at + 1], &a->sides[at],
	    (a->n - at) * sizeof(a->sides[0]));
	memset(&a->sides[at], 0, sizeof(a->sides[at]));
	snprintf(a->sides[at].peer, sizeof(a->sides[at].peer), "%s", peer);
	a->sides[at].reserve = reserve;
	a->n++;
	return 0;
}

int
announce_new(struct announce **out, const char *me, uint64_t incarnation,
    const struct announce_ops *ops, void *arg)
{
	struct announce	*a;
	int		 r;

	*out = NULL;
	if ((a = calloc(1, sizeof(*a))) == NULL)
		return -E_NO_MEMORY;
	a->ops = ops;
	a->arg = arg;
	if ((r = linkstate_new(&a->state, me, incarnation)) < 0) {
		free(a);
		return r;
	}
	*out = a;
	return 0;
}

void
announce_free(struct announce **ap)
{
	struct announce	*a = *ap;

	*ap = NULL;
	if (a == NULL)
		return;
	for (unsigned i = 0; i < a->n; i++)
		msgbuf_free(&a->sides[i].out);
	free(a->sides);
	linkstate_free(&a->state);
	free(a);
}

struct linkstate *
announce_state(struct announce *a)
{
	return a->state;
}

const struct announce_counters *
announce_counters(const struct announce *a)
{
	return &a->count;
}
