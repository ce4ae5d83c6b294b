/* check_padline.c - who gets the key of a link, and what a source sends. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "kma/gate.h"
#include "kma/padline.h"
#include "unit.h"

#define WAITS	4000

static struct padline	p;
static struct padwait	waits[WAITS];
static unsigned		nwaits;
static unsigned		got[64];	/* by the digit of the source */

static void
nothing(void *arg, int r, uint64_t idx)
{
	(void)arg, (void)r, (void)idx;
}

static struct padwait *
want(const char *from, const char *to, bool own, uint64_t deadline)
{
	struct padwait	*w = &waits[nwaits++];

	ck_assert_uint_lt(nwaits, WAITS);
	*w = (struct padwait){ .fn = nothing, .from = from, .to = to,
	    .own = own, .deadline = deadline };
	ck_assert_int_eq(padline_add(&p, w), 0);
	return w;
}

static void
want_many(const char *from, const char *to, bool own, unsigned n)
{
	while (n-- > 0)
		want(from, to, own, UINT64_MAX);
}

static void
begin(unsigned share)
{
	nwaits = 0;
	memset(got, 0, sizeof(got));
	padline_init(&p, share);
}

static void
end(void)
{
	while (padline_any(&p) != NULL)
		;
	padline_free(&p);
	ck_assert_uint_eq(padline_waiting(&p), 0);
	ck_assert_ptr_null(p.pairs);
}

static void
deal(unsigned n)
{
	struct padwait	*w;

	while (n-- > 0 && (w = padline_next(&p)) != NULL)
		got[w->from[0] - '0']++;
}

START_TEST(pairs_take_turns_whatever_each_has_waiting)
{
	begin(0);
	want_many("1", "9", false, 300);
	want_many("2", "9", false, 30);
	want_many("3", "9", false, 20);
	deal(60);
	ck_assert_uint_eq(got[1], 20);
	ck_assert_uint_eq(got[2], 20);
	ck_assert_uint_eq(got[3], 20);
	deal(60);
	ck_assert_uint_eq(got[2], 30);
	ck_assert_uint_eq(got[1], 70);
	end();
}
END_TEST

START_TEST(the_two_directions_of_a_pair_are_two_pairs)
{
	begin(0);
	want_many("1", "2", false, 50);
	want_many("2", "1", false, 50);
	want_many("1", "3", false, 50);
	deal(60);
	ck_assert_uint_eq(got[1], 40);
	ck_assert_uint_eq(got[2], 20);
	end();
}
END_TEST

/* A pair that asks for one block at a time, a little after it got one. */
START_TEST(who_pauses_after_his_turn_loses_nothing_by_it)
{
	struct padwait	*w;
	unsigned	 pause = 0;

	begin(0);
	want_many("1", "9", false, 900);
	want_many("2", "9", false, 900);
	want_many("3", "9", false, 900);
	want("4", "9", false, UINT64_MAX);
	for (unsigned i = 0; i < 400; i++) {
		ck_assert_ptr_nonnull(w = padline_next(&p));
		got[w->from[0] - '0']++;
		if (w->from[0] == '4')
			pause = 3;
		else if (pause > 0 && --pause == 0)
			want("4", "9", false, UINT64_MAX);
	}
	ck_assert_uint_ge(got[4], 98);
	end();
}
END_TEST

START_TEST(who_was_away_for_long_saved_nothing_up)
{
	begin(0);
	want_many("1", "9", false, 500);
	want("2", "9", false, UINT64_MAX);
	deal(400);
	ck_assert_uint_eq(got[2], 1);
	want_many("2", "9", false, 100);
	deal(40);
	ck_assert_uint_eq(got[2], 21);
	end();
}
END_TEST

START_TEST(own_pairs_get_their_part_whatever_is_relayed)
{
	static const char *const names[] = { "1", "2", "3", "4", "5", "6",
	    "7", "8" };

	begin(25);
	want_many("0", "9", true, 300);
	for (unsigned i = 0; i < 8; i++)
		want_many(names[i], "9", false, 200);
	deal(400);
	ck_assert_uint_eq(got[0], 100);
	for (unsigned i = 1; i <= 8; i++) {
		ck_assert_uint_ge(got[i], 37);
		ck_assert_uint_le(got[i], 38);
	}
	end();
}
END_TEST

START_TEST(many_own_pairs_get_as_much_as_their_number_makes)
{
	begin(25);
	want_many("0", "7", true, 100);
	want_many("0", "8", true, 100);
	want_many("0", "9", true, 100);
	want_many("1", "9", false, 100);
	deal(200);
	ck_assert_uint_eq(got[0], 150);
	ck_assert_uint_eq(got[1], 50);
	end();
}
END_TEST

START_TEST(what_own_pairs_do_not_want_is_for_others)
{
	begin(100);
	want_many("1", "9", false, 50);
	deal(20);
	ck_assert_uint_eq(got[1], 20);
	want_many("0", "9", true, 10);
	deal(20);
	ck_assert_uint_eq(got[0], 10);
	ck_assert_uint_eq(got[1], 30);
	end();
}
END_TEST

START_TEST(who_waited_too_long_is_out_and_nobody_else)
{
	struct padwait	*first, *second;

	begin(25);
	first = want("1", "9", false, 100);
	want("2", "9", false, 300);
	second = want("0", "9", true, 200);
	ck_assert_ptr_null(padline_expired(&p, 99));
	ck_assert_ptr_eq(padline_expired(&p, 200), first);
	ck_assert_ptr_eq(padline_expired(&p, 200), second);
	ck_assert_ptr_null(padline_expired(&p, 200));
	ck_assert(!first->waiting);
	ck_assert_uint_eq(padline_waiting(&p), 1);
	padline_remove(&p, first);	/* it is not there: nothing */
	end();
}
END_TEST

/* A round takes longer than anybody may wait. */
START_TEST(who_waited_in_vain_is_before_others_next_time)
{
	begin(0);
	want("1", "9", false, 100);
	for (unsigned i = 0; i < 3; i++)
		want_many(i == 0 ? "2" : i == 1 ? "3" : "4", "9", false, 9);
	want("5", "9", false, 100);
	deal(3);
	ck_assert_uint_eq(got[1], 1);
	ck_assert_ptr_nonnull(padline_expired(&p, 100));
	deal(2);
	want_many("5", "9", false, 2);
	deal(1);
	ck_assert_uint_eq(got[5], 1);
	deal(3);
	ck_assert_uint_eq(got[5], 1);
	deal(1);
	ck_assert_uint_eq(got[5], 2);
	end();
}
END_TEST

START_TEST(the_pair_with_most_in_transit_gives_way)
{
	struct padwait	*last;

	begin(25);
	want_many("0", "9", true, 50);
	want_many("1", "9", false, 3);
	want_many("2", "9", false, 4);
	last = want("2", "9", false, UINT64_MAX);
	want_many("3", "9", false, 5);
	ck_assert_ptr_eq(padline_longest(&p, 4), last);
	ck_assert_ptr_null(padline_longest(&p, 5));
	ck_assert_uint_eq(padline_of(&p, "2", "9"), 5);
	ck_assert_uint_eq(padline_of(&p, "2", "8"), 0);
	end();
}
END_TEST

START_TEST(a_frame_that_would_wait_in_vain_is_refused)
{
	begin(0);
	want_many("1", "9", false, 100);
	want_many("2", "9", false, 100);
	ck_assert(!padline_is_hopeless(&p, "1", "9", 1));
	for (unsigned i = 0; i < 5; i++) {
		padline_second(&p);
		deal(10);
	}
	padline_second(&p);
	/* 75 of each wait, 10 go in a second. */
	ck_assert(padline_is_hopeless(&p, "1", "9", 15000));
	ck_assert(!padline_is_hopeless(&p, "1", "9", 15200));
	ck_assert(!padline_is_hopeless(&p, "3", "9", 1));	/* the first */
	deal(1000);
	ck_assert(!padline_is_hopeless(&p, "1", "9", 1));
	padline_second(&p);
	want_many("1", "9", false, 2);
	ck_assert(!padline_is_hopeless(&p, "1", "9", 1));
	end();
}
END_TEST

START_TEST(pairs_that_went_are_not_remembered_for_ever)
{
	static char	names[1000][8];

	begin(25);
	want_many("9", "8", false, 1100);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(names[i], sizeof(names[i]), "1%u", i);
		want(names[i], "9", false, UINT64_MAX);
		deal(2);
		ck_assert_uint_le(p.class[PADLINE_TRANSIT].pairs, 4);
	}
	end();
}
END_TEST

/* ---- gates ---- */

static struct gates	gs;
static struct gatewait	frames[64];
static unsigned		passed;

static void
pass(void *arg)
{
	passed++;
	gate_sent(arg, 0);
}

static void
enter(unsigned i, uint64_t now)
{
	frames[i] = (struct gatewait){ .fn = pass, .arg = &frames[i] };
	ck_assert_int_eq(gate_enter(&gs, "B", &frames[i], now), 0);
}

START_TEST(a_gate_lets_more_go_as_long_as_they_come_back_soon)
{
	passed = 0;
	gates_init(&gs, 5000);
	for (unsigned i = 0; i < 64; i++)
		enter(i, 0);
	ck_assert_uint_eq(passed, 8);
	for (unsigned i = 0; i < 8; i++)
		gate_leave(&gs, &frames[i], true, 100);
	ck_assert_uint_eq(passed, 8);
	gates_pump(&gs, 100);
	ck_assert_uint_gt(passed, 16);
	ck_assert_uint_gt(gates_size(&gs, "B"), 8);
	for (unsigned i = 8; i < 64; i++)
		gate_leave(&gs, &frames[i], false, 100);
	gates_tick(&gs, 70000);
	ck_assert_ptr_null(gs.by_km);
}
END_TEST

START_TEST(a_gate_halves_once_for_what_fails_together_and_one_may_go)
{
	passed = 0;
	gates_init(&gs, 5000);
	for (unsigned i = 0; i < 10; i++)
		enter(i, 0);
	for (unsigned i = 0; i < 4; i++)
		gate_leave(&gs, &frames[i], false, 1000);
	ck_assert_uint_eq(gates_size(&gs, "B"), 4);
	gate_leave(&gs, &frames[4], true, 3000);	/* late, of before */
	ck_assert_uint_eq(gates_size(&gs, "B"), 4);
	for (unsigned i = 5; i < 10; i++)
		gate_leave(&gs, &frames[i], false, 3000);
	for (uint64_t now = 4000; now < 10000; now += 1000) {
		enter(0, now);
		gate_sent(&frames[0], now);
		ck_assert_int_eq(frames[0].place, GATE_SENT);
		gate_leave(&gs, &frames[0], false, now + 500);
	}
	ck_assert_uint_eq(gates_size(&gs, "B"), 1);
	gates_free(&gs);
}
END_TEST

/* What waits for the first link's key says nothing of the ways onwards. */
START_TEST(what_was_given_up_before_it_was_sent_changes_no_gate)
{
	gates_init(&gs, 5000);
	for (unsigned i = 0; i < 10; i++) {
		enter(i, 0);
		if (frames[i].place == GATE_SENT)
			frames[i].place = GATE_PASSED;
	}
	for (unsigned i = 10; i-- > 0;)
		gate_leave(&gs, &frames[i], false, 4000);
	ck_assert_uint_eq(gates_size(&gs, "B"), 8);
	gates_free(&gs);
}
END_TEST

/* Each pair is one that nobody heard of before, and somebody always waits. */
START_TEST(pairs_that_a_neighbour_invents_are_limited)
{
	static char	names[2][8];
	struct padwait	w[2], *before = NULL;

	begin(25);
	for (unsigned i = 0; i < 5000; i++) {
		struct padwait	*now = &w[i % 2];

		snprintf(names[i % 2], sizeof(names[0]), "X%u", i);
		*now = (struct padwait){ .fn = nothing, .from = names[i % 2],
		    .to = "9", .deadline = UINT64_MAX };
		ck_assert_int_eq(padline_add(&p, now), 0);
		if (before != NULL)
			padline_remove(&p, before);
		before = now;
		ck_assert_uint_le(p.class[PADLINE_TRANSIT].pairs, 1025);
	}
	end();
}
END_TEST

UNIT_MAIN("padline", pairs_that_a_neighbour_invents_are_limited,
    pairs_take_turns_whatever_each_has_waiting,
    the_two_directions_of_a_pair_are_two_pairs,
    who_pauses_after_his_turn_loses_nothing_by_it,
    who_was_away_for_long_saved_nothing_up,
    own_pairs_get_their_part_whatever_is_relayed,
    many_own_pairs_get_as_much_as_their_number_makes,
    what_own_pairs_do_not_want_is_for_others,
    who_waited_too_long_is_out_and_nobody_else,
    who_waited_in_vain_is_before_others_next_time,
    the_pair_with_most_in_transit_gives_way,
    a_frame_that_would_wait_in_vain_is_refused,
    pairs_that_went_are_not_remembered_for_ever,
    a_gate_lets_more_go_as_long_as_they_come_back_soon,
    a_gate_halves_once_for_what_fails_together_and_one_may_go,
    what_was_given_up_before_it_was_sent_changes_no_gate)
