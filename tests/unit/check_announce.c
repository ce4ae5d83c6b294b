/*
 * check_announce.c - what kma says of links, what it takes from others. Some
 * nodes in one process; the test has their links and their clock.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "kma/announce.h"
#include "kma/announcemsg.h"

#define NODES		5
#define RESERVE		1000
#define QUEUE		4096

struct node {
	struct announce	*a;
	km_id		 km;
	uint64_t	 stock[NODES], came[NODES];
	bool		 usable[NODES];
};

static struct node	 node[NODES];
static bool		 link_up[NODES][NODES];
static struct { int from, to; struct msgbuf b; }	queue[QUEUE];
static unsigned		 nqueue, messages;
static uint64_t		 now, life;

static int
number(const char *km)
{
	return km[4] - 'A';
}

static void
send_to(void *arg, const char *peer, const uint8_t *p, size_t octets)
{
	struct node	*from = arg;

	ck_assert_uint_lt(nqueue, QUEUE);
	ck_assert_uint_le(octets, ANNOUNCE_CHUNK);
	queue[nqueue].from = number(from->km);
	queue[nqueue].to = number(peer);
	ck_assert_int_eq(msgbuf_append(&queue[nqueue++].b, p, octets), 0);
}

static const struct announce_ops	ops = { send_to };

static void
deliver(int from, int to, const struct msgbuf *b)
{
	struct msg	m;
	size_t		at = 0, used;

	if (node[to].a == NULL || !link_up[from][to])
		return;
	for (; at < b->len; at += used) {
		ck_assert_int_eq(msg_decode(&m, b->p + at, b->len - at,
		    &used), 0);
		ck_assert_int_eq(m.id, MSG_announce);
		ck_assert_int_eq(announce_input(node[to].a, node[from].km,
		    &m.announce, now), 0);
		messages++;
	}
	announce_flush(node[to].a);
}

static void
run(unsigned ms)
{
	for (unsigned t = 0; t < ms; t += 100) {
		now += 100;
		for (int i = 0; i < NODES; i++) {
			if (node[i].a == NULL)
				continue;
			for (int j = 0; j < NODES; j++)
				announce_stock(node[i].a, node[j].km,
				    node[i].usable[j], node[i].stock[j],
				    node[i].came[j], now);
			announce_tick(node[i].a, now);
		}
		for (unsigned k = 0; k < nqueue; k++) {
			deliver(queue[k].from, queue[k].to, &queue[k].b);
			msgbuf_free(&queue[k].b);
			memset(&queue[k].b, 0, sizeof(queue[k].b));
		}
		nqueue = 0;
	}
}

static void
start(int i)
{
	snprintf(node[i].km, sizeof(node[i].km), "KME-%c", 'A' + i);
	ck_assert_int_eq(announce_new(&node[i].a, node[i].km, ++life, &ops,
	    &node[i]), 0);
	for (int j = NODES; j-- > 0;) {	/* in any order */
		char	km[] = "KME-A";

		km[4] = (char)('A' + j);
		if (j != i)
			ck_assert_int_eq(announce_link(node[i].a, km,
			    RESERVE), 0);
	}
}

static void
set_link(int i, int j, bool up)
{
	link_up[i][j] = link_up[j][i] = up;
	node[i].usable[j] = node[j].usable[i] = up;
	node[i].stock[j] = node[j].stock[i] = up ? 10 * RESERVE : 0;
	if (node[i].a != NULL)
		announce_channel(node[i].a, node[j].km, up);
	if (node[j].a != NULL)
		announce_channel(node[j].a, node[i].km, up);
}

/* A ring; 0 is at its ends. */
static void
begin(void)
{
	memset(link_up, 0, sizeof(link_up));
	memset(node, 0, sizeof(node));
	nqueue = messages = 0;
	now = 1000000;
	life = 100;
	for (int i = 0; i < NODES; i++)
		start(i);
	for (int i = 0; i < NODES; i++)
		set_link(i, (i + 1) % NODES, true);
	run(7000);
}

static void
finish(void)
{
	for (int i = 0; i < NODES; i++)
		announce_free(&node[i].a);
	for (unsigned k = 0; k < nqueue; k++)
		msgbuf_free(&queue[k].b);
}

/* What `at` knows of the link from i to j; -1: nothing. */
static int
level(int at, int i, int j)
{
	struct linkstate_link	l;

	return linkstate_look(announce_state(node[at].a), node[i].km,
	    node[j].km, &l) == 0 ? l.level : -1;
}

static uint32_t
cost(int from, int to)
{
	struct route	r;

	return linkstate_route(announce_state(node[from].a), node[to].km, &r);
}

START_TEST(every_node_knows_all_links)
{
	begin();
	for (int at = 0; at < NODES; at++)
		for (int i = 0; i < NODES; i++) {
			ck_assert_int_eq(level(at, i, (i + 1) % NODES),
			    LINKSTATE_AMPLE);
			ck_assert_int_eq(level(at, i, (i + 2) % NODES), -1);
		}
	ck_assert_uint_eq(cost(0, 2), 2 * linkstate_cost(LINKSTATE_AMPLE));
	finish();
}
END_TEST

START_TEST(a_link_without_key_is_news_at_once)
{
	begin();
	node[0].usable[1] = false;
	run(200);
	ck_assert_int_eq(level(3, 0, 1), LINKSTATE_NONE);
	ck_assert_int_eq(level(3, 1, 0), LINKSTATE_AMPLE);
	ck_assert_uint_eq(cost(0, 1), 4 * linkstate_cost(LINKSTATE_AMPLE));
	node[0].usable[1] = true;
	run(200);
	ck_assert_int_eq(level(3, 0, 1), LINKSTATE_AMPLE);
	finish();
}
END_TEST

START_TEST(a_link_that_is_down_is_not_announced)
{
	begin();
	set_link(0, 1, false);
	run(300);
	ck_assert_int_eq(level(3, 0, 1), -1);
	ck_assert_int_eq(level(3, 1, 0), -1);
	set_link(0, 1, true);
	run(300);
	ck_assert_int_ne(level(3, 0, 1), -1);
	finish();
}
END_TEST

START_TEST(levels_follow_the_stock_calmly)
{
	begin();
	for (int i = 0; i < 40; i++) {	/* it swings within bounds */
		node[0].stock[1] = i % 2 ? 3 * RESERVE : 5 * RESERVE;
		run(300);
		ck_assert_int_eq(level(2, 0, 1), LINKSTATE_AMPLE);
	}
	node[0].stock[1] = RESERVE / 4;		/* for a moment only */
	run(800);
	node[0].stock[1] = 5 * RESERVE;
	run(300);
	ck_assert_int_eq(level(2, 0, 1), LINKSTATE_AMPLE);
	run(2000);
	ck_assert_int_eq(level(2, 0, 1), LINKSTATE_AMPLE);
	node[0].stock[1] = RESERVE / 4;
	run(1500);
	ck_assert_int_eq(level(2, 0, 1), LINKSTATE_SCARCE);
	node[0].stock[1] = 5 * RESERVE;
	run(4000);
	ck_assert_int_eq(level(2, 0, 1), LINKSTATE_SCARCE);
	run(1500);
	ck_assert_int_eq(level(2, 0, 1), LINKSTATE_AMPLE);
	node[0].stock[1] = RESERVE * 3 / 2;
	run(1500);
	ck_assert_int_eq(level(2, 0, 1), LINKSTATE_FAIR);
	finish();
}
END_TEST

START_TEST(the_rate_is_that_of_the_last_half_minute)
{
	struct linkstate_link	l;

	begin();
	for (int i = 0; i < 600; i++) {
		node[0].came[1] += 50;		/* each 100 ms */
		run(100);
	}
	run(ANNOUNCE_EVERY_MS);			/* and nothing since */
	ck_assert_int_eq(linkstate_look(announce_state(node[2].a), "KME-A",
	    "KME-B", &l), 0);
	ck_assert_uint_lt(l.rate, 500);
	ck_assert_uint_eq(l.stock, 10 * RESERVE);
	for (int i = 0; i < 600; i++) {
		node[0].came[1] += 50;
		run(100);
	}
	run(200);
	ck_assert_int_eq(linkstate_look(announce_state(node[2].a), "KME-A",
	    "KME-B", &l), 0);
	ck_assert_uint_gt(l.rate, 250);
	ck_assert_uint_le(l.rate, 510);
	finish();
}
END_TEST

START_TEST(who_comes_later_hears_everything)
{
	begin();
	announce_free(&node[2].a);
	set_link(1, 2, false);
	set_link(2, 3, false);
	run(5000);
	ck_assert_int_eq(level(0, 1, 2), -1);
	start(2);
	set_link(1, 2, true);
	run(500);
	ck_assert_int_eq(level(2, 4, 0), LINKSTATE_AMPLE);
	ck_assert_uint_ne(cost(2, 4), LINKSTATE_UNREACHED);
	finish();
}
END_TEST

START_TEST(a_node_with_a_clock_gone_back_is_believed_again)
{
	begin();
	announce_free(&node[2].a);
	set_link(1, 2, false);
	set_link(2, 3, false);
	run(1000);
	life = 1;			/* below its life before */
	start(2);
	set_link(1, 2, true);
	set_link(2, 3, true);
	run(1000);
	ck_assert_uint_ge(announce_counters(node[2].a)->echoes, 1);
	ck_assert_uint_eq(cost(0, 2), 2 * linkstate_cost(LINKSTATE_AMPLE));
	ck_assert_int_eq(level(4, 2, 3), LINKSTATE_AMPLE);
	finish();
}
END_TEST

START_TEST(two_halves_find_together_again)
{
	begin();
	set_link(0, 1, false);
	set_link(3, 4, false);
	run(3000);
	ck_assert_uint_eq(cost(0, 2), LINKSTATE_UNREACHED);
	set_link(1, 2, false);		/* news that 0 cannot hear */
	run(3000);
	set_link(0, 1, true);
	run(500);
	ck_assert_int_eq(level(0, 1, 2), -1);
	set_link(3, 4, true);
	run(500);
	ck_assert_uint_ne(cost(1, 2), LINKSTATE_UNREACHED);
	finish();
}
END_TEST

START_TEST(an_idle_network_is_nearly_silent)
{
	begin();
	run(2 * ANNOUNCE_EVERY_MS + 5000);
	messages = 0;
	run(2 * ANNOUNCE_EVERY_MS);
	/* Five announcements twice, over five links, at most both ways. */
	ck_assert_uint_le(messages, 2 * NODES * NODES * 2);
	ck_assert_uint_ge(messages, NODES * (NODES - 1));
	finish();
}
END_TEST

START_TEST(an_announcement_that_was_lost_comes_again_soon)
{
	begin();
	node[0].usable[1] = false;
	link_up[0][4] = link_up[0][1] = false;	/* lost, and nobody knows */
	run(200);
	link_up[0][4] = link_up[0][1] = true;
	ck_assert_int_eq(level(3, 0, 1), LINKSTATE_AMPLE);
	run(ANNOUNCE_AGAIN_MS + 200);
	ck_assert_int_eq(level(3, 0, 1), LINKSTATE_NONE);
	finish();
}
END_TEST

/* An announcement by hand. */
static int
say(int to, const char *from, const char *origin, uint64_t sequence,
    const char *links, size_t len)
{
	struct msg_announce	m = { .incarnation = 500,
				    .sequence = sequence };

	strcpy(m.origin, origin);
	m.links = (struct msg_view){ (const uint8_t *)links, len };
	return announce_input(node[to].a, from, &m, now);
}

#define Z8	"\0\0\0\0\0\0\0\1"
#define TO_B	"\5KME-B\3" Z8 Z8
#define TO_C	"\5KME-C\2" Z8 Z8
#define SAY(to, from, origin, links) \
	say(to, from, origin, 9, links, sizeof(links) - 1)

START_TEST(what_cannot_be_is_refused_and_counted)
{
	uint64_t	refused;

	begin();
	refused = announce_counters(node[0].a)->refused;
	ck_assert_int_eq(SAY(0, "KME-B", "KME-Z", TO_B TO_C), 0);
	ck_assert_int_eq(SAY(0, "KME-B", "KME-Y", ""), 0);
	ck_assert_uint_eq(announce_counters(node[0].a)->refused, refused);
	/* Out of order, twice, to itself. */
	ck_assert_int_lt(SAY(0, "KME-B", "KME-X", TO_C TO_B), 0);
	ck_assert_int_lt(SAY(0, "KME-B", "KME-X", TO_B TO_B), 0);
	ck_assert_int_lt(SAY(0, "KME-B", "KME-B", TO_B), 0);
	/* No ID, one that is none, a level that is none, too short. */
	ck_assert_int_lt(SAY(0, "KME-B", "KME-X", "\0\3" Z8 Z8), 0);
	ck_assert_int_lt(SAY(0, "KME-B", "KME-X", "\1 \3" Z8 Z8), 0);
	ck_assert_int_lt(SAY(0, "KME-B", "KME-X", "\1B\4" Z8 Z8), 0);
	ck_assert_int_lt(SAY(0, "KME-B", "KME-X", "\1B\3" Z8 "\377" Z8), 0);
	ck_assert_int_lt(SAY(0, "KME-B", "KME-X", TO_B "\5KME-C"), 0);
	ck_assert_int_lt(say(0, "KME-B", "KME-X", LINKSTATE_SERIAL_MAX, TO_B,
	    sizeof(TO_B) - 1), 0);
	/* No neighbour of ours, none with a channel. */
	ck_assert_int_lt(SAY(0, "KME-Q", "KME-X", TO_B), 0);
	ck_assert_int_lt(SAY(0, "KME-C", "KME-X", TO_B), 0);
	ck_assert_uint_eq(announce_counters(node[0].a)->refused, refused + 11);
	ck_assert_uint_eq(cost(0, 2), 2 * linkstate_cost(LINKSTATE_AMPLE));
	finish();
}
END_TEST

START_TEST(a_neighbour_that_floods_is_cut_short)
{
	unsigned	taken = 0;

	begin();
	for (uint64_t i = 0; i < 2 * ANNOUNCE_PER_S; i++) {
		taken += say(0, "KME-B", "KME-Z", 10 + i, TO_B,
		    sizeof(TO_B) - 1) == 0;
		for (unsigned k = 0; k < nqueue; k++) {
			msgbuf_free(&queue[k].b);
			memset(&queue[k].b, 0, sizeof(queue[k].b));
		}
		nqueue = 0;
	}
	ck_assert_uint_le(taken, ANNOUNCE_PER_S);
	now += 1000;
	run(2000);
	ck_assert_int_eq(say(0, "KME-B", "KME-Z", 1u << 20, TO_B,
	    sizeof(TO_B) - 1), 0);
	finish();
}
END_TEST

UNIT_MAIN("announce", every_node_knows_all_links,
    a_link_without_key_is_news_at_once,
    a_link_that_is_down_is_not_announced,
    levels_follow_the_stock_calmly,
    the_rate_is_that_of_the_last_half_minute,
    who_comes_later_hears_everything,
    a_node_with_a_clock_gone_back_is_believed_again,
    two_halves_find_together_again,
    an_idle_network_is_nearly_silent,
    an_announcement_that_was_lost_comes_again_soon,
    what_cannot_be_is_refused_and_counted,
    a_neighbour_that_floods_is_cut_short)
