/* Sparklines, frames of watch, and events in the order of time. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "events.h"
#include "field.h"
#include "spark.h"
#include "unit.h"
#include "watch.h"

START_TEST(a_sparkline_has_a_bar_for_each_figure_and_a_full_one_for_the_most)
{
	char	 out[SPARK_TEXT];
	json_t	*v = json_pack("[i, i, f, i, s]", 0, 7, 14.0, -3, "x");

	ck_assert_str_eq(spark(out, v, true), "_+#__");
	ck_assert_str_eq(spark(out, v, false),
	    "\u2581\u2585\u2588\u2581\u2581");
	json_decref(v);
	ck_assert_str_eq(spark(out, NULL, true), "");
	v = json_array();
	for (int i = 0; i < 2 * SPARK_POINTS; i++)
		json_array_append_new(v, json_integer(i));
	ck_assert_uint_eq(strlen(spark(out, v, true)), SPARK_POINTS);
	ck_assert_uint_eq(strlen(spark(out, v, false)), SPARK_POINTS * 3);
	json_decref(v);
}
END_TEST

static char *
frame(json_t *history, int rate)
{
	char	*text = NULL;
	size_t	 len;
	FILE	*f = open_memstream(&text, &len);
	json_t	*n = json_pack("{s:{s:{s:{s:s, s:[{s:s, s:s, s:{s:i}}]}}}}",
		    "daemons", "kma", "status", "kme_id", "A", "links",
		    "name", "a-b", "state", "up", "stock",
		    "agreed_octets_per_second", rate);

	watch_frame(f, n, 0, history, 0, false, true);
	fclose(f);
	json_decref(n);
	return text;
}

START_TEST(frames_show_the_rates_of_the_frames_before)
{
	json_t	*history = json_object();
	char	*text;

	free(frame(history, 100));
	free(frame(history, 50));
	text = frame(history, 0);
	ck_assert_ptr_nonnull(strstr(text, "a-b"));
	ck_assert_ptr_nonnull(strstr(text, "#+_\n"));
	ck_assert_int_eq(strncmp(text, "critical: A supplies no keys", 28), 0);
	free(text);
	for (int i = 0; i < 100; i++)
		free(frame(history, i));
	ck_assert_uint_eq(json_array_size(json_object_get(history,
	    "link a-b")), SPARK_POINTS);
	json_decref(history);
}
END_TEST

static void
said(json_t *list, const char *daemon, json_int_t ms, const char *text)
{
	json_t	*a = json_pack("{s:[{s:I, s:s, s:s}, i, s]}", "events",
		    "time_ms", ms, "level", "notice", "text", text, 7, "x");

	events_add(list, daemon, a);
	json_decref(a);
}

static const char *
text_of(const json_t *list, size_t i)
{
	return field_str(json_array_get(list, i), "text", "");
}

START_TEST(events_of_all_daemons_come_in_the_order_of_time)
{
	json_t	*list = json_array(), *sorted;

	said(list, "kma", 2000, "b");
	said(list, "kma", 3000, "c");
	said(list, "ksa", 1000, "a");
	said(list, "ksa", 3000, "d");
	events_add(list, "ksa", NULL);
	sorted = events_sorted(list);
	ck_assert_uint_eq(json_array_size(sorted), 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(text_of(sorted, i)[0], 'a' + (int)i);
	json_decref(sorted);
	json_decref(list);
}
END_TEST

START_TEST(an_event_is_one_line_without_what_a_terminal_obeys)
{
	char	 line[EVENTS_LINE];
	json_t	*list = json_array();

	setenv("TZ", "UTC", 1);
	tzset();
	said(list, "ks\033a", 1800000000007LL, "up\nlink=\x1b[2J");
	ck_assert_str_eq(events_line(line, json_array_get(list, 0)),
	    "2027-01-15 08:00:00.007 notice  ks?a: up?link=?[2J");
	json_decref(list);
	list = json_object();
	ck_assert_str_eq(events_line(line, list), "-.000 ?       ?: ");
	json_decref(list);
}
END_TEST

UNIT_MAIN("watch",
    a_sparkline_has_a_bar_for_each_figure_and_a_full_one_for_the_most,
    frames_show_the_rates_of_the_frames_before,
    events_of_all_daemons_come_in_the_order_of_time,
    an_event_is_one_line_without_what_a_terminal_obeys)
