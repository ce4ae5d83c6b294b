/* fair.c - deficit round robin with savings and debts. */
#include "ksa/fair.h"

#include <stdio.h>
#include <string.h>

#define TURN		256	/* octets dealt to one before the next */
#define GRACE_MS	1000	/* an idle share keeps its credit so long */

static uint64_t
positive(int64_t v)
{
	return v > 0 ? (uint64_t)v : 0;
}

static void
add_credit(struct fair *f, struct fair_share *s, int64_t octets)
{
	if (s->need == 0)
		f->kept -= positive(s->credit);
	s->credit += octets;
	f->credits += octets;
	if (s->need == 0)
		f->kept += positive(s->credit);
}

/* ---- the ring: whoever can take more ---- */

static bool
can_take(const struct fair_share *s)
{
	return s->need > 0 || s->credit < (int64_t)s->keep;
}

static bool
has_enough(const struct fair_share *s)
{
	return s->need > 0 && s->credit >= (int64_t)s->need;
}

static void
ring_leave(struct fair *f, struct fair_share *s)
{
	if (s->turning)
		TAILQ_REMOVE(&f->ring, s, ring);
	s->turning = false;
}

static void
ring_enter(struct fair *f, struct fair_share *s)
{
	if (s->turning || !can_take(s))
		return;
	s->turning = true;
	s->turn = has_enough(s) ? 0 : TURN;
	if (has_enough(s))		/* nobody has to give it anything */
		TAILQ_INSERT_HEAD(&f->ring, s, ring);
	else
		TAILQ_INSERT_TAIL(&f->ring, s, ring);
}

static void
ring_again(struct fair *f, struct fair_share *s)
{
	ring_leave(f, s);
	ring_enter(f, s);
}

/* ---- shares ---- */

void
fair_init(struct fair *f)
{
	memset(f, 0, sizeof(*f));
	TAILQ_INIT(&f->ring);
	TAILQ_INIT(&f->idle);
}

bool
fair_is_empty(const struct fair *f)
{
	return f->by_name == NULL;
}

struct fair_share *
fair_find(const struct fair *f, const char *name)
{
	struct fair_share	*s;

	HASH_FIND_STR(f->by_name, name, s);
	return s;
}

void
fair_add(struct fair *f, struct fair_share *s, const char *name, uint64_t now)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->keep = TURN;
	s->until = now + GRACE_MS;
	TAILQ_INSERT_TAIL(&f->idle, s, next);
	HASH_ADD_STR(f->by_name, name, s);
}

void
fair_remove(struct fair *f, struct fair_share *s)
{
	fair_need(f, s, 0, 0);
	add_credit(f, s, -s->credit);
	ring_leave(f, s);
	TAILQ_REMOVE(&f->idle, s, next);
	HASH_DEL(f->by_name, s);
}

/* Who owes has to stay, as long as there is somebody to whom. */
struct fair_share *
fair_expired(struct fair *f, uint64_t now)
{
	struct fair_share	*s;

	TAILQ_FOREACH(s, &f->idle, next) {
		if (s->until > now)
			continue;
		if (s->credit >= 0 || f->waiting == 0) {
			fair_remove(f, s);
			return s;
		}
		s->keep = 0;
	}
	return NULL;
}

void
fair_need(struct fair *f, struct fair_share *s, uint32_t need, uint64_t now)
{
	uint32_t	before = s->need;

	f->needs += need;
	f->needs -= before;
	if (before == 0 && need > 0) {
		f->waiting++;
		f->kept -= positive(s->credit);
		TAILQ_REMOVE(&f->idle, s, next);
		s->keep = 2 * s->run + TURN;
		s->run = 0;
	} else if (before > 0 && need == 0) {
		f->waiting--;
		f->kept += positive(s->credit);
		TAILQ_INSERT_TAIL(&f->idle, s, next);
		s->until = now + GRACE_MS;
	}
	s->need = need;
	if (has_enough(s))
		ring_leave(f, s);
	ring_enter(f, s);
}

void
fair_hold(struct fair_share *s, uint64_t until)
{
	if (s->until < until)
		s->until = until;
}

void
fair_give_up(struct fair *f, struct fair_share *s, uint64_t since,
    uint64_t now)
{
	if (s->dealt > since) {
		fair_hold(s, now + GRACE_MS);	/* it may try again */
		return;
	}
	if (s->credit > (int64_t)s->keep)
		add_credit(f, s, (int64_t)s->keep - s->credit);
	ring_again(f, s);
}

/* ---- dealing ---- */

/* Stock was lost: what is left is dealt anew. */
static void
start_anew(struct fair *f)
{
	struct fair_share	*s, *next;

	HASH_ITER(hh, f->by_name, s, next) {
		add_credit(f, s, -s->credit);
		ring_enter(f, s);
	}
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* A part of its turn. False: it needs no more. */
static bool
deal(struct fair *f, struct fair_share *s, int64_t left, uint64_t now)
{
	int64_t	room = (int64_t)(s->need > 0 ? s->need : s->keep) - s->credit;

	if (room <= 0)
		return false;
	room = least(least(room, left), s->turn);
	add_credit(f, s, room);
	s->dealt = now;
	s->turn -= (uint32_t)room;
	return true;
}

struct fair_share *
fair_next(struct fair *f, uint64_t stock, uint64_t now)
{
	struct fair_share	*s;
	int64_t			 left;

	if (f->credits > (int64_t)stock)
		start_anew(f);
	while ((s = TAILQ_FIRST(&f->ring)) != NULL) {
		if (has_enough(s))
			return stock >= s->need ? s : NULL;
		left = (int64_t)stock - f->credits;
		if (s->turn == 0)
			ring_again(f, s);
		else if (left <= 0)
			return NULL;
		else if (!deal(f, s, left, now))
			ring_leave(f, s);
	}
	return NULL;
}

/* ---- drawing ---- */

uint64_t
fair_allowance(const struct fair *f, const struct fair_share *s,
    uint64_t stock)
{
	int64_t	all = (int64_t)stock, credit = s == NULL ? 0 : s->credit;
	int64_t	kept = (int64_t)f->kept, may;

	if (fair_is_empty(f))
		return stock;
	if (s != NULL && s->need > 0)
		return 0;		/* its own wait already */
	if (f->waiting == 0)
		may = credit + all - f->credits;
	else {
		/* What it would owe must not exceed what is left. */
		may = (all - kept + (int64_t)positive(credit) + credit) / 2;
		if (may < credit)
			may = credit;
	}
	return positive(least(may, all));
}

void
fair_draw(struct fair *f, struct fair_share *s, uint32_t octets, uint64_t now)
{
	add_credit(f, s, -(int64_t)octets);
	s->run += octets;
	s->until = now + GRACE_MS;
	ring_enter(f, s);
}

uint64_t
fair_wanted(const struct fair *f)
{
	return f->waiting == 0 ? 0 : f->needs + f->kept;
}
