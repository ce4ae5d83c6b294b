/*
 * check_linkauth.c - the two ends of a link find a control key together. Real
 * stores and channels in one process; the test is relayd: it loses and delays.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "err.h"
#include "kma/kma.h"
#include "log.h"

#define B	1024
#define QUEUE	32

enum { L, H };			/* KME-A opens, even blocks are its own */
enum { NEED = 4 };		/* authlink.c */

struct end {
	struct kma		 kma;
	struct kma_link_conf	 conf;
	char			 dir[128];
	struct link		*l;
};

struct frame { unsigned to; size_t len; uint8_t p[1024]; };

static struct event_base	*base;
static struct end		 end[2];
static struct frame		 queue[QUEUE];
static size_t			 nqueue;
static uint64_t			 now;

uint64_t	__wrap_mono_ms(void);
int		__wrap_linkpull_new(struct link *);
int		__wrap_ipc_send(struct ipc *, const struct msg *);

uint64_t
__wrap_mono_ms(void)
{
	return now;
}

int
__wrap_linkpull_new(struct link *l)
{
	(void)l;	/* the modules give nothing more */
	return 0;
}

int
__wrap_ipc_send(struct ipc *ipc, const struct msg *m)
{
	struct frame	*f = &queue[nqueue];

	(void)ipc;
	if (m->id != MSG_control_out || nqueue == QUEUE)
		return 0;
	f->to = strcmp(m->control_out.peer, "KME-B") == 0 ? H : L;
	f->len = m->control_out.body.len;
	ck_assert_uint_le(f->len, sizeof(f->p));
	memcpy(f->p, m->control_out.body.p, f->len);
	nqueue++;
	return 0;
}

/* ---- the wire ---- */

static struct frame
next(void)
{
	struct frame	f = queue[0];

	ck_assert_uint_gt(nqueue, 0);
	memmove(queue, queue + 1, --nqueue * sizeof(queue[0]));
	return f;
}

static void
arrive(const struct frame *f)
{
	linkauth_in(end[f->to].l, f->p, f->len);
}

static void
deliver_all(void)
{
	for (int i = 0; nqueue > 0 && i < 100; i++) {
		struct frame	f = next();

		arrive(&f);
	}
}

/* A second goes by at both ends, and what they say arrives. */
static void
second(void)
{
	now += 1000;
	linkauth_tick(end[L].l);
	linkauth_tick(end[H].l);
	deliver_all();
}

static bool
both_up(void)
{
	return end[L].l->state == LINK_UP && end[H].l->state == LINK_UP;
}

/* ---- the ends ---- */

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
	(void)linktx_commit_sync(linktx_new(end[n].kma.store));
	link_free(&end[n].l);
	linkstore_close(&end[n].kma.store);
}

/* A block that both ends have agreed on. */
static void
agree(uint64_t idx)
{
	uint8_t	block[B];

	memset(block, (int)idx, sizeof(block));
	for (unsigned n = 0; n < 2; n++) {
		struct linktx	*tx = linktx_new(end[n].kma.store);

		linktx_put(tx, end[n].l->id, idx, block, sizeof(block));
		linktx_agree(tx, end[n].l->id, idx);
		ck_assert_int_eq(linktx_commit_sync(tx), 0);
		link_stock(end[n].l, idx);
	}
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
	now = 100000;
	nqueue = 0;
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
	}
}

static void
finish(void)
{
	char	command[512];

	for (unsigned n = 0; n < 2; n++) {
		stop(n);
		snprintf(command, sizeof(command), "rm -r %s", end[n].dir);
		ck_assert_int_eq(system(command), 0);
	}
	event_base_free(base);
}

static void
paths_up(void)
{
	link_path(end[L].l, true);
	link_path(end[H].l, true);
}

START_TEST(either_end_has_the_key_to_open_with)
{
	for (uint64_t idx = 1; idx <= 2; idx++) {
		begin();
		agree(idx);
		paths_up();
		deliver_all();
		ck_assert(both_up());
		finish();
	}
}
END_TEST

/* The key is H's last; no answer of H arrives for longer than it waits for
 * one to that key. */
START_TEST(the_last_key_is_named_until_the_other_end_hears_it)
{
	struct frame	f;

	begin();
	agree(1);
	paths_up();
	for (int i = 0; i < 30; i++) {
		now += 1000;
		linkauth_tick(end[L].l);
		while (nqueue > 0)
			if ((f = next()).to == H)
				arrive(&f);
	}
	ck_assert(!both_up());
	for (int i = 0; i < 5 && !both_up(); i++)
		second();
	ck_assert(both_up());
	finish();
}
END_TEST

/*
 * H's first NEED is late. Meanwhile L opened with a key of its own, and H
 * restarted; L believes the NEED and takes that key, which H knows no more.
 */
START_TEST(a_need_that_comes_late_does_not_part_the_ends)
{
	struct frame	late, f;

	begin();
	agree(1);
	paths_up();
	f = next();			/* L: PLEASE; H: NEED 1 */
	arrive(&f);
	while ((late = next()).to != L || late.p[1] != NEED)
		;
	nqueue = 0;
	agree(2);
	now += 1000;
	linkauth_tick(end[L].l);	/* HELLO 2, ACK; H dies */
	for (int i = 0; i < 2; i++) {
		f = next();
		arrive(&f);
	}
	stop(H);
	nqueue = 0;
	start(H);
	link_path(end[H].l, true);
	ck_assert(linkauth_is_up(end[L].l));
	nqueue = 0;
	arrive(&late);
	for (int i = 0; i < 30 && !both_up(); i++)
		second();
	ck_assert(both_up());
	finish();
}
END_TEST

START_TEST(a_link_says_whether_it_waits_for_the_way_or_for_a_key)
{
	const char	*why;

	begin();
	why = end[L].l->why;
	ck_assert_ptr_nonnull(strstr(why, "Kx connection"));
	paths_up();
	deliver_all();
	ck_assert(!both_up());
	ck_assert_ptr_nonnull(strstr(why, "no key for control messages"));
	link_path(end[L].l, false);
	ck_assert_ptr_nonnull(strstr(why, "Kx connection"));
	finish();
}
END_TEST

UNIT_MAIN("linkauth",
    either_end_has_the_key_to_open_with,
    a_link_says_whether_it_waits_for_the_way_or_for_a_key,
    the_last_key_is_named_until_the_other_end_hears_it,
    a_need_that_comes_late_does_not_part_the_ends)
