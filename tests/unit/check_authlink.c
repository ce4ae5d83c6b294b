/*
 * check_authlink.c - the channel between two nodes, with everything that
 * relayd or the network could do to it.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "authpair.h"
#include "bytes.h"
#include "err.h"

enum { HELLO = 1, ACK, DATA, NEED, PLEASE };

static struct authpair	p;

static void
begin_open(void)
{
	authpair_new(&p);
	ck_assert(authpair_opens(&p));
}

/* Does a message get through both ways? */
static bool
talks(void)
{
	unsigned	l = p.low.inputs, h = p.high.inputs;

	if (authpair_say(&p.low) < 0 || authpair_say(&p.high) < 0)
		return false;
	authpair_run(&p);
	return p.low.inputs == l + 1 && p.high.inputs == h + 1;
}

/* Everything that this side said, as relayd could have kept it. */
struct record { size_t n; struct authwire m[AUTHPAIR_QUEUE]; };

static void
keep(struct record *r, const struct authside *s)
{
	for (size_t i = 0; i < s->nout && r->n < AUTHPAIR_QUEUE; i++)
		r->m[r->n++] = s->out[i];
}

static void
run_recorded(struct record *l, struct record *h)
{
	while (p.low.nout + p.high.nout > 0) {
		keep(l, &p.low);
		while (p.low.nout > 0)
			(void)authpair_deliver(&p.low, 0);
		keep(h, &p.high);
		while (p.high.nout > 0)
			(void)authpair_deliver(&p.high, 0);
	}
}

static int
give(struct authside *to, const struct authwire *w)
{
	return authlink_input(to->link, w->p, w->len);
}

/* ---- opening ---- */

START_TEST(it_opens_from_either_side)
{
	for (int who = 0; who < 3; who++) {
		authpair_new(&p);
		/* One side's path comes up first and its messages are lost. */
		if (who == 0)
			authlink_start(p.low.link);
		if (who == 1)
			authlink_start(p.high.link);
		p.low.nout = p.high.nout = 0;
		ck_assert(authpair_opens(&p));
		ck_assert(talks());
		ck_assert(!p.low.back_mine && !p.low.back_peer);
		ck_assert(!p.high.back_mine && !p.high.back_peer);
		ck_assert_uint_eq(p.low.taken, 1);
		ck_assert_uint_eq(p.high.taken, 1);
		authpair_free(&p);
	}
}
END_TEST

START_TEST(nothing_can_be_said_while_it_is_down)
{
	authpair_new(&p);
	ck_assert_int_eq(authpair_say(&p.low), -E_DOWN);
	ck_assert(authpair_opens(&p));
	authlink_stop(p.low.link, "test");
	ck_assert_uint_eq(p.low.downs, 1);
	ck_assert_int_eq(authpair_say(&p.low), -E_DOWN);
	authlink_stop(p.low.link, "test");
	ck_assert_uint_eq(p.low.downs, 1);
	ck_assert(authpair_opens(&p));
	ck_assert(talks());
	authpair_free(&p);
}
END_TEST

/* The n-th message of all is lost, comes twice, or comes late. */
enum fault { LOST, TWICE, LATE, FAULTS };

static void
run_with_fault(unsigned at, enum fault fault)
{
	struct authwire	 late = { 0 };
	struct authside	*to = NULL;
	unsigned	 n = 0;

	for (int i = 0; i < 40; i++) {
		struct authside	*s = p.low.nout > 0 ? &p.low :
				    p.high.nout > 0 ? &p.high : NULL;

		if (s == NULL) {
			if (to != NULL && n > at + 2) {
				(void)give(to, &late);
				to = NULL;
			}
			authpair_second(&p);
			(void)authpair_say(&p.low);
			(void)authpair_say(&p.high);
			continue;
		}
		if (n++ != at) {
			(void)authpair_deliver(s, 0);
			continue;
		}
		late = s->out[0];
		if (fault == LATE)
			to = authpair_other(s);
		if (fault == TWICE)
			(void)give(authpair_other(s), &late);
		if (fault == TWICE)
			(void)authpair_deliver(s, 0);
		else
			authpair_drop(s, 0);
	}
}

START_TEST(any_one_message_may_be_lost_repeated_or_late)
{
	for (unsigned at = 0; at < 12; at++)
		for (int f = 0; f < FAULTS; f++) {
			authpair_new(&p);
			authlink_start(p.low.link);
			authlink_start(p.high.link);
			run_with_fault(at, (enum fault)f);
			ck_assert(authpair_opens(&p));
			ck_assert_msg(talks(), "message %u fault %d", at, f);
			ck_assert(!p.low.back_mine && !p.low.back_peer);
			ck_assert(!p.high.back_mine && !p.high.back_peer);
			ck_assert_uint_eq(p.low.taken, 1);
			authpair_free(&p);
		}
}
END_TEST

/* What was sent `delay` seconds ago arrives; sent[]: how many, by second. */
static void
slow_second(size_t sent[][2], unsigned delay, unsigned now)
{
	struct authside	*s[] = { &p.low, &p.high };

	for (int i = 0; i < 2 && now >= delay; i++)
		for (size_t n = sent[now - delay][i]; n > 0; n--)
			(void)authpair_deliver(s[i], 0);
	authpair_second(&p);
	for (int i = 0; i < 2; i++) {
		sent[now][i] = s[i]->nout;
		for (unsigned k = 1; k < delay && k <= now; k++)
			sent[now][i] -= sent[now - k][i];
	}
}

START_TEST(a_round_trip_of_seconds_does_not_keep_it_from_opening)
{
	const unsigned	delay = 1;
	size_t		sent[15][2] = { { 0 } };

	authpair_new(&p);
	authlink_start(p.low.link);
	authlink_start(p.high.link);
	for (unsigned t = 0; t < 15; t++)
		slow_second(sent, delay, t);
	ck_assert(authlink_is_up(p.low.link));
	ck_assert(authlink_is_up(p.high.link));
	ck_assert_uint_eq(p.low.ups, 1);
	ck_assert_uint_eq(p.low.taken, 1);
	authpair_free(&p);
}
END_TEST

/* A way that takes so many ms: when what is in out[] arrives. */
struct slow { unsigned ms; size_t n; uint64_t due[AUTHPAIR_QUEUE]; };

static void
slow_step(struct slow way[2])
{
	struct authside	*s[] = { &p.low, &p.high };

	for (int i = 0; i < 2; i++)
		while (way[i].n < s[i]->nout)
			way[i].due[way[i].n++] = authpair_now + way[i].ms;
	authpair_now += 100;
	for (int i = 0; i < 2; i++)
		while (way[i].n > 0 && way[i].due[0] <= authpair_now) {
			memmove(way[i].due, way[i].due + 1,
			    --way[i].n * sizeof(way[i].due[0]));
			(void)authpair_deliver(s[i], 0);
			for (int k = 0; k < 2; k++)
				while (way[k].n < s[k]->nout)
					way[k].due[way[k].n++] =
					    authpair_now + way[k].ms;
		}
}

static void
slow_seconds(struct slow way[2], unsigned seconds)
{
	for (unsigned t = 0; t < seconds * 10; t++) {
		slow_step(way);
		(void)authpair_say(&p.low);
		(void)authpair_say(&p.high);
		if (t % 10 == 9) {
			authlink_tick(p.low.link);
			authlink_tick(p.high.link);
		}
	}
}

/* What the other end said in the session before is still under way then. */
START_TEST(it_opens_again_over_a_round_trip_of_seconds_and_stays_open)
{
	for (unsigned ms = 100; ms <= 1500; ms += 200) {
		struct slow	way[2] = { { .ms = ms }, { .ms = ms } };
		unsigned	ups;

		authpair_new(&p);
		authlink_start(p.low.link);
		authlink_start(p.high.link);
		slow_seconds(way, 20);
		for (int who = 0; who < 3; who++) {
			if (who != 1) {
				authlink_stop(p.low.link, "test");
				authlink_start(p.low.link);
			}
			if (who != 0) {
				authlink_stop(p.high.link, "test");
				authlink_start(p.high.link);
			}
			slow_seconds(way, 20);
			ups = p.low.ups + p.high.ups;
			slow_seconds(way, 20);
			ck_assert(authlink_is_up(p.low.link));
			ck_assert(authlink_is_up(p.high.link));
			ck_assert_uint_eq(p.low.ups + p.high.ups, ups);
		}
		authpair_free(&p);
	}
}
END_TEST

/* ---- forgery ---- */

START_TEST(every_flipped_bit_of_every_message_is_noticed)
{
	static struct record	l, h;

	l.n = h.n = 0;
	authpair_new(&p);
	authlink_start(p.low.link);
	run_recorded(&l, &h);
	authpair_say(&p.low);
	authpair_say(&p.high);
	run_recorded(&l, &h);
	ck_assert_uint_ge(l.n, 3);	/* HELLO, DATA, DATA */
	ck_assert_uint_ge(h.n, 2);	/* ACK, DATA */
	authpair_free(&p);
	for (int high = 0; high < 2; high++) {
		struct record	*r = high ? &h : &l;

		/* A new pair, so that only the tag can tell. */
		authpair_new(&p);
		ck_assert(authpair_opens(&p));
		for (size_t i = 0; i < r->n; i++)
			for (size_t bit = 0; bit < r->m[i].len * 8; bit++) {
				struct authwire	w = r->m[i];
				unsigned	in = p.low.inputs +
						    p.high.inputs;

				w.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
				ck_assert_int_lt(give(high ? &p.low : &p.high,
				    &w), 0);
				ck_assert_uint_eq(in, p.low.inputs +
				    p.high.inputs);
			}
		ck_assert(authpair_opens(&p));
		ck_assert(talks());
		authpair_free(&p);
	}
}
END_TEST

/* Each message on its way arrives changed first, in every bit, then whole. */
START_TEST(changed_messages_only_cost_time)
{
	authpair_new(&p);
	authlink_start(p.low.link);
	for (int n = 0; n < 6; n++) {
		struct authside	*s = p.low.nout > 0 ? &p.low : &p.high;
		struct authwire	 w;

		if (s->nout == 0) {
			(void)authpair_say(&p.low);
			(void)authpair_say(&p.high);
			continue;
		}
		for (size_t bit = 0; bit < s->out[0].len * 8; bit++) {
			w = s->out[0];
			w.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
			(void)give(authpair_other(s), &w);
		}
		(void)authpair_deliver(s, 0);
	}
	ck_assert(authpair_opens(&p));
	ck_assert(talks());
	authpair_free(&p);
}
END_TEST

START_TEST(ones_own_messages_are_not_taken_for_the_peers)
{
	static struct record	l, h;

	l.n = h.n = 0;
	authpair_new(&p);
	authlink_start(p.low.link);
	run_recorded(&l, &h);
	authpair_say(&p.low);
	authpair_say(&p.high);
	run_recorded(&l, &h);
	for (size_t i = 0; i < l.n; i++)
		ck_assert_int_lt(give(&p.low, &l.m[i]), 0);
	for (size_t i = 0; i < h.n; i++)
		ck_assert_int_lt(give(&p.high, &h.m[i]), 0);
	ck_assert_uint_eq(p.low.downs + p.high.downs, 0);
	ck_assert(talks());
	authpair_free(&p);
}
END_TEST

START_TEST(old_messages_change_nothing)
{
	static struct record	l, h;
	unsigned		l_in, h_in, taken;

	l.n = h.n = 0;
	authpair_new(&p);
	for (int i = 0; i < 5; i++) {
		authlink_start(p.low.link);
		authlink_start(p.high.link);
		run_recorded(&l, &h);
		authpair_say(&p.low);
		authpair_say(&p.high);
		run_recorded(&l, &h);
		authlink_stop(p.low.link, "test");
		if (i % 2 == 1)
			authlink_stop(p.high.link, "test");
		authpair_second(&p);
	}
	ck_assert(authpair_opens(&p));
	l_in = p.low.inputs;
	h_in = p.high.inputs;
	taken = p.low.taken + p.high.taken;
	for (size_t i = 0; i < l.n; i++)
		(void)give(&p.high, &l.m[i]);
	for (size_t i = 0; i < h.n; i++)
		(void)give(&p.low, &h.m[i]);
	authpair_run(&p);
	ck_assert_uint_eq(p.low.inputs, l_in);
	ck_assert_uint_eq(p.high.inputs, h_in);
	ck_assert_uint_eq(p.low.taken + p.high.taken, taken);
	ck_assert(authpair_opens(&p));
	ck_assert(talks());
	authpair_free(&p);
}
END_TEST

/* Takes another control key into use, as after a lost store. */
static void
change_key(void)
{
	p.low.control = p.low.before = 0;
	authlink_stop(p.low.link, "test");
	authlink_stop(p.high.link, "test");
	ck_assert(authpair_opens(&p));
}

START_TEST(forged_and_old_messages_do_not_use_up_keys)
{
	static struct record	l, h;
	uint8_t			please = PLEASE;
	unsigned		taken;

	l.n = h.n = 0;
	authpair_new(&p);
	authlink_start(p.low.link);
	run_recorded(&l, &h);
	ck_assert_int_eq(l.m[0].p[0], HELLO);
	for (int i = 0; i < 3; i++)
		change_key();
	taken = p.low.taken + p.high.taken;
	for (int i = 0; i < 50; i++) {
		(void)give(&p.high, &l.m[0]);
		authpair_run(&p);
		authpair_second(&p);
		authpair_run(&p);
		(void)authlink_input(p.high.link, &please, 1);
		authpair_run(&p);
		authpair_second(&p);
		authpair_run(&p);
		(void)authlink_input(p.low.link, &please, 1);
		authpair_run(&p);
		authpair_second(&p);
		authpair_run(&p);
	}
	ck_assert(authpair_opens(&p));
	ck_assert_uint_eq(p.low.taken + p.high.taken, taken);
	ck_assert(talks());
	authpair_free(&p);
}
END_TEST

START_TEST(anything_too_short_or_too_long_is_refused)
{
	static struct record	l, h;
	uint8_t			room[2 * AUTHPAIR_ROOM] = { 0 };

	l.n = h.n = 0;
	authpair_new(&p);
	authlink_start(p.low.link);
	run_recorded(&l, &h);
	authpair_say(&p.low);
	run_recorded(&l, &h);
	for (size_t len = 0; len < sizeof(room); len++)
		for (int kind = 0; kind < 8; kind++) {
			uint8_t	*exact = malloc(len > 0 ? len : 1);

			room[0] = (uint8_t)kind;
			memcpy(exact, room, len);
			if (len != 1 || kind != PLEASE) {
				ck_assert_int_lt(authlink_input(p.low.link,
				    exact, len), 0);
				ck_assert_int_lt(authlink_input(p.high.link,
				    exact, len), 0);
			}
			free(exact);
		}
	ck_assert(authpair_opens(&p));
	ck_assert(talks());
	authpair_free(&p);
}
END_TEST

/* ---- lost keys ---- */

static void
lose_control(struct authside *s)
{
	s->control = s->before = 0;
	s->proved = false;
}

static void
reopen_without(struct authside *a, struct authside *b)
{
	begin_open();
	authlink_stop(p.low.link, "test");
	authlink_stop(p.high.link, "test");
	if (a != NULL)
		lose_control(a);
	if (b != NULL)
		lose_control(b);
	ck_assert(authpair_opens(&p));
	ck_assert(talks());
	authpair_free(&p);
}

START_TEST(a_control_key_lost_at_either_end_is_replaced)
{
	reopen_without(&p.low, NULL);
	reopen_without(&p.high, NULL);
	reopen_without(&p.low, &p.high);
}
END_TEST

/* The end that lost it has no key of its own direction either. */
START_TEST(a_lost_control_key_is_replaced_by_one_of_the_other_end)
{
	begin_open();
	authlink_stop(p.low.link, "test");
	authlink_stop(p.high.link, "test");
	lose_control(&p.low);
	for (int i = 2; i < AUTHPAIR_KEYS; i += 2)
		p.low.has[i] = false;
	ck_assert(authpair_opens(&p));
	ck_assert(talks());
	ck_assert_uint_eq(p.high.taken, 2);
	ck_assert_uint_eq(p.high.control % 2, 1);
	authpair_free(&p);
}
END_TEST

START_TEST(without_any_key_it_stays_down_and_quiet)
{
	unsigned	sent = 0;

	authpair_new(&p);
	memset(p.low.has, 0, sizeof(p.low.has));
	memset(p.high.has, 0, sizeof(p.high.has));
	ck_assert(!authpair_opens(&p));
	for (int i = 0; i < 100; i++) {
		authpair_now += 100;
		authlink_start(p.low.link);
		authlink_start(p.high.link);
		sent += (unsigned)(p.low.nout + p.high.nout);
		authpair_run(&p);
	}
	ck_assert_uint_le(sent, 2 * 10000 / 800 + 2);
	p.low.has[2] = p.high.has[2] = true;
	ck_assert(authpair_opens(&p));
	authpair_free(&p);
}
END_TEST

/* ---- stores that go back ---- */

START_TEST(a_store_that_went_back_is_noticed_at_both_ends)
{
	for (int high = 0; high < 2; high++) {
		struct authside		*s = high ? &p.high : &p.low;
		struct authside		*other = high ? &p.low : &p.high;
		struct authlink_marks	 saved;

		begin_open();
		saved = s->marks;
		for (int i = 0; i < 5; i++) {
			s->marks.mine++;
			other->marks.mine++;
			ck_assert(talks());
		}
		authlink_stop(p.low.link, "test");
		authlink_stop(p.high.link, "test");
		s->marks = saved;
		ck_assert(authpair_opens(&p));
		ck_assert(s->back_mine && !s->back_peer);
		ck_assert(!other->back_mine && other->back_peer);
		ck_assert_uint_eq(s->marks.mine, other->marks.seen);
		/* And is no news the next time. */
		authlink_stop(p.low.link, "test");
		authlink_stop(p.high.link, "test");
		ck_assert(authpair_opens(&p));
		ck_assert(!s->back_mine && !s->back_peer);
		ck_assert(!other->back_mine && !other->back_peer);
		authpair_free(&p);
	}
}
END_TEST

static uint64_t	seed;

static unsigned
draw(unsigned below)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (unsigned)(seed >> 33) % below;
}

static void
random_wire(struct authside *s)
{
	struct authwire	w;
	size_t		i;

	if (s->nout == 0)
		return;
	i = draw(3) == 0 ? draw((unsigned)s->nout) : 0;
	switch (draw(8)) {
	case 0:
		authpair_drop(s, i);
		break;
	case 1:			/* and once more later */
		w = s->out[i];
		(void)give(authpair_other(s), &w);
		break;
	case 2:
		w = s->out[i];
		w.p[draw((unsigned)w.len)] ^= (uint8_t)(1 + draw(255));
		(void)give(authpair_other(s), &w);
		break;
	default:
		(void)authpair_deliver(s, i);
	}
}

static void
random_step(void)
{
	struct authside	*s = draw(2) ? &p.low : &p.high;

	switch (draw(12)) {
	case 0:
		authpair_now += draw(1200);
		authlink_tick(s->link);
		break;
	case 1:
		if (draw(4) == 0)
			authlink_stop(s->link, "test");
		break;
	case 2:
		authlink_start(s->link);
		break;
	case 3: case 4:
		s->marks.mine++;	/* key is spent at any time */
		break;
	case 5: case 6:
		(void)authpair_say(s);
		break;
	default:
		random_wire(s);
	}
	/* No store has gone back. */
	ck_assert(!p.low.back_mine && !p.low.back_peer);
	ck_assert(!p.high.back_mine && !p.high.back_peer);
}

START_TEST(whatever_happens_on_the_wire_it_opens_again_without_false_alarm)
{
	for (unsigned round = 0; round < 2000; round++) {
		seed = round;
		authpair_new(&p);
		for (int i = 0; i < 300; i++)
			random_step();
		ck_assert_msg(authpair_opens(&p), "round %u", round);
		ck_assert_msg(talks(), "round %u", round);
		ck_assert(!p.low.back_mine && !p.low.back_peer);
		ck_assert(!p.high.back_mine && !p.high.back_peer);
		authpair_free(&p);
	}
}
END_TEST

UNIT_MAIN("authlink", it_opens_from_either_side,
    nothing_can_be_said_while_it_is_down,
    any_one_message_may_be_lost_repeated_or_late,
    a_round_trip_of_seconds_does_not_keep_it_from_opening,
    it_opens_again_over_a_round_trip_of_seconds_and_stays_open,
    every_flipped_bit_of_every_message_is_noticed,
    changed_messages_only_cost_time,
    ones_own_messages_are_not_taken_for_the_peers,
    old_messages_change_nothing,
    forged_and_old_messages_do_not_use_up_keys,
    anything_too_short_or_too_long_is_refused,
    a_control_key_lost_at_either_end_is_replaced,
    a_lost_control_key_is_replaced_by_one_of_the_other_end,
    without_any_key_it_stays_down_and_quiet,
    a_store_that_went_back_is_noticed_at_both_ends,
    whatever_happens_on_the_wire_it_opens_again_without_false_alarm)
