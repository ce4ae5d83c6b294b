/* check_linkdisjoint.c - routes that share no node but their ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linknet.h"
#include "unit.h"

#define N	8
#define INNER	(N - 2)
#define SETS	(1 << INNER)
#define NEVER	UINT32_MAX

static struct linkstate	*ls;

/* {"A", "B C"}: who announces what; the first is the node itself. */
static void
setup(const char *const (*nodes)[2])
{
	linknet_new(&ls, nodes[0][0]);
	linknet_mine(ls, nodes[0][1]);
	for (nodes++; (*nodes)[0] != NULL; nodes++)
		linknet_hear(ls, (*nodes)[0], (*nodes)[1], 1, 1, 0);
}

/* The cheapest route A,B,C,D stands in the way of two: A,B,D and A,C,D are
 * found only if B,C is taken back. */
START_TEST(the_cheapest_route_may_have_to_give_way)
{
	static const char *const	net[][2] = { { "A", "B C?" },
		{ "B", "A C D?" }, { "C", "A? B D" }, { "D", "B? C" },
		{ NULL, NULL } };

	setup(net);
	ck_assert_str_eq(linknet_route(ls, "D"), "A,B,C,D");
	ck_assert_str_eq(linknet_disjoint(ls, "D", 1), "A,B,C,D");
	ck_assert_str_eq(linknet_disjoint(ls, "D", 2), "A,B,D A,C,D");
	ck_assert_str_eq(linknet_disjoint(ls, "D", 8), "A,B,D A,C,D");
	linkstate_free(&ls);
}
END_TEST

START_TEST(a_direct_link_is_a_route_of_its_own)
{
	static const char *const	net[][2] = { { "A", "B? C" },
		{ "B", "A? C" }, { "C", "A B" }, { NULL, NULL } };

	setup(net);
	ck_assert_str_eq(linknet_disjoint(ls, "B", 2), "A,C,B A,B");
	ck_assert_str_eq(linknet_disjoint(ls, "C", 3), "A,C A,B,C");
	linkstate_free(&ls);
}
END_TEST

START_TEST(there_are_no_more_routes_than_there_are)
{
	static const char *const	net[][2] = { { "A", "B C" },
		{ "B", "A D" }, { "C", "A D" }, { "D", "B C E F" },
		{ "E", "D G" }, { "F", "D G" }, { "G", "E F" },
		{ "Y", "Z" }, { "Z", "Y" }, { NULL, NULL } };

	setup(net);
	ck_assert_str_eq(linknet_disjoint(ls, "D", 4), "A,B,D A,C,D");
	ck_assert_str_eq(linknet_disjoint(ls, "D", 0), "");
	ck_assert_str_eq(linknet_disjoint(ls, "G", 2), "A,B,D,E,G");
	ck_assert_str_eq(linknet_disjoint(ls, "Z", 2), "");
	ck_assert_str_eq(linknet_disjoint(ls, "A", 2), "");
	ck_assert_str_eq(linknet_disjoint(ls, "nobody", 2), "");
	linkstate_free(&ls);
}
END_TEST

START_TEST(at_most_eight_are_given)
{
	struct route	r[LINKSTATE_DISJOINT_MAX + 1];
	char		list[64] = "", name[] = "m0";
	unsigned	n;

	memset(r, 0x55, sizeof(r));
	linknet_new(&ls, "A");
	for (; name[1] <= '9'; name[1]++) {
		strcat(strcat(list, " "), name);
		linknet_hear(ls, name, "A Z", 1, 1, 0);
	}
	linknet_mine(ls, list);
	linknet_hear(ls, "Z", list, 1, 1, 0);
	n = linkstate_disjoint(ls, "Z", 99, r);
	ck_assert_uint_eq(n, LINKSTATE_DISJOINT_MAX);
	ck_assert_uint_eq(r[n].n, 0x55555555);
	linkstate_free(&ls);
}
END_TEST

/* A ring of 40: the way round has 39 nodes, more than a route may have. */
START_TEST(a_route_too_long_to_be_written_is_left_out)
{
	char	me[8], list[24];

	linknet_new(&ls, "n0");
	linknet_mine(ls, "n1 n39");
	for (int i = 1; i < 40; i++) {
		sprintf(me, "n%d", i);
		sprintf(list, "n%d n%d", i - 1, (i + 1) % 40);
		linknet_hear(ls, me, list, 1, 1, 0);
	}
	ck_assert_str_eq(linknet_disjoint(ls, "n2", 2), "n0,n1,n2");
	ck_assert_ptr_nonnull(strchr(linknet_disjoint(ls, "n20", 2), ' '));
	linkstate_free(&ls);
}
END_TEST

/* What a way costs that has just these nodes between; and so many ways. */
struct costs {
	const struct linknet	*g;
	uint32_t		 way[SETS];
	uint32_t		 ways[N][SETS];
};

static void
walk(struct costs *c, int at, unsigned set, uint32_t cost)
{
	uint32_t	last = linknet_cost(c->g, at, N - 1), more;

	if (last > 0 && cost + last < c->way[set])
		c->way[set] = cost + last;
	for (int i = 1; i <= INNER; i++) {
		more = linknet_cost(c->g, at, i);
		if (more > 0 && (set >> (i - 1) & 1) == 0)
			walk(c, i, set | 1U << (i - 1), cost + more);
	}
}

static uint32_t
plus(uint32_t a, uint32_t b)
{
	return a == NEVER || b == NEVER ? NEVER : a + b;
}

/* k ways that have these nodes between, or some of them; the straight one,
 * which has none, once. */
static void
combine(struct costs *c)
{
	uint32_t	least;

	for (unsigned set = 0; set < SETS; set++)
		c->ways[0][set] = 0;
	for (int k = 1; k < N; k++)
		for (unsigned set = 0; set < SETS; set++) {
			least = NEVER;
			for (unsigned m = set; m > 0; m = (m - 1) & set) {
				uint32_t	sum = plus(c->way[m],
						    c->ways[k - 1][set & ~m]);

				least = sum < least ? sum : least;
			}
			if (k == 1 && c->way[0] < least)
				least = c->way[0];
			c->ways[k][set] = least;
		}
}

static uint32_t
least(const struct costs *c, unsigned k)
{
	return c->ways[k][SETS - 1];
}

/* Ends, no node twice, every link counts; the sum of the costs. */
static uint32_t
check_routes(const struct route *r, unsigned n)
{
	uint32_t	sum = 0, cost, before = 0;
	unsigned	broken;

	for (unsigned i = 0; i < n; i++) {
		cost = linkstate_check(ls, &r[i], &broken);
		ck_assert(cost != LINKSTATE_UNREACHED && cost >= before);
		before = cost;
		sum += cost;
		ck_assert_str_eq(r[i].km[0], "A");
		ck_assert_int_eq(route_find(&r[i], "H"), (int)r[i].n - 1);
		for (unsigned k = 1; k + 1 < r[i].n; k++)
			for (unsigned j = 0; j < i; j++)
				ck_assert_int_lt(route_find(&r[j],
				    r[i].km[k]), 0);
		for (unsigned j = 0; j < i; j++)
			ck_assert(r[i].n > 2 || r[j].n > 2);
	}
	return sum;
}

START_TEST(random_networks_give_the_cheapest_set_that_exists)
{
	static struct costs	c;
	struct linknet		g;
	struct route		r[LINKSTATE_DISJOINT_MAX];
	unsigned		n, found[N] = { 0 };

	srandom(45);
	for (int round = 0; round < 3000; round++) {
		linknet_random(&g, N, 15 + round % 80);
		linknet_build(&ls, &g, 0);
		c.g = &g;
		memset(c.way, 0xff, sizeof(c.way));
		walk(&c, 0, 0, 0);
		combine(&c);
		for (unsigned want = 1; want < N; want++) {
			n = linkstate_disjoint(ls, "H", want, r);
			ck_assert_uint_le(n, want);
			ck_assert_uint_eq(check_routes(r, n), least(&c, n));
			ck_assert(n == want || least(&c, n + 1) == NEVER);
		}
		found[n]++;
		linkstate_free(&ls);
	}
	for (n = 0; n < 5; n++)
		ck_assert_uint_gt(found[n], 0);
}
END_TEST

UNIT_MAIN("linkdisjoint", the_cheapest_route_may_have_to_give_way,
    a_direct_link_is_a_route_of_its_own,
    there_are_no_more_routes_than_there_are, at_most_eight_are_given,
    a_route_too_long_to_be_written_is_left_out,
    random_networks_give_the_cheapest_set_that_exists)
