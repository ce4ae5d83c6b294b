/* The text that Prometheus reads, and daemons that say what they should not. */
#include <stdlib.h>
#include <string.h>

#include "exposition.h"
#include "metrics.h"
#include "unit.h"

static struct exposition	*e;
static char			*text;

static void
setup(void)
{
	e = exposition_new();
}

static void
teardown(void)
{
	exposition_free(&e);
	free(text);
	text = NULL;
}

static unsigned
add(const char *daemon, const char *json)
{
	json_t		*j = json_loads(json, 0, NULL);
	unsigned	 bad;

	ck_assert_ptr_nonnull(j);
	bad = exposition_add(e, daemon, j);
	json_decref(j);
	return bad;
}

static const char *
shown(void)
{
	size_t	n;

	free(text);
	text = exposition_text(e, &n);
	ck_assert_uint_eq(n, strlen(text));
	return text;
}

#define FAMILY(name, type, samples) \
	"{\"metrics\":[{\"name\":\"" name "\",\"type\":\"" type \
	"\",\"help\":\"H.\",\"samples\":[" samples "]}]}"
#define ONE(v)	"{\"labels\":{},\"value\":" v "}"

START_TEST(families_of_several_daemons_stand_together)
{
	ck_assert_uint_eq(add("kma", FAMILY("qkdnode_x_octets", "gauge",
	    "{\"labels\":{\"link\":\"a-b\"},\"value\":3}," ONE("0.25"))), 0);
	ck_assert_uint_eq(add("ksa", FAMILY("qkdnode_y_total", "counter",
	    ONE("1"))), 0);
	ck_assert_uint_eq(add("ksa", FAMILY("qkdnode_x_octets", "gauge",
	    ONE("12345678901"))), 0);
	ck_assert_str_eq(shown(),
	    "# HELP qkdnode_x_octets H.\n"
	    "# TYPE qkdnode_x_octets gauge\n"
	    "qkdnode_x_octets{daemon=\"kma\",link=\"a-b\"} 3\n"
	    "qkdnode_x_octets{daemon=\"kma\"} 0.25\n"
	    "qkdnode_x_octets{daemon=\"ksa\"} 12345678901\n"
	    "# HELP qkdnode_y_total H.\n"
	    "# TYPE qkdnode_y_total counter\n"
	    "qkdnode_y_total{daemon=\"ksa\"} 1\n");
}
END_TEST

START_TEST(foreign_text_cannot_leave_its_label)
{
	ck_assert_uint_eq(add("kma", FAMILY("qkdnode_x", "gauge",
	    "{\"labels\":{\"n\":\"a\\\"} 1\\nqkdnode_up 0 \\\\\\u0001\"},"
	    "\"value\":1}")), 0);
	ck_assert_ptr_nonnull(strstr(shown(),
	    "qkdnode_x{daemon=\"kma\",n=\"a\\\"} 1\\nqkdnode_up 0 \\\\?\"} "
	    "1\n"));
	ck_assert_ptr_null(strstr(text, "\nqkdnode_up"));
}
END_TEST

START_TEST(a_daemon_cannot_speak_for_another)
{
	ck_assert_uint_eq(add("relayd", FAMILY("qkdnode_x", "gauge",
	    "{\"labels\":{\"daemon\":\"kma\"},\"value\":1}")), 1);
	ck_assert_str_eq(shown(), "");
}
END_TEST

START_TEST(a_series_stands_once)
{
	ck_assert_uint_eq(add("kma", FAMILY("qkdnode_x", "gauge",
	    ONE("1") "," ONE("2"))), 1);
	ck_assert_ptr_nonnull(strstr(shown(), "qkdnode_x{daemon=\"kma\"} 1\n"));
	ck_assert_ptr_null(strstr(text, " 2\n"));
}
END_TEST

START_TEST(what_is_not_well_formed_is_left_out_and_counted)
{
	static const char *const	bad[] = {
		FAMILY("other_x", "gauge", ONE("1")),
		FAMILY("qkdnode_X", "gauge", ONE("1")),
		FAMILY("qkdnode_x y", "gauge", ONE("1")),
		FAMILY("qkdnode_x", "summary", ONE("1")),
		FAMILY("qkdnode_x", "counter", ONE("1")),
		FAMILY("qkdnode_x_total", "gauge", ONE("1")),
		FAMILY("qkdnode_x_sum", "gauge", ONE("1")),
		FAMILY("qkdnode_x_total", "counter", ONE("-1")),
		FAMILY("qkdnode_x", "gauge", ONE("\"1\"")),
		FAMILY("qkdnode_x", "gauge", "{\"value\":[]}"),
		FAMILY("qkdnode_x", "gauge", "{\"labels\":{\"le\":\"1\"},"
		    "\"value\":1}"),
		FAMILY("qkdnode_x", "gauge", "{\"labels\":{\"a b\":\"1\"},"
		    "\"value\":1}"),
		FAMILY("qkdnode_x", "gauge", "{\"labels\":{\"a\":1},"
		    "\"value\":1}"),
		FAMILY("qkdnode_x", "histogram", "{\"labels\":{},"
		    "\"buckets\":[1],\"sum\":1,\"count\":1}"),
		"{\"metrics\":{}}", "{}", "{\"metrics\":[1]}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(add("kma", bad[i]) == 1, "%s", bad[i]);
	ck_assert_str_eq(shown(), "");
}
END_TEST

START_TEST(a_type_is_that_of_who_said_it_first)
{
	ck_assert_uint_eq(add("kma", FAMILY("qkdnode_x", "gauge", ONE("1"))),
	    0);
	ck_assert_uint_eq(add("ksa", FAMILY("qkdnode_x", "histogram",
	    ONE("1"))), 1);
}
END_TEST

START_TEST(a_histogram_has_cumulative_buckets_sum_and_count)
{
	struct histogram	 h = { { 0 }, 0 };
	json_t			*all = metrics_new();

	histogram_add(&h, 200);
	histogram_add(&h, 20000000);
	metrics_add_histogram(metrics_family(all, METRICS_HISTOGRAM,
	    "qkdnode_x_seconds", "X."), &h, "link", "a-b", NULL);
	ck_assert_uint_eq(exposition_add(e, "kma", all), 0);
	json_decref(all);
	shown();
#define L	"{daemon=\"kma\",link=\"a-b\""
	ck_assert_ptr_nonnull(strstr(text,
	    "qkdnode_x_seconds_bucket" L ",le=\"0.0001\"} 0\n"
	    "qkdnode_x_seconds_bucket" L ",le=\"0.00025\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(text,
	    "qkdnode_x_seconds_bucket" L ",le=\"10\"} 1\n"
	    "qkdnode_x_seconds_bucket" L ",le=\"+Inf\"} 2\n"
	    "qkdnode_x_seconds_sum" L "} 20.0002\n"
	    "qkdnode_x_seconds_count" L "} 2\n"));
}
END_TEST

START_TEST(one_daemon_cannot_fill_the_memory)
{
	json_t	*all = metrics_new();
	json_t	*f = metrics_family(all, METRICS_GAUGE, "qkdnode_x", "X.");
	char	 n[16];

	for (int i = 0; i < EXPOSITION_SAMPLES_MAX + 7; i++) {
		snprintf(n, sizeof(n), "%d", i);
		metrics_add(f, i, "n", n, NULL);
	}
	ck_assert_uint_eq(exposition_add(e, "kma", all), 7);
	json_decref(all);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("exposition");
	TCase	*t = tcase_create("all");
	SRunner	*r = srunner_create(s);
	int	 failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, families_of_several_daemons_stand_together);
	tcase_add_test(t, foreign_text_cannot_leave_its_label);
	tcase_add_test(t, a_daemon_cannot_speak_for_another);
	tcase_add_test(t, a_series_stands_once);
	tcase_add_test(t, what_is_not_well_formed_is_left_out_and_counted);
	tcase_add_test(t, a_type_is_that_of_who_said_it_first);
	tcase_add_test(t, a_histogram_has_cumulative_buckets_sum_and_count);
	tcase_add_test(t, one_daemon_cannot_fill_the_memory);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
