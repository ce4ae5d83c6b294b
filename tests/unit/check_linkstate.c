/* check_linkstate.c - what is believed of the network, and the routes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linknet.h"
#include "linkstate.h"
#include "unit.h"

#define N	10

static struct linkstate	*ls;

static void
setup(const char *me)
{
	linknet_new(&ls, me);
}

static enum linkstate_verdict
hear(const char *origin, const char *list, uint64_t incarnation,
    uint64_t sequence, uint64_t now)
{
	return linknet_hear(ls, origin, list, incarnation, sequence, now);
}

static void
mine(const char *list)
{
	linknet_mine(ls, list);
}

static const char *
route(const char *to)
{
	return linknet_route(ls, to);
}

START_TEST(a_line_is_followed_to_its_end)
{
	setup("A");
	mine("B");
	hear("D", "C", 1, 1, 0);
	hear("B", "C A", 1, 1, 0);
	ck_assert_str_eq(route("B"), "A,B");
	ck_assert_str_eq(route("D"), "");
	hear("C", "D B", 1, 1, 0);
	ck_assert_str_eq(route("D"), "A,B,C,D");
	ck_assert_str_eq(route("A"), "");
	ck_assert_str_eq(route("X"), "");
	linkstate_free(&ls);
}
END_TEST

START_TEST(in_a_ring_the_shorter_way_is_taken_and_the_other_if_it_breaks)
{
	setup("A");
	mine("B E");
	hear("B", "A C", 1, 1, 0);
	hear("C", "B D", 1, 1, 0);
	hear("D", "C E", 1, 1, 0);
	hear("E", "D A", 1, 1, 0);
	ck_assert_str_eq(route("C"), "A,B,C");
	ck_assert_str_eq(route("D"), "A,E,D");
	mine("B");
	ck_assert_str_eq(route("D"), "A,B,C,D");
	ck_assert_str_eq(route("E"), "A,B,C,D,E");
	linkstate_free(&ls);
}
END_TEST

START_TEST(of_equal_routes_the_one_with_the_lower_ids_is_taken)
{
	setup("A");
	mine("D C");
	hear("C", "A E", 1, 1, 0);
	hear("D", "A E", 1, 1, 0);
	hear("E", "D C", 1, 1, 0);
	ck_assert_str_eq(route("E"), "A,C,E");
	linkstate_free(&ls);
}
END_TEST

START_TEST(the_way_back_is_the_way_there)
{
	for (const char *me = "A"; me != NULL; me = *me == 'A' ? "F" : NULL) {
		setup(me);
		hear("A", "C B", 1, 1, 0);
		hear("B", "A E", 1, 1, 0);
		hear("C", "A D", 1, 1, 0);
		hear("D", "C F", 1, 1, 0);
		hear("E", "B F", 1, 1, 0);
		hear("F", "E D", 1, 1, 0);
		mine(*me == 'A' ? "B C" : "D E");
		ck_assert_str_eq(route(*me == 'A' ? "F" : "A"),
		    *me == 'A' ? "A,B,E,F" : "F,E,B,A");
		linkstate_free(&ls);
	}
}
END_TEST

START_TEST(a_connection_counts_only_if_both_ends_say_so)
{
	setup("A");
	mine("B");
	hear("B", "", 1, 1, 0);
	ck_assert_str_eq(route("B"), "");
	hear("B", "A C", 1, 2, 0);
	hear("C", "", 1, 1, 0);
	ck_assert_str_eq(route("B"), "A,B");
	ck_assert_str_eq(route("C"), "");
	linkstate_free(&ls);
}
END_TEST

START_TEST(a_partition_has_no_routes_across)
{
	setup("A");
	mine("B");
	hear("B", "A", 1, 1, 0);
	hear("C", "D", 1, 1, 0);
	hear("D", "C", 1, 1, 0);
	ck_assert_str_eq(route("B"), "A,B");
	ck_assert_str_eq(route("C"), "");
	hear("B", "A C", 1, 2, 0);
	hear("C", "B D", 1, 2, 0);
	ck_assert_str_eq(route("D"), "A,B,C,D");
	linkstate_free(&ls);
}
END_TEST

START_TEST(stale_announcements_are_not_believed)
{
	setup("A");
	mine("B");
	ck_assert_int_eq(hear("B", "A", 5, 7, 0), LINKSTATE_NEW);
	ck_assert_int_eq(hear("B", "", 5, 7, 0), LINKSTATE_OLD);
	ck_assert_int_eq(hear("B", "", 5, 6, 0), LINKSTATE_OLD);
	ck_assert_int_eq(hear("B", "", 4, 99, 0), LINKSTATE_OLD);
	ck_assert_str_eq(route("B"), "A,B");
	ck_assert_int_eq(hear("B", "", 5, 8, 0), LINKSTATE_NEW);
	ck_assert_str_eq(route("B"), "");
	linkstate_free(&ls);
}
END_TEST

START_TEST(a_restarted_node_is_believed_at_once)
{
	setup("A");
	mine("B");
	hear("B", "", 5, 1000, 0);
	ck_assert_int_eq(hear("B", "A", 6, 1, 0), LINKSTATE_NEW);
	ck_assert_str_eq(route("B"), "A,B");
	linkstate_free(&ls);
}
END_TEST

/* My clock went back while I was away: the network remembers a later me. */
START_TEST(a_node_outdoes_its_own_former_life)
{
	struct linkstate_ad	ad;

	setup("A");
	mine("B");
	linkstate_mine(ls, &ad);
	ck_assert_int_eq(hear("A", "B C", 999, 50, 0), LINKSTATE_OLD);
	ck_assert_int_eq(hear("A", "B", ad.incarnation, ad.sequence, 0),
	    LINKSTATE_OLD);
	ck_assert_int_eq(hear("A", "B C", 2000, 50, 0), LINKSTATE_ECHO);
	linkstate_mine(ls, &ad);
	ck_assert_uint_eq(ad.incarnation, 2001);
	ck_assert_uint_eq(ad.n, 1);
	linkstate_free(&ls);
}
END_TEST

/* It could not be outdone but by what nobody takes. */
START_TEST(a_lie_of_the_last_incarnation_is_not_followed)
{
	struct linkstate_ad	ad;

	setup("A");
	mine("B");
	ck_assert_int_eq(hear("A", "C", LINKSTATE_SERIAL_MAX - 1, 1, 0),
	    LINKSTATE_OLD);
	linkstate_mine(ls, &ad);
	ck_assert_uint_eq(ad.incarnation, 1000);
	ck_assert_int_eq(hear("A", "C", LINKSTATE_SERIAL_MAX - 2, 1, 0),
	    LINKSTATE_ECHO);
	linkstate_mine(ls, &ad);
	ck_assert_uint_eq(ad.incarnation, LINKSTATE_SERIAL_MAX - 1);
	linkstate_free(&ls);
}
END_TEST

static void
count(void *arg, const struct linkstate_ad *ad)
{
	struct linkstate_ad	*last = arg;

	*last = *ad;
	last->sequence += 100;
}

START_TEST(announcements_are_kept_as_they_were_said)
{
	struct linkstate_ad	ad = { "B", 7, 3, 3, {
				    { "C", LINKSTATE_FAIR, 5, 6 },
				    { "A", LINKSTATE_AMPLE, 7, 8 },
				    { "D", LINKSTATE_NONE, 0, 0 } } }, back;

	setup("A");
	ck_assert_uint_eq(linkstate_count(ls), 1);
	ck_assert_int_eq(linkstate_input(ls, &ad, 0), LINKSTATE_NEW);
	ck_assert_uint_eq(linkstate_count(ls), 2);
	linkstate_each(ls, count, &back);
	ck_assert_str_eq(back.origin, "B");
	ck_assert(back.incarnation == 7 && back.sequence == 103);
	ck_assert_uint_eq(back.n, 3);
	ck_assert_str_eq(back.links[0].peer, "A");
	ck_assert_uint_eq(back.links[0].level, LINKSTATE_AMPLE);
	ck_assert(back.links[0].stock == 7 && back.links[0].rate == 8);
	ck_assert_str_eq(back.links[1].peer, "C");
	ck_assert(back.links[1].stock == 5 && back.links[1].rate == 6);
	ck_assert_str_eq(back.links[2].peer, "D");
	ck_assert_uint_eq(back.links[2].level, LINKSTATE_NONE);
	linkstate_free(&ls);
}
END_TEST

/* The decoder refuses them; here they must do no harm. */
START_TEST(a_peer_named_twice_counts_once_and_the_origin_not)
{
	struct linkstate_ad	back;

	setup("A");
	mine("B B A");
	hear("B", "B A C A", 1, 1, 0);
	ck_assert_str_eq(route("B"), "A,B");
	linkstate_each(ls, count, &back);
	ck_assert_uint_eq(back.n, 2);
	linkstate_mine(ls, &back);
	ck_assert_uint_eq(back.n, 1);
	hear("B", "", 1, 2, 0);
	ck_assert_str_eq(route("B"), "");
	ck_assert(linkstate_age(ls, LINKSTATE_MAX_AGE_MS + 1));
	hear("C", "A", 1, 1, 0);	/* in the place of B */
	ck_assert_str_eq(route("C"), "");
	linkstate_free(&ls);
}
END_TEST

START_TEST(only_what_changes_a_link_that_counts_changes_the_version)
{
	struct linkstate_ad	ad = { "B", 1, 5, 1, {
				    { "A", LINKSTATE_FAIR, 5, 6 } } };
	uint64_t		v;

	setup("A");
	mine("B");
	hear("B", "A", 1, 1, 0);
	ck_assert_str_eq(route("B"), "A,B");
	v = linkstate_version(ls);
	hear("B", "A", 1, 2, 0);
	hear("B", "A", 2, 1, 0);
	mine("B");
	hear("B", "A C", 2, 2, 0);	/* C says nothing of that */
	hear("C", "D", 2, 2, 0);
	ck_assert_str_eq(route("C"), "");
	ck_assert(linkstate_version(ls) == v);
	ad.incarnation = 3;
	ck_assert_int_eq(linkstate_input(ls, &ad, 0), LINKSTATE_NEW);
	ck_assert(linkstate_version(ls) != v);
	v = linkstate_version(ls);
	mine("B=");			/* no scarcer than the other end */
	ad.links[0].stock = 99;
	ad.sequence++;
	ck_assert_int_eq(linkstate_input(ls, &ad, 0), LINKSTATE_NEW);
	ck_assert(linkstate_version(ls) == v);
	mine("B?");
	ck_assert(linkstate_version(ls) != v);
	v = linkstate_version(ls);
	hear("B", "", 4, 1, 0);
	ck_assert(linkstate_version(ls) != v);
	linkstate_free(&ls);
}
END_TEST

START_TEST(who_is_not_heard_of_is_forgotten)
{
	setup("A");
	mine("B");
	hear("B", "A C", 1, 1, 1000);
	hear("C", "B", 1, 1, 5000);
	ck_assert(!linkstate_age(ls, 1000 + LINKSTATE_MAX_AGE_MS));
	ck_assert_str_eq(route("C"), "A,B,C");
	ck_assert(linkstate_age(ls, 1001 + LINKSTATE_MAX_AGE_MS));
	ck_assert_str_eq(route("B"), "");
	ck_assert_str_eq(route("C"), "");
	ck_assert_int_eq(hear("B", "A C", 1, 2, LINKSTATE_MAX_AGE_MS +
	    5000), LINKSTATE_NEW);
	ck_assert_str_eq(route("C"), "A,B,C");
	ck_assert(linkstate_age(ls, 5001 + LINKSTATE_MAX_AGE_MS));
	ck_assert_str_eq(route("C"), "");
	ck_assert_str_eq(route("B"), "A,B");
	ck_assert_uint_eq(linkstate_count(ls), 2);
	linkstate_free(&ls);
}
END_TEST

/* Not where it came in the order when it was heard of first. */
START_TEST(a_node_that_is_heard_of_again_stays)
{
	setup("A");
	mine("B");
	hear("B", "A", 1, 1, 0);
	hear("C", "A", 1, 1, 1);
	hear("D", "A", 1, 1, 2);
	hear("B", "A", 1, 2, 3);
	hear("C", "A", 1, 1, 4);	/* nothing new */
	ck_assert(linkstate_age(ls, LINKSTATE_MAX_AGE_MS + 3));
	ck_assert_uint_eq(linkstate_count(ls), 2);
	ck_assert_str_eq(route("B"), "A,B");
	linkstate_free(&ls);
}
END_TEST

START_TEST(the_number_of_nodes_is_bounded)
{
	char	name[16];
	int	taken = 0;

	setup("A");
	for (int i = 0; i < LINKSTATE_NODES_MAX + 100; i++) {
		sprintf(name, "n%d", i);
		taken += hear(name, "A", 1, 1, 0) == LINKSTATE_NEW;
	}
	ck_assert_int_eq(taken, LINKSTATE_NODES_MAX - 1);
	ck_assert_int_eq(hear("n0", "A", 1, 2, 1), LINKSTATE_NEW);
	ck_assert(linkstate_age(ls, LINKSTATE_MAX_AGE_MS + 1));
	ck_assert_uint_eq(linkstate_count(ls), 2);
	ck_assert_int_eq(hear("another", "A", 1, 1, 2), LINKSTATE_NEW);
	linkstate_free(&ls);
}
END_TEST

START_TEST(a_chain_of_32_nodes_works_and_no_longer_one)
{
	char	me[8], list[24];

	setup("n10");
	mine("n11");
	for (int i = 11; i < 45; i++) {
		sprintf(me, "n%d", i);
		sprintf(list, "n%d n%d", i - 1, i + 1);
		hear(me, list, 1, 1, 0);
	}
	ck_assert_str_eq(route("n42"), "");
	ck_assert_uint_eq(strlen(route("n41")), 32 * 4 - 1);
	linkstate_free(&ls);
}
END_TEST

START_TEST(a_route_too_long_to_be_written_is_none)
{
	char	me[70], list[140];

	setup("00");
	sprintf(list, "%064d", 1);
	mine(list);
	for (int i = 1; i < 20; i++) {
		sprintf(me, "%064d", i);
		sprintf(list, i == 1 ? "%.2d %064d" : "%064d %064d", i - 1,
		    i + 1);
		hear(me, list, 1, 1, 0);
	}
	sprintf(me, "%064d", 15);
	ck_assert_uint_eq(strlen(route(me)), 2 + 15 * 65);
	sprintf(me, "%064d", 16);
	ck_assert_str_eq(route(me), "");
	linkstate_free(&ls);
}
END_TEST

START_TEST(a_scarce_link_is_worth_a_detour_of_two_ample_ones)
{
	setup("A");
	mine("C? B");
	hear("B", "A C", 1, 1, 0);
	hear("C", "A B", 1, 1, 0);
	ck_assert_str_eq(route("C"), "A,B,C");
	mine("C= B");
	ck_assert_str_eq(route("C"), "A,C");
	mine("C= B!");
	hear("C", "A? B", 1, 2, 0);	/* the other end is scarce */
	ck_assert_str_eq(route("C"), "A,C");
	mine("C= B");
	ck_assert_str_eq(route("C"), "A,B,C");
	hear("B", "A= C=", 1, 2, 0);	/* 12 either way, B before C */
	ck_assert_str_eq(route("C"), "A,B,C");
	hear("B", "A= C?", 1, 3, 0);
	ck_assert_str_eq(route("C"), "A,C");
	linkstate_free(&ls);
}
END_TEST

START_TEST(a_link_without_key_at_one_end_is_not_used)
{
	setup("A");
	mine("E! B");		/* not in the order of IDs */
	hear("B", "C A", 1, 1, 0);
	hear("C", "B D", 1, 1, 0);
	hear("D", "E C", 1, 1, 0);
	hear("E", "D A", 1, 1, 0);
	ck_assert_str_eq(route("E"), "A,B,C,D,E");
	mine("E B");
	ck_assert_str_eq(route("D"), "A,E,D");
	hear("E", "D A!", 1, 2, 0);	/* the other end has none */
	ck_assert_str_eq(route("D"), "A,B,C,D");
	hear("B", "A! C", 1, 2, 0);
	ck_assert_str_eq(route("D"), "");
	linkstate_free(&ls);
}
END_TEST

START_TEST(equal_routes_of_other_length_are_compared_by_ids_too)
{
	for (const char *me = "A"; me != NULL; me = *me == 'A' ? "F" : NULL) {
		setup(me);
		hear("A", "B= D", 1, 1, 0);
		hear("B", "A= F=", 1, 1, 0);
		hear("D", "A E", 1, 1, 0);
		hear("E", "D F", 1, 1, 0);
		hear("F", "B= E", 1, 1, 0);
		mine(*me == 'A' ? "B= D" : "B= E");
		ck_assert_str_eq(route(*me == 'A' ? "F" : "A"),
		    *me == 'A' ? "A,B,F" : "F,B,A");
		linkstate_free(&ls);
	}
}
END_TEST

START_TEST(a_route_is_checked_to_its_first_broken_link)
{
	struct route	r;
	unsigned	broken = 9;

	setup("A");
	mine("B");
	hear("B", "A= C", 1, 1, 0);
	hear("C", "B D?", 1, 1, 0);
	hear("D", "C", 1, 1, 0);
	ck_assert_int_eq(route_parse(&r, "A,B,C,D"), 0);
	ck_assert_uint_eq(linkstate_check(ls, &r, &broken), 6 + 4 + 12);
	hear("C", "B D!", 1, 2, 0);
	ck_assert_uint_eq(linkstate_check(ls, &r, &broken),
	    LINKSTATE_UNREACHED);
	ck_assert_uint_eq(broken, 2);
	hear("B", "A", 1, 2, 0);
	ck_assert_uint_eq(linkstate_check(ls, &r, &broken),
	    LINKSTATE_UNREACHED);
	ck_assert_uint_eq(broken, 1);
	ck_assert_int_eq(route_parse(&r, "X,B"), 0);
	ck_assert_uint_eq(linkstate_check(ls, &r, &broken),
	    LINKSTATE_UNREACHED);
	ck_assert_uint_eq(broken, 0);
	r.n = 0;
	ck_assert_uint_eq(linkstate_check(ls, &r, &broken),
	    LINKSTATE_UNREACHED);
	linkstate_free(&ls);
}
END_TEST

/* The naive reference: all paths, the best kept. */
struct search {
	const struct linknet	*g;
	char			 path[2 * N], best[2 * N];
	int			 n;
	unsigned		 cost, least;	/* 0: none found */
	bool			 used[N];
};

static void
search(struct search *s, int at, int to)
{
	unsigned	cost;

	s->path[s->n++] = (char)('A' + at);
	s->path[s->n] = '\0';
	s->used[at] = true;
	if (at == to && (s->least == 0 || s->cost < s->least ||
	    (s->cost == s->least && strcmp(s->path, s->best) < 0))) {
		strcpy(s->best, s->path);
		s->least = s->cost;
	}
	for (int i = 0; i < N && at != to; i++) {
		cost = linknet_cost(s->g, at, i);
		if (cost == 0 || s->used[i] ||
		    (s->least > 0 && s->cost + cost > s->least))
			continue;
		s->cost += cost;
		s->path[s->n++] = ',';
		search(s, i, to);
		s->n--;
		s->cost -= cost;
	}
	s->used[at] = false;
	s->n--;
}

/* As found from the end with the lower ID. */
static const char *
reference(const struct linknet *g, int a, int b)
{
	static char	text[2 * N];
	struct search	s = { .g = g };

	search(&s, a < b ? a : b, a < b ? b : a);
	strcpy(text, s.best);
	for (int i = 0, j = (int)strlen(text) - 1; a > b && i < j; i++, j--) {
		text[i] = s.best[j];
		text[j] = s.best[i];
	}
	return text;
}

START_TEST(random_networks_are_routed_as_by_trying_every_path)
{
	char		name[2] = "A";
	struct linknet	g;

	srandom(42);
	for (int round = 0; round < 200; round++) {
		int	me = (int)(random() % N);

		linknet_random(&g, N, 20 + round % 50);
		linknet_build(&ls, &g, me);
		for (int to = 0; to < N; to++) {
			name[0] = (char)('A' + to);
			ck_assert_str_eq(route(name), to == me ? "" :
			    reference(&g, me, to));
		}
		linkstate_free(&ls);
	}
}
END_TEST

/* One more announcement of a node, or none for long. */
static uint64_t
happen(struct linknet *now, uint64_t sequence, uint64_t *heard)
{
	char		list[64], name[2];
	struct linknet	other;
	int		i = (int)(random() % N);
	uint64_t	time = sequence * 4000;

	linknet_random(&other, N, 50);
	memcpy(now->level[i], other.level[i], sizeof(now->level[i]));
	linknet_list(now, i, list);
	name[0] = (char)('A' + i);
	name[1] = '\0';
	if (i == 0)
		mine(list);
	else
		ck_assert_int_eq(hear(name, list, 1, sequence, time),
		    LINKSTATE_NEW);
	heard[i] = time;
	(void)linkstate_age(ls, time);
	return time;
}

/* What links count is kept up to date step by step. */
START_TEST(what_was_said_before_leaves_no_trace)
{
	struct linknet	 g = { .n = 0 }, seen;
	struct linkstate *fresh;
	uint64_t	 heard[N] = { 0 }, now;
	char		 name[2] = "A", mine_now[256];

	srandom(44);
	linknet_random(&g, N, 0);
	setup("A");
	for (uint64_t sequence = 1; sequence < 3000; sequence++) {
		now = happen(&g, sequence, heard);
		seen = g;
		for (int i = 1; i < N; i++)
			for (int j = 0; j < N &&
			    now - heard[i] > LINKSTATE_MAX_AGE_MS; j++)
				g.level[i][j] = seen.level[i][j] = -1;
		linknet_build(&fresh, &seen, 0);
		for (name[0] = 'B'; name[0] < 'A' + N; name[0]++) {
			strcpy(mine_now, route(name));
			ck_assert_str_eq(mine_now, linknet_route(fresh,
			    name));
		}
		linkstate_free(&fresh);
	}
	linkstate_free(&ls);
}
END_TEST

UNIT_MAIN("linkstate", a_line_is_followed_to_its_end,
    in_a_ring_the_shorter_way_is_taken_and_the_other_if_it_breaks,
    of_equal_routes_the_one_with_the_lower_ids_is_taken,
    the_way_back_is_the_way_there,
    a_connection_counts_only_if_both_ends_say_so,
    a_partition_has_no_routes_across, stale_announcements_are_not_believed,
    a_restarted_node_is_believed_at_once, a_node_outdoes_its_own_former_life,
    a_lie_of_the_last_incarnation_is_not_followed,
    announcements_are_kept_as_they_were_said,
    a_peer_named_twice_counts_once_and_the_origin_not,
    only_what_changes_a_link_that_counts_changes_the_version,
    who_is_not_heard_of_is_forgotten,
    a_node_that_is_heard_of_again_stays,
    the_number_of_nodes_is_bounded,
    a_chain_of_32_nodes_works_and_no_longer_one,
    a_route_too_long_to_be_written_is_none,
    a_scarce_link_is_worth_a_detour_of_two_ample_ones,
    a_link_without_key_at_one_end_is_not_used,
    equal_routes_of_other_length_are_compared_by_ids_too,
    a_route_is_checked_to_its_first_broken_link,
    random_networks_are_routed_as_by_trying_every_path,
    what_was_said_before_leaves_no_trace)
