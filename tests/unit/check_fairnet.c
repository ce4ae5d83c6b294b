/*
 * check_fairnet.c - the queues of many links (padline.c) and the gates of
 * many sources (gate.c) together, without a clock: every pair of a network
 * wants all that it can get, and each gets its part.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "kma/gate.h"
#include "kma/padline.h"
#include "unit.h"

#define NODES		10
#define LINKS		40		/* directions of one */
#define FLOWS		(NODES * NODES)
#define ASKED		16		/* blocks that a source asks for */
#define TIMEOUT		5000		/* ms: relay_timeout */
#define HOP_MS		15		/* from node to node */
#define STEP		5

struct dir {				/* one direction of a link */
	unsigned	from, to;
	double		rate, stock;	/* blocks/s */
	struct padline	line;
};

enum at { ASKING, WAITING, MOVING, BACK };

struct frame {
	struct flow	*flow;
	struct padwait	 wait;
	struct gatewait	 gate;
	enum at		 at;
	unsigned	 hop;
	uint64_t	 until;
	bool		 lost;
};

struct flow {
	unsigned	 from, to, asked;
	struct dir	*way[NODES];
	unsigned	 hops;
	double		 share;
	unsigned	 came, lost;
	struct frame	 frames[ASKED];
};

static struct dir	dirs[LINKS];
static struct flow	flows[FLOWS];
static struct gates	gates[NODES];
static unsigned		nnodes, ndirs, nflows;
static uint64_t		now;
static const char	names[] = "A\0B\0C\0D\0E\0F\0G\0H\0I\0J";

static const char *
name(unsigned node)
{
	return names + 2 * node;
}

static void
link_one(unsigned a, unsigned b, double rate)
{
	struct dir	*d = &dirs[ndirs++];

	ck_assert_uint_le(ndirs, LINKS);
	*d = (struct dir){ .from = a, .to = b, .rate = rate };
	padline_init(&d->line, 25);
}

static void
link_both(unsigned a, unsigned b, double rate)
{
	link_one(a, b, rate);
	link_one(b, a, rate);
}

static void
begin(unsigned nodes)
{
	nnodes = nodes;
	ndirs = nflows = 0;
	now = 1;
	for (unsigned i = 0; i < nodes; i++)
		gates_init(&gates[i], TIMEOUT);
}

/* The shortest way, by breadth. */
static void
flow_new(unsigned from, unsigned to, unsigned asked)
{
	struct flow	*f = &flows[nflows++];
	struct dir	*in[NODES] = { 0 };
	unsigned	 queue[NODES] = { from }, n = 1;

	memset(f, 0, sizeof(*f));
	f->from = from;
	f->to = to;
	f->asked = asked;
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < ndirs; k++)
			if (dirs[k].from == queue[i] && dirs[k].to != from &&
			    in[dirs[k].to] == NULL) {
				in[dirs[k].to] = &dirs[k];
				queue[n++] = dirs[k].to;
			}
	for (unsigned at = to; at != from; at = in[at]->from) {
		ck_assert_ptr_nonnull(in[at]);
		memmove(f->way + 1, f->way, sizeof(f->way[0]) * f->hops++);
		f->way[0] = in[at];
	}
}

static void
flows_of_all(unsigned asked)
{
	for (unsigned a = 0; a < nnodes; a++)
		for (unsigned b = 0; b < nnodes; b++)
			if (a != b)
				flow_new(a, b, asked);
}

/* ---- shares: all grow alike until a direction on the way is used up ---- */

static bool
uses(const struct flow *f, const struct dir *d)
{
	for (unsigned i = 0; i < f->hops; i++)
		if (f->way[i] == d)
			return true;
	return false;
}

/* Of the direction with least for each flow that is not settled. */
static struct dir *
tightest(const bool *settled, double *each)
{
	struct dir	*found = NULL;

	for (unsigned k = 0; k < ndirs; k++) {
		double		left = dirs[k].rate;
		unsigned	n = 0;

		for (unsigned i = 0; i < nflows; i++) {
			if (!uses(&flows[i], &dirs[k]))
				continue;
			if (settled[i])
				left -= flows[i].share;
			else
				n++;
		}
		if (n > 0 && (found == NULL || left / n < *each)) {
			*each = left / n;
			found = &dirs[k];
		}
	}
	return found;
}

static void
shares(void)
{
	bool		 settled[FLOWS] = { false };
	struct dir	*d;
	double		 each;

	while ((d = tightest(settled, &each)) != NULL)
		for (unsigned i = 0; i < nflows; i++)
			if (!settled[i] && uses(&flows[i], d)) {
				settled[i] = true;
				flows[i].share = each;
			}
}

/* ---- frames ---- */

static void
ended(struct frame *f, bool came)
{
	f->flow->came += came;
	gate_leave(&gates[f->flow->from], &f->gate, came, now);
	f->at = ASKING;
	/* ksa asks again, after a while if it was in vain. */
	f->until = came ? now : now + 500;
}

static void
got(void *arg, int r, uint64_t idx)
{
	struct frame	*f = arg;

	(void)idx;
	if (r < 0 && f->hop == 0) {
		ended(f, false);
		return;
	}
	if (r == 0 && f->hop == 0)
		gate_sent(&f->gate, now);
	f->lost = r < 0;
	f->flow->lost += r < 0;
	f->at = r < 0 || f->hop + 1 == f->flow->hops ? BACK : MOVING;
	f->until = now + HOP_MS * (f->at == BACK ? f->hop + 1 : 1);
}

static void
stand(struct frame *f)
{
	struct flow	*fl = f->flow;
	struct padline	*line = &fl->way[f->hop]->line;

	f->at = WAITING;
	f->wait = (struct padwait){ .fn = got, .arg = f,
	    .from = name(fl->from), .to = name(fl->to), .own = f->hop == 0,
	    .deadline = now + (f->hop == 0 ? TIMEOUT : TIMEOUT / 2) };
	if (f->hop > 0 && padline_is_hopeless(line, name(fl->from),
	    name(fl->to), TIMEOUT / 2))
		got(f, -E_NO_KEY, 0);
	else
		ck_assert_int_eq(padline_add(line, &f->wait), 0);
}

static void
may_go(void *arg)
{
	stand(arg);
}

static void
ask(struct frame *f)
{
	f->hop = 0;
	f->at = BACK;		/* nothing happens to it by itself */
	f->until = UINT64_MAX;
	f->gate = (struct gatewait){ .fn = may_go, .arg = f };
	ck_assert_int_eq(gate_enter(&gates[f->flow->from], name(f->flow->to),
	    &f->gate, now), 0);
}

static void
move(struct frame *f)
{
	if (now < f->until)
		return;
	if (f->at == ASKING)
		ask(f);
	else if (f->at == MOVING) {
		f->hop++;
		stand(f);
	} else if (f->at == BACK)
		ended(f, !f->lost && now - f->gate.sent <= TIMEOUT);
}

static void
deal(struct dir *d, bool second)
{
	struct padwait	*w;

	d->stock += d->rate * STEP / 1000;
	while ((w = padline_expired(&d->line, now)) != NULL)
		w->fn(w->arg, -E_NO_KEY, 0);
	while (d->stock >= 1 && (w = padline_next(&d->line)) != NULL) {
		d->stock--;
		w->fn(w->arg, 0, 0);
	}
	if (d->stock > 4)
		d->stock = 4;
	if (second)
		padline_second(&d->line);
}

static void
run(unsigned seconds)
{
	for (unsigned i = 0; i < nflows; i++) {
		flows[i].came = flows[i].lost = 0;
		for (unsigned k = 0; k < flows[i].asked; k++)
			flows[i].frames[k].flow = &flows[i];
	}
	for (uint64_t end = now + 1000ull * seconds; now < end; now += STEP) {
		for (unsigned k = 0; k < ndirs; k++)
			deal(&dirs[k], now / 1000 != (now + STEP) / 1000);
		for (unsigned i = 0; i < nflows; i++)
			for (unsigned k = 0; k < flows[i].asked; k++)
				if (flows[i].frames[k].at != WAITING)
					move(&flows[i].frames[k]);
		for (unsigned i = 0; i < nnodes; i++)
			gates_pump(&gates[i], now);
	}
}

static double
worst(unsigned seconds, double *lost)
{
	double	least = 1e9, came = 0;

	*lost = 0;
	for (unsigned i = 0; i < nflows; i++) {
		double	part = flows[i].came / (seconds * flows[i].share);

		least = part < least ? part : least;
		came += flows[i].came;
		*lost += flows[i].lost;
	}
	*lost /= came + *lost;
	return least;
}

static void
finish(void)
{
	for (unsigned k = 0; k < ndirs; k++) {
		while (padline_any(&dirs[k].line) != NULL)
			;
		padline_free(&dirs[k].line);
	}
	for (unsigned i = 0; i < nnodes; i++)
		gates_free(&gates[i]);
}

/* Of the shares, what the worst served has at least; of what was sent, what
 * is lost at most. */
static void
held_against(const char *what, double part, double loss)
{
	double	least, lost;

	shares();
	run(60);
	run(300);
	least = worst(300, &lost);
	printf("%s: the worst has %.2f of its share, %.3f is lost\n", what,
	    least, lost);
	ck_assert_double_ge(least, part);
	ck_assert_double_le(lost, loss);
	finish();
}

START_TEST(in_a_star_all_pairs_get_their_part)
{
	/* blocks/s of a direction; with the last a round takes longer than
	 * a frame may wait. */
	static const double	rates[] = { 30, 4, 1.5 };
	static const double	parts[] = { 0.8, 0.8, 0.4 };

	for (unsigned r = 0; r < 3; r++) {
		begin(6);
		for (unsigned i = 1; i < nnodes; i++)
			link_both(0, i, rates[r]);
		flows_of_all(8);
		held_against("star", parts[r], 0.1);
	}
}
END_TEST

START_TEST(in_a_ring_all_pairs_get_their_part)
{
	static const double	rates[] = { 30, 4, 2 };
	static const double	parts[] = { 0.8, 0.5, 0.4 };

	for (unsigned r = 0; r < 3; r++) {
		begin(6);
		for (unsigned i = 0; i < nnodes; i++)
			link_both(i, (i + 1) % nnodes, rates[r]);
		flows_of_all(8);
		held_against("ring", parts[r], 0.1);
	}
}
END_TEST

START_TEST(in_graphs_at_random_all_pairs_get_their_part)
{
	for (unsigned seed = 1; seed <= 10; seed++) {
		srand(seed);
		begin(9);
		for (unsigned i = 1; i < nnodes; i++)
			link_both(i, (unsigned)rand() % i,
			    5 + (double)(rand() % 20));
		for (unsigned i = 0; i < 5; i++)
			link_both(i, i + 2 + (unsigned)rand() % 3,
			    5 + (double)(rand() % 20));
		flows_of_all(8);
		held_against("random", 0.5, 0.05);
	}
}
END_TEST

/* One pair asks for much, across all links; on each there is one more. */
START_TEST(a_long_way_is_no_reason_to_get_less)
{
	begin(5);
	for (unsigned i = 0; i < 4; i++)
		link_one(i, i + 1, 4);
	flow_new(0, 4, 16);
	for (unsigned i = 0; i < 4; i++)
		flow_new(i, i + 1, 16);
	held_against("long", 0.7, 0.05);
}
END_TEST

/* Where all goes well up to a last link with very little key, what is sent
 * is not lost there. */
START_TEST(key_of_the_first_links_is_not_wasted_for_a_poor_last_one)
{
	begin(4);
	link_one(0, 1, 40);
	link_one(1, 2, 40);
	link_one(2, 3, 1);
	flow_new(0, 3, 16);
	flow_new(0, 1, 16);
	flow_new(2, 3, 16);
	held_against("poor", 0.7, 0.1);
}
END_TEST

START_TEST(one_that_asks_for_much_does_not_keep_another_out)
{
	begin(4);
	link_one(0, 2, 40);
	link_one(1, 2, 40);
	link_one(2, 3, 4);
	flow_new(0, 3, 16);
	flow_new(1, 3, 2);
	held_against("greedy", 0.8, 0.1);
}
END_TEST

START_TEST(a_gate_opens_quickly_where_there_is_key)
{
	begin(4);
	for (unsigned i = 0; i < 3; i++)
		link_one(i, i + 1, 1000);
	flow_new(0, 3, 16);
	run(2);
	/* 16 in flight, back after four times HOP_MS at most. */
	ck_assert_uint_gt(flows[0].came, 300);
	ck_assert_uint_eq(flows[0].lost, 0);
	finish();
}
END_TEST

UNIT_MAIN("fairnet", in_a_star_all_pairs_get_their_part,
    in_a_ring_all_pairs_get_their_part,
    in_graphs_at_random_all_pairs_get_their_part,
    a_long_way_is_no_reason_to_get_less,
    key_of_the_first_links_is_not_wasted_for_a_poor_last_one,
    one_that_asks_for_much_does_not_keep_another_out,
    a_gate_opens_quickly_where_there_is_key)
