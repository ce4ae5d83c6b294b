/* check_linkstate.c - what is believed of the network, and the routes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relayd/linkstate.h"
#include "unit.h"

#define N	10

static struct linkstate	*ls;

static void
setup(const char *me)
{
	ck_assert_int_eq(linkstate_new(&ls, me, 1000), 0);
}

/* "B C!": the neighbours are B and C, and there is no key for C. */
static unsigned
read_list(const char *list, km_id *ids, uint64_t *keyless)
{
	char		 copy[512], *save, *p;
	unsigned	 n = 0;

	*keyless = 0;
	strcpy(copy, list);
	for (p = strtok_r(copy, " ", &save); p != NULL;
	    p = strtok_r(NULL, " ", &save)) {
		if (p[strlen(p) - 1] == '!') {
			p[strlen(p) - 1] = '\0';
			*keyless |= (uint64_t)1 << n;
		}
		strcpy(ids[n++], p);
	}
	return n;
}

/* "A", "B C": A announces the neighbours B and C. */
static enum linkstate_verdict
hear(const char *origin, const char *list, uint64_t incarnation,
    uint64_t sequence, uint64_t now)
{
	struct linkstate_ad	ad = { .incarnation = incarnation,
				    .sequence = sequence };

	strcpy(ad.origin, origin);
	ad.n = read_list(list, ad.neighbours, &ad.keyless);
	return linkstate_input(ls, &ad, now);
}

static void
mine(const char *list)
{
	km_id		 ids[LINKSTATE_NEIGHBOURS_MAX];
	uint64_t	 keyless;
	unsigned	 n = read_list(list, ids, &keyless);

	linkstate_announce(ls, ids, n, keyless);
}

static const char *
route(const char *to)
{
	static route_text	text;
	struct route		r;

	linkstate_route(ls, to, &r);
	route_print(&r, text);
	return text;
}

static const char *
relay_route(const char *to)
{
	static route_text	text;
	struct route		r;

	linkstate_relay(ls, to, &r);
	route_print(&r, text);
	return text;
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
	const struct linkstate_ad	*ad;

	setup("A");
	mine("B");
	ad = linkstate_mine(ls);
	ck_assert_int_eq(hear("A", "B C", 999, 50, 0), LINKSTATE_OLD);
	ck_assert_int_eq(hear("A", "B", ad->incarnation, ad->sequence, 0),
	    LINKSTATE_OLD);
	ck_assert_int_eq(hear("A", "B C", 2000, 50, 0), LINKSTATE_ECHO);
	ck_assert_uint_eq(ad->incarnation, 2001);
	ck_assert_uint_eq(ad->n, 1);
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
	ck_assert_int_eq(hear("B", "A C", 1, 2, 22000), LINKSTATE_NEW);
	ck_assert_str_eq(route("C"), "A,B,C");
	linkstate_free(&ls);
}
END_TEST

START_TEST(the_number_of_nodes_is_bounded)
{
	char	name[16];
	int	taken = 0;

	setup("A");
	for (int i = 0; i < 2 * LINKSTATE_NODES_MAX; i++) {
		sprintf(name, "n%d", i);
		taken += hear(name, "A", 1, 1, 0) == LINKSTATE_NEW;
	}
	ck_assert_int_eq(taken, LINKSTATE_NODES_MAX - 1);
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

START_TEST(relays_go_round_a_connection_without_key_and_messages_do_not)
{
	setup("A");
	mine("E! B");		/* not in the order of IDs */
	hear("B", "C A", 1, 1, 0);
	hear("C", "B D", 1, 1, 0);
	hear("D", "E C", 1, 1, 0);
	hear("E", "D A", 1, 1, 0);
	ck_assert_str_eq(route("D"), "A,E,D");
	ck_assert_str_eq(relay_route("D"), "A,B,C,D");
	ck_assert_str_eq(relay_route("E"), "A,B,C,D,E");
	mine("E B");
	ck_assert_str_eq(relay_route("D"), "A,E,D");
	hear("E", "D A!", 1, 2, 0);	/* the other end has none */
	ck_assert_str_eq(relay_route("D"), "A,B,C,D");
	linkstate_free(&ls);
}
END_TEST

START_TEST(without_any_way_with_key_relays_wait_on_the_shortest)
{
	setup("A");
	mine("B E");
	hear("B", "A! C", 1, 1, 0);
	hear("C", "B D", 1, 1, 0);
	hear("D", "C E!", 1, 1, 0);
	hear("E", "D A", 1, 1, 0);
	ck_assert_str_eq(relay_route("D"), "A,E,D");
	ck_assert_str_eq(relay_route("B"), "A,B");
	ck_assert_str_eq(relay_route("E"), "A,E");
	linkstate_free(&ls);
}
END_TEST

/* The naive reference: all paths, the best kept. */
struct search {
	bool	edge[N][N];
	uint8_t	path[N], best[N];
	int	n, bestn;
	bool	used[N];
};

static void
search(struct search *s, int at, int to)
{
	if (at == to) {
		if (s->bestn == 0 || s->n < s->bestn || (s->n == s->bestn &&
		    memcmp(s->path, s->best, (size_t)s->n) < 0)) {
			memcpy(s->best, s->path, sizeof(s->best));
			s->bestn = s->n;
		}
		return;
	}
	for (int i = 0; i < N; i++) {
		if (!s->edge[at][i] || s->used[i] ||
		    (s->bestn > 0 && s->n >= s->bestn))
			continue;
		s->used[i] = true;
		s->path[s->n++] = (uint8_t)i;
		search(s, i, to);
		s->n--;
		s->used[i] = false;
	}
}

static const char *
reference(const struct search *graph, int to)
{
	static char	text[64];
	struct search	s = *graph;
	int		at = 0;

	text[0] = '\0';
	s.n = 1;
	s.used[0] = true;
	search(&s, 0, to);
	for (int i = 0; i < s.bestn; i++)
		at += sprintf(text + at, "%s%c", i > 0 ? "," : "",
		    'A' + s.best[i]);
	return text;
}

static void
announce_graph(const bool says[N][N], const bool *keyless, int me)
{
	char	list[64], name[2] = "A";

	for (int i = 0; i < N; i++) {
		int	at = 0;

		list[0] = '\0';
		for (int j = 0; j < N; j++)
			if (says[i][j])
				at += sprintf(list + at, " %c%s", 'A' + j,
				    keyless != NULL && keyless[i * N + j] ?
				    "!" : "");
		name[0] = (char)('A' + i);
		if (i == me)
			mine(list);
		else
			hear(name, list, 1, 1, 0);
	}
}

/* From each node the way to A is that from A, from its other end. */
static void
check_back(const bool says[N][N], const struct search *g)
{
	char	name[2] = "A";

	for (int i = 1; i < N; i++) {
		route_text	there;
		struct route	r;

		name[0] = (char)('A' + i);
		setup(name);
		announce_graph(says, NULL, i);
		linkstate_route(ls, "A", &r);
		route_reverse(&r);
		route_print(&r, there);
		ck_assert_str_eq(there, reference(g, i));
		linkstate_free(&ls);
	}
}

START_TEST(random_networks_are_routed_as_by_trying_every_path)
{
	char	name[2] = "A";

	srandom(42);
	for (int round = 0; round < 300; round++) {
		struct search	g = { .n = 0 };
		bool		says[N][N] = { { false } };

		for (int i = 0; i < N; i++)
			for (int j = 0; j < N; j++)
				says[i][j] = i != j && random() % 100 <
				    20 + round % 50;
		for (int i = 0; i < N; i++)
			for (int j = 0; j < N; j++)
				g.edge[i][j] = says[i][j] && says[j][i];
		setup("A");
		announce_graph(says, NULL, 0);
		for (int to = 1; to < N; to++) {
			name[0] = (char)('A' + to);
			ck_assert_str_eq(route(name), reference(&g, to));
		}
		linkstate_free(&ls);
		check_back(says, &g);
	}
}
END_TEST

/* From both ends, where some ends have no key. */
static void
check_relays(const bool says[N][N], const bool *keyless, int me, int to)
{
	char		 name[2] = { (char)('A' + me), '\0' };
	struct search	 g = { .n = 0 };
	struct route	 r;
	route_text	 text;

	for (int i = 0; i < N * N; i++) {
		int	back = i % N * N + i / N;

		g.edge[i / N][i % N] = says[i / N][i % N] &&
		    says[i % N][i / N] && !keyless[i] && !keyless[back];
	}
	if (reference(&g, to > me ? to : me)[0] == '\0')
		return;
	setup(name);
	announce_graph(says, keyless, me);
	name[0] = (char)('A' + to);
	linkstate_relay(ls, name, &r);
	if (me > to)
		route_reverse(&r);
	route_print(&r, text);
	ck_assert_str_eq(text, reference(&g, to > me ? to : me));
	linkstate_free(&ls);
}

START_TEST(random_networks_relay_where_there_is_key)
{
	srandom(43);
	for (int round = 0; round < 300; round++) {
		bool	says[N][N] = { { false } }, keyless[N * N];

		for (int i = 0; i < N * N; i++) {
			says[i / N][i % N] = i / N != i % N &&
			    random() % 100 < 50 + round % 50;
			keyless[i] = random() % 100 < 20;
		}
		for (int to = 1; to < N; to++) {
			check_relays(says, keyless, 0, to);
			check_relays(says, keyless, to, 0);
		}
	}
}
END_TEST

UNIT_MAIN("linkstate", a_line_is_followed_to_its_end,
    in_a_ring_the_shorter_way_is_taken_and_the_other_if_it_breaks,
    of_equal_routes_the_one_with_the_lower_ids_is_taken,
    the_way_back_is_the_way_there,
    a_connection_counts_only_if_both_ends_say_so,
    a_partition_has_no_routes_across, stale_announcements_are_not_believed,
    a_restarted_node_is_believed_at_once, a_node_outdoes_its_own_former_life,
    who_is_not_heard_of_is_forgotten, the_number_of_nodes_is_bounded,
    a_chain_of_32_nodes_works_and_no_longer_one,
    a_route_too_long_to_be_written_is_none,
    random_networks_are_routed_as_by_trying_every_path,
    relays_go_round_a_connection_without_key_and_messages_do_not,
    without_any_way_with_key_relays_wait_on_the_shortest,
    random_networks_relay_where_there_is_key)
