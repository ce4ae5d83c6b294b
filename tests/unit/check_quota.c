/* check_quota.c - token buckets, with a clock of the test's own. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/quota.h"
#include "unit.h"

static struct ksa_application	apps[3];
static struct ksa_quota		pairs[2];
static struct ksa_conf		conf;
static struct quota		*q;
static struct quota_lack	lack;
static const char		*slaves[] = { "B", "C" };
static uint64_t			now;

/* A: 100 octets/s, 1000 at once; A to B: 10 octets/s, 200 at once. */
static void
begin(void)
{
	now = 50000;
	memset(&conf, 0, sizeof(conf));
	memset(apps, 0, sizeof(apps));
	memset(pairs, 0, sizeof(pairs));
	strcpy(apps[0].id, "A");
	strcpy(apps[1].id, "B");
	strcpy(apps[2].id, "C");
	apps[0].rate = 100;
	apps[0].burst = 1000;
	strcpy(pairs[0].master, "A");
	strcpy(pairs[0].slave, "B");
	pairs[0].rate = 10;
	pairs[0].burst = 200;
	conf.applications = (struct conf_list){ 3, apps };
	conf.quotas = (struct conf_list){ 1, pairs };
	ck_assert_int_eq(quota_new(&q), 0);
	ck_assert_int_eq(quota_load(q, &conf, now), 0);
}

/* For the first n slaves from `first`. */
static int64_t
take(const char *master, unsigned first, unsigned n, uint64_t octets,
    uint64_t patience)
{
	struct quota_draw	d = { master, slaves + first, n, octets,
		octets * n };

	return quota_take(q, &d, patience, now, &lack);
}

START_TEST(who_has_no_quota_draws_what_it_likes)
{
	begin();
	ck_assert_int_eq(take("B", 1, 1, 1 << 30, 0), 0);
	ck_assert_int_eq(take("unheard of", 1, 1, 1 << 30, 0), 0);
	ck_assert(quota_left(q, "B", "C", now) == QUOTA_NONE);
	ck_assert(quota_most(q, "B", "C") == QUOTA_NONE);
	quota_free(&q);
}
END_TEST

START_TEST(a_quota_fills_with_time_up_to_its_burst)
{
	begin();
	ck_assert_int_eq(take("A", 1, 1, 1000, 0), 0);
	ck_assert_uint_eq(quota_left(q, "A", "C", now), 0);
	ck_assert_int_eq(take("A", 1, 1, 1, 0), -E_NO_KEY);
	now += 1230;
	ck_assert_uint_eq(quota_left(q, "A", "C", now), 123);
	ck_assert_int_eq(take("A", 1, 1, 124, 0), -E_NO_KEY);
	ck_assert_int_eq(take("A", 1, 1, 123, 0), 0);
	now += 1000000000;
	ck_assert_uint_eq(quota_left(q, "A", "C", now), 1000);
	now += UINT64_MAX / 2;
	ck_assert_uint_eq(quota_left(q, "A", "C", now), 1000);
	now -= UINT64_MAX / 4;		/* a clock that is wrong */
	ck_assert_int_eq(take("A", 1, 1, 1000, 0), 0);
	ck_assert_uint_eq(quota_left(q, "A", "C", now), 0);
	quota_free(&q);
}
END_TEST

START_TEST(a_draw_that_waits_is_told_how_long_and_keeps_its_place)
{
	begin();
	ck_assert_int_eq(take("A", 1, 1, 1000, 0), 0);
	ck_assert_int_eq(take("A", 1, 1, 300, 5000), 3000);
	ck_assert_int_eq(take("A", 1, 1, 100, 5000), 4000);
	ck_assert_int_eq(take("A", 1, 1, 101, 5000), -E_NO_KEY);
	ck_assert_uint_eq(lack.wait, 5010);
	ck_assert_uint_eq(lack.needed, 101);
	ck_assert_uint_eq(lack.left, 0);
	ck_assert_uint_eq(lack.rate, 100);
	ck_assert_uint_eq(lack.burst, 1000);
	ck_assert_ptr_null(lack.slave);
	now += 10;
	ck_assert_int_eq(take("A", 1, 1, 101, 5000), 5000);
	quota_free(&q);
}
END_TEST

START_TEST(what_was_not_drawn_is_given_back)
{
	const struct quota_draw	d = { "A", slaves, 2, 150, 300 };

	begin();
	ck_assert_int_eq(quota_take(q, &d, 0, now, &lack), 0);
	ck_assert_uint_eq(quota_left(q, "A", "C", now), 700);
	ck_assert_uint_eq(quota_left(q, "A", "B", now), 50);
	quota_give_back(q, &d);
	ck_assert_uint_eq(quota_left(q, "A", "C", now), 1000);
	ck_assert_uint_eq(quota_left(q, "A", "B", now), 200);
	quota_give_back(q, &d);			/* never more than burst */
	ck_assert_uint_eq(quota_left(q, "A", "C", now), 1000);
	quota_free(&q);
}
END_TEST

START_TEST(a_pair_has_a_quota_besides_its_master)
{
	begin();
	ck_assert_uint_eq(quota_most(q, "A", "B"), 200);
	ck_assert_uint_eq(quota_most(q, "A", "C"), 1000);
	ck_assert_uint_eq(quota_most(q, "B", "A"), QUOTA_NONE);
	ck_assert_int_eq(take("A", 0, 1, 200, 0), 0);
	ck_assert_int_eq(take("A", 0, 1, 10, 500), -E_NO_KEY);
	ck_assert_str_eq(lack.slave, "B");
	ck_assert_uint_eq(lack.wait, 1000);
	ck_assert_int_eq(take("A", 1, 1, 800, 0), 0);
	/* Both hinder: the longer wait is told, and nothing is taken. */
	ck_assert_int_eq(take("A", 0, 1, 20, 1000), -E_NO_KEY);
	ck_assert_str_eq(lack.slave, "B");
	ck_assert_uint_eq(lack.wait, 2000);
	ck_assert_int_eq(take("A", 1, 1, 10, 1000), 100);
	quota_free(&q);
}
END_TEST

START_TEST(a_copy_for_each_node_counts)
{
	begin();
	ck_assert_int_eq(take("A", 0, 2, 200, 0), 0);
	ck_assert_uint_eq(quota_left(q, "A", "C", now), 600);
	ck_assert_uint_eq(quota_left(q, "A", "B", now), 0);
	/* Its own quota would allow it, that of the pair does not. */
	ck_assert_int_eq(take("A", 0, 2, 100, 0), -E_NO_KEY);
	ck_assert_uint_eq(quota_left(q, "A", "C", now), 600);
	quota_free(&q);
}
END_TEST

START_TEST(what_exceeds_the_burst_is_refused_at_once)
{
	begin();
	ck_assert_int_eq(take("A", 1, 1, 1001, UINT64_MAX), -E_NO_KEY);
	ck_assert_uint_eq(lack.wait, 0);
	ck_assert_uint_eq(lack.burst, 1000);
	/* That weighs more than a wait, and nothing is taken. */
	ck_assert_int_eq(take("A", 1, 1, 1000, 0), 0);
	ck_assert_int_eq(take("A", 0, 1, 201, UINT64_MAX), -E_NO_KEY);
	ck_assert_str_eq(lack.slave, "B");
	ck_assert_uint_eq(lack.wait, 0);
	quota_free(&q);
}
END_TEST

START_TEST(a_reload_forgets_nothing_that_was_used_up)
{
	begin();
	ck_assert_int_eq(take("A", 0, 1, 150, 0), 0);
	apps[0].rate = 50;
	apps[0].burst = 2000;
	strcpy(pairs[1].master, "B");
	strcpy(pairs[1].slave, "A");
	pairs[1].rate = 7;
	conf.quotas.n = 2;
	ck_assert_int_eq(quota_load(q, &conf, now), 0);
	ck_assert_uint_eq(quota_left(q, "A", "C", now), 850);
	ck_assert_uint_eq(quota_left(q, "A", "B", now), 50);
	ck_assert_uint_eq(quota_left(q, "B", "A", now), 7);
	now += 1000;
	ck_assert_uint_eq(quota_left(q, "A", "C", now), 900);
	apps[0].burst = 100;			/* less than is there */
	conf.quotas.n = 0;
	ck_assert_int_eq(quota_load(q, &conf, now), 0);
	ck_assert_uint_eq(quota_left(q, "A", "C", now), 100);
	ck_assert_uint_eq(quota_left(q, "A", "B", now), 100);
	apps[0].rate = 0;
	ck_assert_int_eq(quota_load(q, &conf, now), 0);
	ck_assert(quota_left(q, "A", "B", now) == QUOTA_NONE);
	quota_free(&q);
}
END_TEST

START_TEST(the_largest_rates_do_not_overflow)
{
	begin();
	apps[0].rate = apps[0].burst = 1073741824;
	ck_assert_int_eq(quota_load(q, &conf, now), 0);
	now += 3600000;
	ck_assert_uint_eq(quota_left(q, "A", "C", now), 1073741824);
	ck_assert_int_eq(take("A", 1, 1, 1073741824, 0), 0);
	for (int i = 1; i <= 600; i++)
		ck_assert_int_eq(take("A", 1, 1, 1073741824, 600000),
		    i * 1000);
	ck_assert_int_eq(take("A", 1, 1, 1, 600000), -E_NO_KEY);
	now += 601000;
	ck_assert_uint_eq(quota_left(q, "A", "C", now), 1073741824);
	quota_free(&q);
}
END_TEST

UNIT_MAIN("quota", who_has_no_quota_draws_what_it_likes,
    a_quota_fills_with_time_up_to_its_burst,
    a_draw_that_waits_is_told_how_long_and_keeps_its_place,
    what_was_not_drawn_is_given_back, a_pair_has_a_quota_besides_its_master,
    a_copy_for_each_node_counts, what_exceeds_the_burst_is_refused_at_once,
    a_reload_forgets_nothing_that_was_used_up,
    the_largest_rates_do_not_overflow)
