/* check_newblocks.c - blocks that are void and what still comes of them. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "block.h"
#include "enginepair.h"
#include "err.h"
#include "ksa/blocks.h"
#include "ksa/channel.h"
#include "ksa/confirm.h"
#include "ksa/newblocks.h"
#include "ksa/peer.h"
#include "ksa/pool.h"
#include "unit.h"

#define SERIAL	4711
#define OCTETS	POOL_OCTETS(BLOCK_OCTETS_MIN)

static uint8_t		octets[OCTETS];
static struct peer	*a, *b;		/* B as A has it; A as B does */

static void
begin(void)
{
	pair_open(unit_path("."));
	ck_assert_int_eq(pair_start(0), 0);
	ck_assert_int_eq(pair_start(1), 0);
	ck_assert(pair_until(pair_ready, 10000));
	pair_run(300);
	a = engine_env(pair.n[0].s)->peers[1];
	b = engine_env(pair.n[1].s)->peers[1];
	memset(octets, 7, sizeof(octets));
}

/* What kma hands over, and what A says of it. */
static void
comes(uint64_t serial)
{
	static const struct material	m = { MATERIAL_HOPS_UNKNOWN,
	    MATERIAL_BORN_UNKNOWN, 1 };

	newblocks_add(b->newblocks, THEIRS, serial, &m,
	    secret_copy(octets, sizeof(octets)));
}

static void
is_confirmed(uint64_t serial)
{
	struct confirm_tags	t;
	struct msg		m = { .id = MSG_confirm };

	ck_assert_int_eq(confirm_tags(&t, octets, sizeof(octets), b->km, a->km,
	    serial), 0);
	m.confirm.block = serial;
	m.confirm.tag = (struct msg_view){ t.out, sizeof(t.out) };
	newblocks_confirm(b->newblocks, &m.confirm, false);
}

static void
is_void_at_a(uint64_t serial)
{
	struct msg_block_void	m = { .block = serial, .mine = 1 };

	newblocks_block_void(b->newblocks, &m);
}

static int
state(uint64_t serial)
{
	struct block_name	name = { b->km, b->id, THEIRS, serial };
	struct block_row	row;

	return blocks_find(keystore_reader(b->env->store), &name, &row) < 0 ?
	    -1 : row.state;
}

static bool
is_ready(void)
{
	return state(SERIAL) == BLOCK_READY;
}

static bool
is_gone(void)
{
	return state(SERIAL) == -1;
}

START_TEST(a_block_that_was_confirmed_early_is_ready_when_it_comes)
{
	begin();
	is_confirmed(SERIAL);
	comes(SERIAL);
	ck_assert(pair_until(is_ready, 3000));
	is_void_at_a(SERIAL);
	ck_assert(pair_until(is_gone, 3000));
	pair_close();
}
END_TEST

/* kma was away for so long that the source gave the block up. */
START_TEST(a_void_block_that_comes_late_stays_void)
{
	begin();
	for (unsigned i = 0; i < 3; i++) {
		is_confirmed(SERIAL);
		if (i == 0)
			is_void_at_a(SERIAL);
		pair_run(50);
		comes(SERIAL);
		pair_run(200);
		ck_assert_int_eq(state(SERIAL), -1);
		ck_assert_uint_eq(newblocks_count(b->newblocks, THEIRS), 0);
	}
	comes(SERIAL + 1);	/* others are not concerned */
	pair_run(200);
	ck_assert_int_eq(state(SERIAL + 1), BLOCK_NEW);
	pair_close();
}
END_TEST

START_TEST(a_void_block_is_void_after_a_restart)
{
	begin();
	is_void_at_a(SERIAL);
	pair_run(100);
	pair_stop(1);
	ck_assert_int_eq(pair_start(1), 0);
	b = engine_env(pair.n[1].s)->peers[1];
	is_confirmed(SERIAL);
	comes(SERIAL);
	pair_run(200);
	ck_assert_int_eq(state(SERIAL), -1);
	pair_close();
}
END_TEST

/* ---- the answer ---- */

static bool	answered, early;

/* Where the messages stand in what the authlink sends, and what is behind. */
#define BEFORE	(1 + 17)
#define BEHIND	32

static bool
watch(unsigned from, unsigned to, const struct msg_view *body)
{
	struct msg	m;
	size_t		used, at = BEFORE;

	(void)to;
	while (from == 1 && at + BEHIND < body->len && msg_decode(&m,
	    body->p + at, body->len - BEHIND - at, &used) == 0) {
		if (m.id == MSG_block_void && m.block_void.answer != 0 &&
		    m.block_void.block == SERIAL) {
			answered = true;
			early = early || state(SERIAL) != -1;
		}
		msg_wipe(&m);
		at += used;
	}
	return false;
}

static int
slow(struct db *db, void *arg)
{
	(void)db, (void)arg;
	usleep(200 * 1000);	/* the disk is busy */
	return 0;
}

static bool
is_answered(void)
{
	return answered;
}

/* If B dies before, it says so again; A forgets what was answered. */
START_TEST(a_void_is_answered_when_it_is_on_disk)
{
	begin();
	is_confirmed(SERIAL);
	comes(SERIAL);
	ck_assert(pair_until(is_ready, 3000));
	answered = early = false;
	pair.spy = watch;
	env_add(b->env, slow, NULL, NULL);
	is_void_at_a(SERIAL);
	ck_assert(pair_until(is_answered, 3000));
	ck_assert(!early);
	pair.spy = NULL;
	pair_close();
}
END_TEST

/* ---- what it costs ---- */

struct flood { struct env *env; uint64_t first, n; };

static int
flood_run(struct db *db, void *arg)
{
	struct flood	*f = arg;
	int		 r = 0;

	(void)db;
	for (uint64_t i = 0; r == 0 && i < f->n; i++)
		r = keystore_tombstone_add(keystore_writer(f->env->store),
		    b->id, f->first + i);
	return r;
}

START_TEST(tombstones_of_a_peer_are_limited)
{
	struct flood	f;
	struct side	*s;

	begin();
	f = (struct flood){ b->env, SERIAL, 5000 };
	ck_assert_int_eq(committer_sync(keystore_committer(b->env->store),
	    flood_run, &f), 0);
	s = keystore_reader(b->env->store);
	ck_assert_int_eq(db_int(s->db, -1, "SELECT count(*) FROM tombstone",
	    ""), 4096);
	ck_assert_int_eq(keystore_tombstone_find(s, b->id, SERIAL), 0);
	ck_assert_int_eq(keystore_tombstone_find(s, b->id, SERIAL + 4999), 1);
	ck_assert_int_eq(keystore_tombstone_find(s, a->id + 1, SERIAL + 4999),
	    0);
	pair_close();
}
END_TEST

static bool
supplies(void)
{
	static struct pair_result	r;

	pair_enc(1, "SAE-B1", "SAE-A1", PAIR_KEYS_MAX, 32, &r);
	return r.status == SUPPLY_OK;
}

/* Its disk was full for so long that it is asked at long intervals only. */
START_TEST(a_peer_that_stores_its_own_blocks_gets_ours_again)
{
	begin();
	pair.n[1].conf.relay_wait = 300;
	for (unsigned i = 0; i < 16; i++)
		pool_unanswered(b->pool);	/* 45 s until the next */
	while (supplies())
		;
	ck_assert(!supplies());
	is_confirmed(SERIAL);
	comes(SERIAL);
	ck_assert(pair_until(supplies, 10000));
	pair_close();
}
END_TEST

UNIT_MAIN("newblocks",
    a_peer_that_stores_its_own_blocks_gets_ours_again,
    a_block_that_was_confirmed_early_is_ready_when_it_comes,
    a_void_block_that_comes_late_stays_void,
    a_void_block_is_void_after_a_restart,
    a_void_is_answered_when_it_is_on_disk,
    tombstones_of_a_peer_are_limited)
