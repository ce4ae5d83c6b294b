/* check_wishing.c - key that is as the application wishes, or none. */
#include "config.h"

#include <string.h>

#include "enginepair.h"
#include "err.h"
#include "ksa/peer.h"
#include "ksa/pool.h"
#include "unit.h"

#define DIRECT	1U		/* rows of the table in extension.c */
#define AGE	2U

static struct pair_result	e, d;
#define IDS(r)	((const uint8_t (*)[16])(r).ids)

/* The stock came over so many links and was made so many ms ago. */
static void
begin(unsigned nodes, uint32_t hops, uint64_t age)
{
	pair_open_nodes(unit_path("."), nodes);
	pair.hops = pair.fresh_hops = hops;
	pair.age = pair.fresh_age = age;
	for (unsigned i = 0; i < nodes; i++)
		ck_assert_int_eq(pair_start(i), 0);
	ck_assert(pair_until(pair_ready, 10000));
	pair_run(400);
}

static void
wish(unsigned mandatory, unsigned optional, uint64_t max_age)
{
	pair.wish = (struct supply_wish){ .mandatory = mandatory,
	    .optional = optional, .asked = true, .max_age = max_age };
}

static void
ask(enum supply_status status)
{
	pair_enc(0, "SAE-A1", "SAE-B1", 4, 32, &e);
	ck_assert_msg(e.status == status, "%d %s", e.status, e.detail);
	if (status != SUPPLY_OK)
		return;
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 4, &d);
	ck_assert_int_eq(d.status, SUPPLY_OK);
	ck_assert_mem_eq(d.keys, e.keys, 128);
	ck_assert(!d.told);
}

static struct pool *
pool(unsigned peer)
{
	return engine_env(pair.n[0].s)->peers[peer]->pool;
}

START_TEST(nothing_is_told_to_whom_did_not_ask)
{
	begin(2, 1, 5000);
	ask(SUPPLY_OK);
	ck_assert(!e.told);
	wish(0, 0, 0);		/* "any" */
	ask(SUPPLY_OK);
	ck_assert(e.told);
	ck_assert(e.origin.direct);
	ck_assert(e.origin.dated);
	ck_assert_uint_ge(e.origin.age, 5000);
	ck_assert_uint_lt(e.origin.age, 60000);
	pair_close();
}
END_TEST

START_TEST(direct_key_is_cut_from_direct_blocks_only)
{
	begin(2, 2, 0);
	pair.fresh_hops = 1;
	wish(DIRECT, 0, 0);
	ask(SUPPLY_OK);
	ck_assert(e.origin.direct);
	/* Whoever does not ask still gets the oldest. */
	wish(0, 0, 0);
	ask(SUPPLY_OK);
	ck_assert(!e.origin.direct);
	wish(DIRECT, 0, 0);
	ask(SUPPLY_OK);
	ck_assert(e.origin.direct);
	pair_close();
}
END_TEST

START_TEST(key_of_the_same_node_is_direct)
{
	begin(2, 0, 0);
	wish(DIRECT, 0, 0);
	pair_enc(0, "SAE-A1", "SAE-A2", 1, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_OK);
	ck_assert(e.origin.direct);
	pair_close();
}
END_TEST

START_TEST(key_that_is_too_old_waits_for_fresh_key)
{
	uint64_t	before;

	begin(2, 1, 60000);
	pair.fresh_age = 10;
	before = pool_available(pool(1));
	wish(AGE, 0, 30000);
	ask(SUPPLY_OK);
	ck_assert_uint_lt(e.origin.age, 30000);
	/* The stock was full, and grew all the same. */
	ck_assert_uint_gt(pool_available(pool(1)), before);
	ask(SUPPLY_OK);
	ck_assert_uint_lt(e.origin.age, 30000);
	pair_close();
}
END_TEST

START_TEST(what_cannot_be_met_is_refused_by_its_name_and_costs_little)
{
	unsigned	before;

	begin(2, 3, 60000);
	pair.fresh_age = 50000;
	before = pair.taken;
	wish(DIRECT, 0, 0);
	ask(SUPPLY_UNMET);
	ck_assert_uint_eq(e.unmet, DIRECT);
	ck_assert_ptr_nonnull(strstr(e.detail, "128 octets of key are needed "
	    "for KM KME-B, 0 of "));
	wish(AGE, 0, 0);
	ask(SUPPLY_UNMET);
	ck_assert_uint_eq(e.unmet, AGE);
	wish(DIRECT | AGE, 0, 30000);
	ask(SUPPLY_UNMET);
	ck_assert_uint_eq(e.unmet, DIRECT | AGE);
	pair_run(1000);		/* nor is anything drawn afterwards */
	ck_assert_uint_le(pair.taken - before, 4);
	before = pair.taken;
	for (unsigned i = 0; i < 20; i++)
		ask(SUPPLY_UNMET);
	ck_assert_uint_eq(pair.taken, before);
	wish(DIRECT | AGE, 0, 3600000);
	ask(SUPPLY_UNMET);
	ck_assert_uint_eq(e.unmet, DIRECT);
	pair_close();
}
END_TEST

START_TEST(optional_wishes_are_met_or_ignored)
{
	unsigned	before;

	begin(2, 1, 60000);
	before = pair.taken;
	wish(0, AGE, 30000);
	ask(SUPPLY_OK);
	ck_assert_uint_ge(e.origin.age, 60000);
	ck_assert_uint_eq(pair.taken, before);
	pair.fresh_age = 10;
	wish(AGE, 0, 30000);
	ask(SUPPLY_OK);
	wish(0, AGE, 30000);
	ask(SUPPLY_OK);
	ck_assert_uint_lt(e.origin.age, 30000);
	/* One of two: the other one is met. */
	pair.fresh_hops = 2;
	wish(DIRECT, AGE, 30000);
	pair_enc(0, "SAE-A1", "SAE-B1", 1, 8000, &e);
	ck_assert_int_eq(e.status, SUPPLY_OK);
	ck_assert(e.origin.direct);
	ck_assert_uint_ge(e.origin.age, 60000);
	pair_close();
}
END_TEST

START_TEST(who_waits_for_other_key_holds_nobody_up)
{
	struct pair_result	w;

	begin(2, 2, 0);
	pair.dry = true;
	wish(DIRECT, 0, 0);
	ck_assert_ptr_nonnull(pair_enc_start(0, "SAE-A1", "SAE-B1", 4, 32,
	    &w));
	pair_run(100);
	ck_assert(!w.done);
	wish(0, 0, 0);
	ask(SUPPLY_OK);
	ck_assert(!w.done);
	pair_wait(&w);
	ck_assert_int_eq(w.status, SUPPLY_UNMET);
	pair_close();
}
END_TEST

START_TEST(a_client_that_goes_away_waits_no_more)
{
	struct supply_call	*c;
	struct pair_result	 w;

	begin(2, 2, 0);
	pair.dry = true;
	wish(DIRECT, 0, 0);
	c = pair_enc_start(0, "SAE-A1", "SAE-B1", 4, 32, &w);
	ck_assert_ptr_nonnull(c);
	ck_assert(supply_withdraw(c));
	/* And one that the engine's end finds waiting. */
	(void)pair_enc_start(0, "SAE-A1", "SAE-B1", 4, 32, &e);
	pair_run(100);
	ck_assert(!w.done);
	pair_stop(0);
	ck_assert(!w.done);
	ck_assert_int_eq(e.status, SUPPLY_UNAVAILABLE);
	pair_close();
}
END_TEST

START_TEST(too_little_key_of_any_kind_is_not_the_wish)
{
	begin(2, 2, 0);
	pair.dry = true;
	wish(DIRECT, 0, 0);
	pair_enc(0, "SAE-A1", "SAE-B1", 128, 8000, &e);
	ck_assert_int_eq(e.status, SUPPLY_INSUFFICIENT);
	pair_close();
}
END_TEST

START_TEST(all_pools_of_a_multicast_meet_the_wish)
{
	begin(3, 1, 0);
	wish(DIRECT, 0, 0);
	pair_enc(0, "SAE-A1", "SAE-B1 SAE-C1", 2, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_OK);
	pair.hops = pair.fresh_hops = 2;
	/* C's direct key is used up, B's is not. */
	wish(0, 0, 0);
	pair_enc(0, "SAE-A1", "SAE-C1", 1,
	    (uint32_t)pool_available(pool(2)) - 100, &e);
	ck_assert_int_eq(e.status, SUPPLY_OK);
	wish(DIRECT, 0, 0);
	pair_enc(0, "SAE-A1", "SAE-B1 SAE-C1", 4, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_UNMET);
	ck_assert_ptr_nonnull(strstr(e.detail, "KM KME-C"));
	wish(0, DIRECT, 0);
	pair_enc(0, "SAE-A1", "SAE-B1 SAE-C1", 4, 32, &e);
	ck_assert_msg(e.status == SUPPLY_OK, "%s", e.detail);
	ck_assert(!e.origin.direct);
	pair_close();
}
END_TEST

START_TEST(what_blocks_are_like_outlives_a_restart)
{
	begin(2, 1, 60000);
	pair_stop(0);
	pair.n[0].conf.relay_wait = 300;
	ck_assert_int_eq(pair_start(0), 0);
	ck_assert(pair_until(pair_ready, 10000));
	pair.dry = true;
	wish(DIRECT, 0, 0);
	ask(SUPPLY_OK);
	ck_assert_uint_ge(e.origin.age, 60000);
	wish(AGE, 0, 30000);
	ask(SUPPLY_UNMET);
	pair_close();
}
END_TEST

static uint64_t
larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Each wants key that is not older than what is there: the stock stays
 * bounded. On a slow machine what comes may be too old already. */
START_TEST(fresh_key_does_not_heap_up_old_key)
{
	uint64_t	most = 0;
	unsigned	met = 0;

	begin(2, 1, 60000);
	pair.fresh_age = 0;
	for (unsigned i = 0; i < 25; i++) {
		wish(AGE, 0, 200);
		pair_enc(0, "SAE-A1", "SAE-B1", 4, 32, &e);
		ck_assert(e.status == SUPPLY_OK || e.status == SUPPLY_UNMET);
		met += e.status == SUPPLY_OK;
		pair_enc(0, "SAE-A1", "SAE-A2", 1, 32, &e);
		pair_run(210);
		most = larger(most, pool_available(pool(0)));
		most = larger(most, pool_available(pool(1)));
	}
	ck_assert_uint_gt(met, 0);
	ck_assert_uint_lt(most, 2 * 40000 + 16 * 8000);
	wish(0, 0, 0);
	ask(SUPPLY_OK);
	pair_close();
}
END_TEST

UNIT_MAIN("wishing",
    nothing_is_told_to_whom_did_not_ask,
    direct_key_is_cut_from_direct_blocks_only,
    key_of_the_same_node_is_direct,
    key_that_is_too_old_waits_for_fresh_key,
    what_cannot_be_met_is_refused_by_its_name_and_costs_little,
    optional_wishes_are_met_or_ignored,
    who_waits_for_other_key_holds_nobody_up,
    a_client_that_goes_away_waits_no_more,
    too_little_key_of_any_kind_is_not_the_wish,
    all_pools_of_a_multicast_meet_the_wish,
    what_blocks_are_like_outlives_a_restart,
    fresh_key_does_not_heap_up_old_key)
