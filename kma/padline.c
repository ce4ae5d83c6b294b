/* padline.c - pairs of KMs take turns at the key of a link. */
#include "kma/padline.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "err.h"

#define BLOCK		1000	/* of padline.due */
#define PAIRS_MAX	1024	/* then who pauses is not remembered */
#define RATE_PARTS	4	/* a second counts for one of so many */

struct padname { km_id from, to; };

struct padpair {
	struct padname		 name;
	struct padclass		*class;
	TAILQ_HEAD(padwaits, padwait) waits;
	unsigned		 n;
	uint64_t		 round;		/* of its next turn */
	bool			 owed;	/* it waited too long for that */
	TAILQ_ENTRY(padpair)	 next;
	UT_hash_handle		 hh;
};

void
padline_init(struct padline *p, unsigned own_share)
{
	memset(p, 0, sizeof(*p));
	p->own_share = own_share;
	for (int i = 0; i < 2; i++) {
		TAILQ_INIT(&p->class[i].ready);
		TAILQ_INIT(&p->class[i].idle);
		p->class[i].round = 1;
	}
}

static struct padpair *
find(const struct padline *p, const char *from, const char *to)
{
	struct padname	 name = { 0 };
	struct padpair	*pair;

	strncpy(name.from, from, sizeof(name.from) - 1);
	strncpy(name.to, to, sizeof(name.to) - 1);
	HASH_FIND(hh, p->pairs, &name, sizeof(name), pair);
	return pair;
}

static struct padpair *
pair_new(struct padline *p, const struct padwait *w)
{
	struct padpair	*pair = calloc(1, sizeof(*pair));

	if (pair == NULL)
		return NULL;
	strncpy(pair->name.from, w->from, sizeof(pair->name.from) - 1);
	strncpy(pair->name.to, w->to, sizeof(pair->name.to) - 1);
	TAILQ_INIT(&pair->waits);
	pair->class = &p->class[w->own ? PADLINE_OWN : PADLINE_TRANSIT];
	pair->class->pairs++;
	pair->round = pair->class->round;
	HASH_ADD(hh, p->pairs, name, sizeof(pair->name), pair);
	return pair;
}

static void
forget(struct padline *p, struct padpair *pair)
{
	TAILQ_REMOVE(&pair->class->idle, pair, next);
	pair->class->pairs--;
	HASH_DEL(p->pairs, pair);
	free(pair);
}

/* Where to be remembered has no use: newcomers are no worse off. Who waited
 * in vain has been passed over in one round, and is the first in the next. */
static bool
has_passed(const struct padpair *pair, const struct padclass *c)
{
	return pair->owed ? pair->round + 2 < c->round :
	    pair->round <= c->round || TAILQ_EMPTY(&c->ready);
}

static void
forget_passed(struct padline *p, struct padclass *c)
{
	struct padpair	*pair, *tmp;

	for (pair = TAILQ_FIRST(&c->idle); pair != NULL; pair = tmp) {
		tmp = TAILQ_NEXT(pair, next);
		if (has_passed(pair, c))
			forget(p, pair);
	}
}

/* Behind all whose turn is in the same round or before. */
static void
ready(struct padclass *c, struct padpair *pair)
{
	struct padpair	*at;

	if (pair->round < c->round && !pair->owed)
		pair->round = c->round;
	TAILQ_FOREACH_REVERSE(at, &c->ready, padpairs, next)
		if (at->round <= pair->round)
			break;
	if (at == NULL)
		TAILQ_INSERT_HEAD(&c->ready, pair, next);
	else
		TAILQ_INSERT_AFTER(&c->ready, at, pair, next);
}

int
padline_add(struct padline *p, struct padwait *w)
{
	struct padpair	*pair = find(p, w->from, w->to);

	if (pair == NULL) {
		if ((pair = pair_new(p, w)) == NULL)
			return -E_NO_MEMORY;
	} else if (pair->n == 0)
		TAILQ_REMOVE(&pair->class->idle, pair, next);
	if (pair->n++ == 0)
		ready(pair->class, pair);
	TAILQ_INSERT_TAIL(&pair->waits, w, next);
	pair->class->waiting++;
	w->pair = pair;
	w->waiting = true;
	return 0;
}

void
padline_remove(struct padline *p, struct padwait *w)
{
	struct padpair	*pair = w->pair;
	struct padclass	*c;

	if (!w->waiting)
		return;
	c = pair->class;
	w->waiting = false;
	w->pair = NULL;
	TAILQ_REMOVE(&pair->waits, w, next);
	c->waiting--;
	if (--pair->n == 0) {
		TAILQ_REMOVE(&c->ready, pair, next);
		TAILQ_INSERT_TAIL(&c->idle, pair, next);
		forget_passed(p, c);
		if (c->pairs > PAIRS_MAX && !TAILQ_EMPTY(&c->idle))
			forget(p, TAILQ_FIRST(&c->idle));
	}
}

/* Of a block, in 1/1000: the part of this node's own pairs. */
static unsigned
own_part(const struct padline *p)
{
	unsigned	own = p->class[PADLINE_OWN].pairs;
	unsigned	all = own + p->class[PADLINE_TRANSIT].pairs;
	unsigned	by_number = all > 0 ? BLOCK * own / all : 0;
	unsigned	reserved = p->own_share * BLOCK / 100;

	return by_number > reserved ? by_number : reserved;
}

static struct padclass *
whose(struct padline *p)
{
	struct padclass	*own = &p->class[PADLINE_OWN];
	struct padclass	*transit = &p->class[PADLINE_TRANSIT];

	if (own->waiting == 0)
		return transit;
	if (transit->waiting == 0)
		return own;
	p->due += own_part(p);
	if (p->due < BLOCK)
		return transit;
	p->due -= BLOCK;
	return own;
}

struct padwait *
padline_next(struct padline *p)
{
	struct padclass	*c = whose(p);
	struct padpair	*pair = TAILQ_FIRST(&c->ready);
	struct padwait	*w;

	if (pair == NULL)
		return NULL;
	w = TAILQ_FIRST(&pair->waits);
	if (c->round < pair->round)
		c->round = pair->round;
	pair->round = c->round + 1;
	pair->owed = false;
	c->dealt++;
	if (pair->n > 1) {
		TAILQ_REMOVE(&c->ready, pair, next);
		ready(c, pair);
	}
	padline_remove(p, w);
	forget_passed(p, c);
	return w;
}

/* Before those who are served in this round; once. */
static void
passed_over(struct padpair *pair)
{
	pair->owed = true;
	pair->round = pair->class->round - 1;
	TAILQ_REMOVE(&pair->class->ready, pair, next);
	ready(pair->class, pair);
}

/* Within a pair who came first waits for longest. */
struct padwait *
padline_expired(struct padline *p, uint64_t now)
{
	struct padpair	*pair;
	struct padwait	*w;

	for (int i = 0; i < 2; i++)
		TAILQ_FOREACH(pair, &p->class[i].ready, next) {
			w = TAILQ_FIRST(&pair->waits);
			if (w->deadline > now)
				continue;
			passed_over(pair);
			padline_remove(p, w);
			return w;
		}
	return NULL;
}

struct padwait *
padline_any(struct padline *p)
{
	return padline_expired(p, UINT64_MAX);
}

unsigned
padline_waiting(const struct padline *p)
{
	return p->class[PADLINE_OWN].waiting +
	    p->class[PADLINE_TRANSIT].waiting;
}

unsigned
padline_of(const struct padline *p, const char *from, const char *to)
{
	struct padpair	*pair = find(p, from, to);

	return pair != NULL ? pair->n : 0;
}

struct padwait *
padline_longest(const struct padline *p, unsigned most)
{
	struct padpair	*pair, *found = NULL;

	TAILQ_FOREACH(pair, &p->class[PADLINE_TRANSIT].ready, next)
		if (pair->n > most) {
			most = pair->n;
			found = pair;
		}
	return found != NULL ? TAILQ_LAST(&found->waits, padwaits) : NULL;
}

/* The first of a pair may try: what the link gives is an estimate. */
bool
padline_is_hopeless(const struct padline *p, const char *from, const char *to,
    uint64_t ms)
{
	const struct padpair	*pair = find(p, from, to);
	uint64_t		 before, part = BLOCK;

	if (!p->known || pair == NULL || pair->n == 0)
		return false;
	if (p->class[PADLINE_OWN].waiting > 0)
		part -= own_part(p);
	before = (uint64_t)(pair->n + 1) * pair->class->pairs;
	return before * 1000 * 1000 * BLOCK > p->rate * part * ms;
}

/* What was dealt counts while somebody always waited: all that there was. */
void
padline_second(struct padline *p)
{
	uint64_t	dealt = p->class[PADLINE_OWN].dealt +
			    p->class[PADLINE_TRANSIT].dealt;
	uint64_t	rate = (dealt - p->before) * 1000;

	if (!p->busy || padline_waiting(p) == 0)
		p->known = false;
	else if (!p->known) {
		p->known = true;
		p->rate = rate;
	} else
		p->rate += rate / RATE_PARTS - p->rate / RATE_PARTS;
	if (!p->busy && padline_waiting(p) == 0)
		padline_free(p);
	p->busy = padline_waiting(p) > 0;
	p->before = dealt;
}

void
padline_free(struct padline *p)
{
	for (int i = 0; i < 2; i++)
		while (!TAILQ_EMPTY(&p->class[i].idle))
			forget(p, TAILQ_FIRST(&p->class[i].idle));
}
