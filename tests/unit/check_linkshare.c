/*
 * check_linkshare.c - key moves between the directions of a link. Two ends
 * with real stores in one process; the test is the channel between them: it
 * loses, repeats and delays, and lets either end die at any step.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "err.h"
#include "kma/kma.h"
#include "log.h"

#define B		1024
#define BLOCKS		40	/* of each direction, at the beginning */
#define KEEP		4
#define QUEUE		64

struct end {
	struct kma		 kma;
	struct kma_link_conf	 conf;
	char			 dir[128];
	struct link		*l;
	bool			 spent[2 * BLOCKS + 2];
};

static struct event_base	*base;
static struct end		 end[2];	/* KME-A, KME-B */
static struct { struct msgbuf b; unsigned to; }	queue[QUEUE];
static size_t			 nqueue;
static uint64_t			 now;

uint64_t	__wrap_mono_ms(void);
int		__wrap_linkpull_new(struct link *);
int		__wrap_linkauth_send(struct link *, const struct msg *);

uint64_t
__wrap_mono_ms(void)
{
	return now;
}

int
__wrap_linkpull_new(struct link *l)
{
	(void)l;	/* no module: what there is is there */
	return 0;
}

int
__wrap_linkauth_send(struct link *l, const struct msg *m)
{
	struct msg	copy = *m;

	if (nqueue == QUEUE)
		return -E_DOWN;
	copy.kind = MSG_EVENT;
	queue[nqueue].to = l == end[0].l ? 1 : 0;
	queue[nqueue].b = (struct msgbuf){ 0 };
	ck_assert_int_eq(msg_encode(&queue[nqueue].b, &copy), 0);
	nqueue++;
	return 0;
}

/* ---- the channel ---- */

static void
on_disk(unsigned n)
{
	(void)linktx_commit_sync(linktx_new(end[n].kma.store));
}

static void
input(unsigned n, const struct msg *m)
{
	if (m->id == MSG_owned || m->id == MSG_held || m->id == MSG_link_hello)
		(void)linkcompare_in(end[n].l, m);
	else
		(void)linkshare_in(end[n].l, m);
	on_disk(n);
}

/* The oldest message arrives, is lost, or arrives and stays: a repeat. */
static enum msg_id
deliver(bool lost, bool stays)
{
	struct msg	m;
	size_t		used;
	struct msgbuf	b = queue[0].b;
	unsigned	to = queue[0].to;
	enum msg_id	id;

	ck_assert_uint_gt(nqueue, 0);
	if (!stays)
		memmove(queue, queue + 1, --nqueue * sizeof(queue[0]));
	ck_assert_int_eq(msg_decode(&m, b.p, b.len, &used), 0);
	id = m.id;
	if (!lost)
		input(to, &m);
	msg_wipe(&m);
	if (!stays)
		msgbuf_free(&b);
	return id;
}

static void
deliver_all(void)
{
	while (nqueue > 0)
		deliver(false, false);
}

static void
lose_all(void)
{
	while (nqueue > 0)
		deliver(true, false);
}

/* Up to and with the first of this kind. */
static void
deliver_to(enum msg_id id)
{
	while (deliver(false, false) != id)
		;
}

/* What channel_up() of linkauth.c does, at both ends. */
static void
reconnect(void)
{
	lose_all();
	for (unsigned n = 0; n < 2; n++)
		link_set_state(end[n].l, LINK_DOWN, "test");
	for (unsigned n = 0; n < 2; n++) {
		on_disk(n);
		linkshare_start(end[n].l);
		link_set_state(end[n].l, LINK_COMPARING, "test");
		linkcompare_start(end[n].l);
	}
	deliver_all();
	for (unsigned n = 0; n < 2; n++)
		ck_assert_int_eq(end[n].l->state, LINK_UP);
}

/* ---- the two ends ---- */

static void
start(unsigned n)
{
	struct end	*e = &end[n];
	char		 store[160], key[160];

	snprintf(kma_conf.kme_id, sizeof(kma_conf.kme_id), "KME-%c",
	    'A' + (char)n);
	snprintf(kma_conf.run_dir, sizeof(kma_conf.run_dir), "%s", e->dir);
	snprintf(store, sizeof(store), "%s/keys.db", e->dir);
	snprintf(key, sizeof(key), "%s/node.key", e->dir);
	ck_assert_int_eq(linkstore_open(&e->kma.store, base, store, key,
	    ""), 0);
	ck_assert_int_eq(link_new(&e->l, &e->kma, &e->conf), 0);
}

static void
stop(unsigned n)
{
	if (end[n].l == NULL)
		return;
	on_disk(n);
	link_free(&end[n].l);
	linkstore_close(&end[n].kma.store);
}

/* What its disk has is all that it remembers; nobody hears of it. */
static void
crash(unsigned n)
{
	stop(n);
	start(n);
	lose_all();
}

static void
put_blocks(unsigned n)
{
	struct end	*e = &end[n];
	struct linktx	*tx = linktx_new(e->kma.store);
	uint8_t		 block[B];

	for (uint64_t i = 1; i <= 2 * BLOCKS; i++) {
		memset(block, (int)i, sizeof(block));
		linktx_put(tx, e->l->id, i, block, sizeof(block));
		linktx_agree(tx, e->l->id, i);
	}
	ck_assert_int_eq(linktx_commit_sync(tx), 0);
}

static void
begin(void)
{
	char	path[160];

	log_init("test", LL_ERR + 1);
	ck_assert_int_eq(secret_init(1 << 20), 0);
	ck_assert_ptr_nonnull(base = event_base_new());
	kma_conf.block_octets = B;
	kma_conf.link_stock_max = 4096;
	kma_conf.link_share_keep = KEEP;
	now = 1000;
	memset(end, 0, sizeof(end));
	for (unsigned n = 0; n < 2; n++) {
		struct end	*e = &end[n];

		snprintf(e->dir, sizeof(e->dir), "%s",
		    unit_path(n == 0 ? "a" : "b"));
		ck_assert_int_eq(mkdir(e->dir, 0700), 0);
		snprintf(path, sizeof(path), "%s/ctl-kma", e->dir);
		ck_assert_int_eq(mkdir(path, 0700), 0);
		snprintf(path, sizeof(path), "%s/node.key", e->dir);
		unit_write(path, "00112233445566778899aabbccddeeff"
		    "00112233445566778899aabbccddeeff\n", 65, 0600);
		snprintf(e->conf.name, sizeof(e->conf.name), "a-b");
		snprintf(e->conf.peer, sizeof(e->conf.peer), "KME-%c",
		    'B' - (char)n);
		e->kma.base = base;
		start(n);
		put_blocks(n);
		stop(n);
		start(n);
	}
	reconnect();
}

static void
shell(const char *how, unsigned n)
{
	char	command[512];

	snprintf(command, sizeof(command), how, end[n].dir);
	ck_assert_int_eq(system(command), 0);
}

static void
finish(void)
{
	lose_all();
	for (unsigned n = 0; n < 2; n++) {
		stop(n);
		shell("rm -r %s", n);
	}
	event_base_free(base);
}

/* ---- use, and what must always hold ---- */

struct use { uint64_t idx; int r; };

static void
got(void *arg, int r, uint64_t idx)
{
	*(struct use *)arg = (struct use){ idx, r };
}

/* A block of n's direction is used at n and, if its frame arrives, at the
 * other end. False: there is none. */
static bool
use(unsigned n, bool arrives)
{
	struct use	 u = { 0, 1 };
	struct padwait	 w = { .fn = got, .arg = &u, .from = "A", .to = "B",
			    .own = true, .deadline = now };
	struct secret	*pad = NULL;
	struct linktx	*tx;

	link_want(end[n].l, &w);
	link_unwant(end[n].l, &w);
	if (u.r != 0)
		return false;
	for (unsigned i = 0; i < 2; i++) {
		ck_assert(!end[i].spent[u.idx]);
		end[i].spent[u.idx] = i == n;
	}
	tx = linktx_new(end[n].kma.store);
	linktx_spend(tx, end[n].l->id, u.idx);
	ck_assert_int_eq(linktx_commit_sync(tx), 0);
	if (!arrives || link_their_pad(end[!n].l, u.idx, &pad) < 0)
		return true;
	ck_assert_uint_eq(pad->bytes[0], u.idx);
	secret_free(&pad);
	link_their_pad_used(end[!n].l, u.idx);
	tx = linktx_new(end[!n].kma.store);
	linktx_spend(tx, end[!n].l->id, u.idx);
	ck_assert_int_eq(linktx_commit_sync(tx), 0);
	return true;
}

/* No block has two owners, ever. */
static void
one_owner(void)
{
	IDXSET_FOREACH(&end[0].l->own, p)
		ck_assert(!idxset_has(&end[1].l->own, *p));
	for (unsigned n = 0; n < 2; n++)
		IDXSET_FOREACH(&end[n].l->own, p)
			ck_assert(!end[!n].spent[*p] && !end[n].spent[*p]);
}

/* After comparing, both know the same of each block. */
static void
same(void)
{
	one_owner();
	for (unsigned n = 0; n < 2; n++) {
		struct idxset	*own = &end[n].l->own;
		struct idxset	*theirs = &end[!n].l->theirs;

		ck_assert_uint_eq(IDXSET_COUNT(own), IDXSET_COUNT(theirs));
		IDXSET_FOREACH(own, p)
			ck_assert(idxset_has(theirs, *p));
	}
}

static size_t
in_all(void)
{
	return IDXSET_COUNT(&end[0].l->own) + IDXSET_COUNT(&end[1].l->own);
}

/* Until 0 asks: its own direction is used up. The question waits. */
static void
make_it_ask(void)
{
	lose_all();
	now += 1000;
	while (nqueue == 0)
		ck_assert(use(0, true));
}

static void
ask(unsigned to, uint32_t blocks)
{
	struct msg	m = { .id = MSG_share_ask };

	m.share_ask.blocks = blocks;
	input(to, &m);
}

START_TEST(all_key_but_the_reserve_serves_the_one_direction_that_is_used)
{
	unsigned	used = 0;

	begin();
	for (unsigned idle = 0; idle < 10; now += 100) {
		bool	any = use(0, true);

		used += any;
		idle = any ? 0 : idle + 1;
		linkshare_tick(end[0].l);
		linkshare_tick(end[1].l);
		deliver_all();
		same();
	}
	ck_assert_uint_eq(used, 2 * BLOCKS - KEEP);
	ck_assert_uint_eq(IDXSET_COUNT(&end[1].l->own), KEEP);
	ck_assert_uint_eq(end[1].l->n.given, BLOCKS - KEEP);
	ck_assert_uint_eq(end[0].l->n.received, BLOCKS - KEEP);
	ck_assert_uint_eq(end[1].l->n.given_void, 0);
	crash(0);	/* and what is left, is left after a restart */
	crash(1);
	ck_assert_uint_eq(IDXSET_COUNT(&end[1].l->own), KEEP);
	finish();
}
END_TEST

START_TEST(moved_key_keeps_its_owner_over_restarts)
{
	begin();
	make_it_ask();
	deliver_all();
	same();
	ck_assert_uint_gt(end[0].l->n.received, 0);
	for (unsigned n = 0; n < 2; n++) {
		size_t	own = IDXSET_COUNT(&end[0].l->own), all = in_all();

		crash(n);
		reconnect();
		same();
		ck_assert_uint_eq(IDXSET_COUNT(&end[0].l->own), own);
		ck_assert_uint_eq(in_all(), all);
	}
	while (use(0, true))
		one_owner();
	finish();
}
END_TEST

/* Where the hand-over is broken off; which ends die; what is left of it. */
static const struct { enum msg_id after; bool answered; } steps[] = {
	{ MSG_share_ask, false },	/* struck, the give is lost */
	{ MSG_share_give, true },	/* taken, the answer is lost */
	{ MSG_share_taken, true },	/* all is said */
};

START_TEST(a_crash_at_any_step_leaves_each_block_one_owner_or_none)
{
	for (unsigned s = 0; s < 3; s++)
		for (unsigned dead = 0; dead < 4; dead++) {
			size_t	all;

			begin();
			make_it_ask();
			all = in_all();
			deliver_to(steps[s].after);
			one_owner();
			if (dead & 1)
				crash(0);
			one_owner();
			if (dead & 2)
				crash(1);
			one_owner();
			reconnect();
			same();
			/* Only what nobody heard of is lost. */
			if (steps[s].answered)
				ck_assert_uint_eq(in_all(), all);
			else
				ck_assert_uint_lt(in_all(), all);
			while (use(0, true) || use(1, true))
				one_owner();
			finish();
		}
}
END_TEST

START_TEST(a_lost_message_is_said_again_and_loses_no_key)
{
	size_t	all;

	begin();
	make_it_ask();
	all = in_all();
	deliver_to(MSG_share_ask);
	lose_all();			/* the give */
	/* In between each end says what it owns. */
	linkcompare_owned(end[1].l);
	linkcompare_owned(end[0].l);
	deliver_all();
	now += 1000;
	linkshare_tick(end[1].l);
	deliver_to(MSG_share_give);
	lose_all();			/* the answer */
	linkcompare_owned(end[0].l);
	linkcompare_owned(end[1].l);
	deliver_all();
	now += 1000;
	linkshare_tick(end[1].l);
	deliver_all();
	same();
	ck_assert_uint_eq(in_all(), all);
	ck_assert_uint_gt(end[1].l->n.given, 0);
	ck_assert_uint_eq(end[1].l->n.given_void, 0);
	finish();
}
END_TEST

START_TEST(a_frame_may_come_before_the_answer)
{
	struct secret	*pad = NULL;
	uint64_t	 idx;

	begin();
	make_it_ask();
	deliver_to(MSG_share_give);
	idx = IDXSET_FIRST(&end[0].l->own);
	ck_assert_uint_eq(idx % 2, 1);	/* it was B's */
	ck_assert_int_eq(link_their_pad(end[1].l, idx, &pad), 0);
	secret_free(&pad);
	ck_assert(use(0, true));
	deliver_all();
	same();
	finish();
}
END_TEST

START_TEST(an_answer_to_an_earlier_give_does_not_void_a_later_one)
{
	begin();
	make_it_ask();
	deliver_to(MSG_share_ask);
	deliver(false, true);		/* the give arrives, and again */
	deliver(false, false);
	deliver(false, true);		/* its answer, kept */
	ask(1, 3);			/* a second give */
	deliver(false, false);		/* the first answer once more */
	ck_assert_uint_eq(end[1].l->n.given_void, 0);
	deliver_all();
	same();
	ck_assert_uint_eq(end[1].l->n.given_void, 0);
	finish();
}
END_TEST

START_TEST(both_ask_at_once)
{
	size_t	all = 0;

	begin();
	ask(0, 5);
	ask(1, 7);
	all = 2 * BLOCKS;
	deliver_all();
	same();
	ck_assert_uint_eq(in_all(), all);
	ck_assert_uint_eq(end[0].l->n.given, 5);
	ck_assert_uint_eq(end[1].l->n.given, 7);
	finish();
}
END_TEST

START_TEST(a_block_moves_once)
{
	begin();
	ask(1, 10);
	deliver_all();
	ck_assert_uint_eq(IDXSET_COUNT(&end[0].l->own), BLOCKS + 10);
	ask(0, UINT32_MAX);
	deliver_all();
	same();
	/* All that was A's from the beginning, but not what was B's. */
	ck_assert_uint_eq(end[0].l->n.given, BLOCKS);
	ck_assert_uint_eq(IDXSET_COUNT(&end[0].l->own), 10);
	finish();
}
END_TEST

/* ---- a peer that lies ---- */

static void
say(unsigned to, enum msg_id id, uint64_t give, uint64_t first, uint64_t last)
{
	uint8_t		 r[16];
	struct msg	 m = { .id = id };

	for (int i = 0; i < 8; i++) {
		r[i] = (uint8_t)(first >> (56 - 8 * i));
		r[8 + i] = (uint8_t)(last >> (56 - 8 * i));
	}
	m.share_give.give = give;
	m.share_give.ranges = (struct msg_view){ r, sizeof(r) };
	input(to, &m);
}

START_TEST(what_was_not_given_cannot_be_claimed)
{
	struct secret	*pad = NULL;

	begin();
	say(0, MSG_share_taken, 1, 2, 2 * BLOCKS);
	ck_assert_uint_eq(IDXSET_COUNT(&end[0].l->own), BLOCKS);
	ck_assert_int_eq(link_their_pad(end[0].l, 2, &pad), -E_SPENT);
	ask(0, 1);			/* block 2 is struck */
	say(0, MSG_share_taken, end[0].l->share.give, 2, 2 * BLOCKS);
	ck_assert_uint_eq(end[0].l->n.given, 1);
	ck_assert_int_eq(link_their_pad(end[0].l, 4, &pad), -E_SPENT);
	ck_assert_uint_eq(IDXSET_COUNT(&end[0].l->own), BLOCKS - 1);
	finish();
}
END_TEST

START_TEST(who_gives_what_he_does_not_own_gives_nothing)
{
	begin();
	say(0, MSG_share_give, 1, 2, 8);	/* ours: refused */
	ck_assert_uint_eq(IDXSET_COUNT(&end[0].l->own), BLOCKS);
	ck_assert(use(1, true));		/* block 1 is spent */
	say(0, MSG_share_give, 2, 1, 1);
	ck_assert(!idxset_has(&end[0].l->own, 1));
	say(0, MSG_share_give, 3, 4 * BLOCKS + 1, 4 * BLOCKS + 1);
	ck_assert_uint_eq(IDXSET_COUNT(&end[0].l->own), BLOCKS);
	say(0, MSG_share_give, 4, 3, UINT64_C(1) << 60 | 1);	/* too many */
	ck_assert_uint_eq(IDXSET_COUNT(&end[0].l->own), BLOCKS);
	ask(0, 1);				/* block 2 goes */
	deliver_all();
	say(0, MSG_share_give, 5, 2, 2);	/* and does not come back */
	ck_assert(!idxset_has(&end[0].l->own, 2));
	one_owner();
	finish();
}
END_TEST

START_TEST(who_asks_for_everything_does_not_get_the_reserve)
{
	begin();
	for (int i = 0; i < 20; i++) {
		ask(0, UINT32_MAX);
		deliver_all();
	}
	ck_assert_uint_eq(IDXSET_COUNT(&end[0].l->own), KEEP);
	same();
	finish();
}
END_TEST

/* ---- a store that went back ---- */

/* The mark went up with the give, so the taker remembers more. */
START_TEST(a_giver_whose_store_went_back_shows_it_by_its_mark)
{
	uint64_t	mark;

	begin();
	stop(1);
	shell("cd %s && mkdir old && cp keys.db* old", 1);
	start(1);
	reconnect();
	mark = end[1].l->mark;
	ask(1, 5);
	deliver_all();
	ck_assert_uint_gt(end[1].l->mark, mark);
	ck_assert_uint_gt(end[0].l->mark, 0);	/* the taker's too */
	stop(1);
	shell("cd %s && cp old/keys.db* . && rm -r ctl-kma/*", 1);
	start(1);
	ck_assert_uint_eq(end[1].l->mark, mark);
	linkcompare_void(end[1].l, true, mark + 1);
	linkcompare_void(end[0].l, false, 0);
	ck_assert_uint_eq(in_all(), 0);
	crash(0);
	crash(1);
	ck_assert_uint_eq(in_all(), 0);		/* nor on disk */
	finish();
}
END_TEST

/* ---- anything in any order ---- */

static void
random_step(void)
{
	unsigned	n = (unsigned)rand() % 2;

	switch (rand() % 16) {
	case 0: case 1: case 2:
		(void)use(n, rand() % 8 != 0);
		break;
	case 3:
		ask(n, (uint32_t)rand() % 6);
		break;
	case 4:
		now += 1000;
		/* fall through */
	case 5:
		linkshare_tick(end[n].l);
		break;
	case 6:
		linkcompare_owned(end[n].l);
		break;
	case 7:
		if (rand() % 4 == 0) {
			crash(n);
			reconnect();
			same();
		}
		break;
	default:
		if (nqueue > 0)
			deliver(rand() % 6 == 0, rand() % 6 == 0);
	}
	one_owner();
}

START_TEST(nothing_that_happens_in_any_order_makes_two_owners)
{
	for (unsigned seed = 1; seed <= 12; seed++) {
		begin();
		srand(seed);
		for (int i = 0; i < 300; i++)
			random_step();
		reconnect();
		same();
		finish();
	}
}
END_TEST

UNIT_MAIN("linkshare",
    all_key_but_the_reserve_serves_the_one_direction_that_is_used,
    moved_key_keeps_its_owner_over_restarts,
    a_crash_at_any_step_leaves_each_block_one_owner_or_none,
    a_lost_message_is_said_again_and_loses_no_key,
    a_frame_may_come_before_the_answer,
    an_answer_to_an_earlier_give_does_not_void_a_later_one,
    both_ask_at_once, a_block_moves_once,
    what_was_not_given_cannot_be_claimed,
    who_gives_what_he_does_not_own_gives_nothing,
    who_asks_for_everything_does_not_get_the_reserve,
    a_giver_whose_store_went_back_shows_it_by_its_mark,
    nothing_that_happens_in_any_order_makes_two_owners)
