/* Figures: histograms, and families of what a status says. */
#include <string.h>

#include "metrics.h"
#include "unit.h"

static struct histogram	h;
static json_t		*all;

static json_t *
family(size_t i)
{
	return json_array_get(json_object_get(all, "metrics"), i);
}

static json_t *
sample(size_t i, size_t n)
{
	return json_array_get(json_object_get(family(i), "samples"), n);
}

static double
number(const json_t *o, const char *name)
{
	return json_number_value(json_object_get(o, name));
}

START_TEST(a_time_counts_in_the_first_bucket_that_it_fits_into)
{
	memset(&h, 0, sizeof(h));
	histogram_add(&h, 0);
	histogram_add(&h, histogram_bounds[0]);
	histogram_add(&h, histogram_bounds[0] + 1);
	histogram_add(&h, histogram_bounds[HISTOGRAM_BOUNDS - 1] + 1);
	ck_assert_uint_eq(h.n[0], 2);
	ck_assert_uint_eq(h.n[1], 1);
	ck_assert_uint_eq(h.n[HISTOGRAM_BOUNDS], 1);
	ck_assert_uint_eq(histogram_count(&h), 4);
	ck_assert_uint_eq(h.sum, 2 * histogram_bounds[0] + 1 +
	    histogram_bounds[HISTOGRAM_BOUNDS - 1] + 1);
}
END_TEST

START_TEST(a_clock_that_was_set_back_counts_as_no_time)
{
	memset(&h, 0, sizeof(h));
	histogram_since(&h, histogram_now() + 3600 * 1000000ULL);
	ck_assert_uint_eq(h.n[0], 1);
	ck_assert_uint_eq(h.sum, 0);
}
END_TEST

START_TEST(buckets_are_cumulative_and_count_has_all)
{
	json_t	*b;

	memset(&h, 0, sizeof(h));
	histogram_add(&h, 1);
	histogram_add(&h, 300);
	histogram_add(&h, 60 * 1000000);
	all = metrics_new();
	metrics_add_histogram(metrics_family(all, METRICS_HISTOGRAM,
	    "qkdnode_x_seconds", "X."), &h, "peer", "B", NULL);
	b = json_object_get(sample(0, 0), "buckets");
	ck_assert_uint_eq(json_array_size(b), HISTOGRAM_BOUNDS);
	ck_assert_int_eq(json_integer_value(json_array_get(b, 0)), 1);
	ck_assert_int_eq(json_integer_value(json_array_get(b,
	    HISTOGRAM_BOUNDS - 1)), 2);
	ck_assert_double_eq(number(sample(0, 0), "count"), 3);
	ck_assert_double_eq_tol(number(sample(0, 0), "sum"), 60.000301, 1e-9);
	json_decref(all);
}
END_TEST

START_TEST(what_an_object_does_not_have_has_no_sample)
{
	static const struct metrics_row	rows[] = {
		{ METRICS_GAUGE, "qkdnode_a", "A.", "a", 1 },
		{ METRICS_COUNTER, "qkdnode_b_total", "B.", "deep.b", 10 },
		{ .name = NULL }
	};
	static const char *const	of[] = { "link", "name", NULL };
	json_t	*list = json_pack("[{s:s, s:b, s:{s:i}}, {s:s, s:s}]",
		    "name", "x", "a", 1, "deep", "b", 7,
		    "name", "y", "a", "not a number");

	all = metrics_new();
	metrics_rows(all, rows, list, of);
	ck_assert_uint_eq(json_array_size(json_object_get(family(0),
	    "samples")), 1);
	ck_assert_double_eq(number(sample(0, 0), "value"), 1);
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(
	    sample(0, 0), "labels"), "link")), "x");
	ck_assert_double_eq(number(sample(1, 0), "value"), 70);
	ck_assert_ptr_null(sample(1, 1));
	json_decref(list);
	json_decref(all);
}
END_TEST

UNIT_MAIN("metrics",
    a_time_counts_in_the_first_bucket_that_it_fits_into,
    a_clock_that_was_set_back_counts_as_no_time,
    buckets_are_cumulative_and_count_has_all,
    what_an_object_does_not_have_has_no_sample)
