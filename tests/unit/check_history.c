/* Figures over the last hours: a ring of fixed size. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "history.h"
#include "servesample.h"
#include "unit.h"

static struct history	*h;
static json_t		*j;

static void
setup(void)
{
	ck_assert_ptr_nonnull(h = history_new());
}

static void
teardown(void)
{
	json_decref(j);
	j = NULL;
	history_free(&h);
}

static const json_t *
series(const char *name)
{
	return json_object_get(json_object_get(j, "series"), name);
}

static void
ask(uint64_t since)
{
	json_decref(j);
	ck_assert_ptr_nonnull(j = history_json(h, since));
}

static json_int_t
number(const char *name)
{
	return json_integer_value(json_object_get(j, name));
}

START_TEST(what_is_not_known_is_null)
{
	history_put(h, "early", 1);	/* before any step */
	history_begin(h, 1000);
	history_put(h, "a", 1.5);
	history_begin(h, 11000);
	history_put(h, "b", 2);
	history_put(h, "c", NAN);
	ask(0);
	ck_assert_int_eq(number("next"), 2);
	ck_assert_int_eq(number("end_ms"), 11000);
	ck_assert_ptr_null(series("early"));
	ck_assert_double_eq(json_real_value(json_array_get(series("a"), 0)),
	    1.5);
	ck_assert(json_is_null(json_array_get(series("a"), 1)));
	ck_assert(json_is_null(json_array_get(series("b"), 0)));
	ck_assert(json_is_null(json_array_get(series("c"), 1)));
}
END_TEST

START_TEST(who_asks_again_gets_only_what_is_new)
{
	for (int i = 0; i < 5; i++) {
		history_begin(h, 1000);
		history_put(h, "a", i);
	}
	ask(3);
	ck_assert_int_eq(number("first"), 3);
	ck_assert_uint_eq(json_array_size(series("a")), 2);
	ask(5);
	ck_assert_uint_eq(json_array_size(series("a")), 0);
	/* A number from before our start. */
	ask(6);
	ck_assert_int_eq(number("first"), 0);
	ck_assert_uint_eq(json_array_size(series("a")), 5);
}
END_TEST

START_TEST(the_oldest_steps_go)
{
	for (int i = 0; i < HISTORY_STEPS + 3; i++) {
		history_begin(h, 1000);
		history_put(h, "a", i);
	}
	ask(0);
	ck_assert_int_eq(number("first"), 3);
	ck_assert_uint_eq(json_array_size(series("a")), HISTORY_STEPS);
	ck_assert_double_eq(json_real_value(json_array_get(series("a"), 0)),
	    3);
}
END_TEST

START_TEST(series_have_a_limit_and_old_ones_make_room)
{
	char	name[32];

	history_begin(h, 1);
	for (int i = 0; i < HISTORY_SERIES + 10; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		history_put(h, name, i);
	}
	ask(0);
	ck_assert_uint_eq(json_object_size(json_object_get(j, "series")),
	    HISTORY_SERIES);
	for (int i = 0; i < HISTORY_STEPS; i++)
		history_begin(h, 1);
	history_put(h, "new", 1);
	ask(0);
	ck_assert_uint_eq(json_object_size(json_object_get(j, "series")), 1);
	ck_assert(json_is_null(json_array_get(series("new"), 0)));
}
END_TEST

static json_t *
ksa(int keys)
{
	return json_pack("{s:{s:i}, s:[{s:s, s:s, s:i}]}", "count",
	    "enc_keys", keys, "pools", "peer", "B", "direction", "out",
	    "octets", 7);
}

static void
sample(struct servesample *s, uint64_t ms, json_t *status)
{
	servesample(s, h, ms, NULL, status);
	json_decref(status);
}

START_TEST(rates_come_from_counters_that_only_grow)
{
	struct servesample	s = { .ms = 0 };

	sample(&s, 10000, ksa(100));
	sample(&s, 20000, ksa(150));	/* 5 a second */
	sample(&s, 30000, ksa(3));	/* it was started again */
	sample(&s, 40000, NULL);	/* it does not answer */
	sample(&s, 50000, ksa(4));
	sample(&s, 60000, ksa(4));
	ask(0);
	ck_assert(json_is_null(json_array_get(series("keys:enc"), 0)));
	ck_assert_double_eq(json_real_value(json_array_get(
	    series("keys:enc"), 1)), 5);
	for (size_t i = 2; i < 5; i++)
		ck_assert(json_is_null(json_array_get(series("keys:enc"),
		    i)));
	ck_assert_double_eq(json_real_value(json_array_get(
	    series("keys:enc"), 5)), 0);
	ck_assert_double_eq(json_real_value(json_array_get(
	    series("pool:B:out"), 5)), 7);
	ck_assert(json_is_null(json_array_get(series("pool:B:out"), 3)));
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("history");
	TCase	*t = tcase_create("all");
	SRunner	*r = srunner_create(s);
	int	 failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_not_known_is_null);
	tcase_add_test(t, who_asks_again_gets_only_what_is_new);
	tcase_add_test(t, the_oldest_steps_go);
	tcase_add_test(t, series_have_a_limit_and_old_ones_make_room);
	tcase_add_test(t, rates_come_from_counters_that_only_grow);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
