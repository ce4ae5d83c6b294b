/* What a daemon tells of itself: its version, its age, its last events. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "about.h"
#include "ident.h"
#include "log.h"
#include "unit.h"

static json_t *
events(const char *since)
{
	char	*args[] = { (char *)"events", (char *)since };
	json_t	*o = about_commands[0].run(NULL, since == NULL ? 1 : 2, args);

	ck_assert(json_is_object(o));
	return o;
}

static size_t
count(json_t *o)
{
	return json_array_size(json_object_get(o, "events"));
}

static const char *
text(json_t *o, size_t i, const char *field)
{
	return json_string_value(json_object_get(json_array_get(
	    json_object_get(o, "events"), i), field));
}

static void
start(void)
{
	log_init("test", LL_INFO);
	unit_capture();
	about_start();
}

static void
finish(json_t *o)
{
	json_decref(o);
	free(unit_captured());
}

START_TEST(notices_and_worse_are_kept_without_control_characters)
{
	json_t	*o;

	start();
	log_info("not this", NULL);
	log_notice("link up", "link=%s", "a\x1b[1m");
	log_err("store ruined", NULL);
	o = events(NULL);
	ck_assert_uint_eq(count(o), 2);
	ck_assert_str_eq(text(o, 0, "text"), "link up link=a?[1m");
	ck_assert_str_eq(text(o, 0, "level"), "notice");
	ck_assert_str_eq(text(o, 1, "level"), "error");
	finish(o);
}
END_TEST

START_TEST(who_asks_again_gets_what_is_new_and_hears_of_what_was_lost)
{
	char		 since[32];
	json_int_t	 next;
	json_t		*o;

	start();
	log_warn("first", NULL);
	o = events(NULL);
	next = json_integer_value(json_object_get(o, "next"));
	json_decref(o);
	snprintf(since, sizeof(since), "%lld", (long long)next);
	log_warn("second", NULL);
	o = events(since);
	ck_assert_uint_eq(count(o), 1);
	ck_assert_str_eq(text(o, 0, "text"), "second");
	ck_assert(json_is_false(json_object_get(o, "lost")));
	json_decref(o);
	for (int i = 0; i < ABOUT_EVENTS; i++)
		log_warn("more", NULL);
	o = events(since);
	ck_assert_uint_eq(count(o), ABOUT_EVENTS);
	ck_assert(json_is_true(json_object_get(o, "lost")));
	finish(o);
}
END_TEST

/* Who follows goes on after a restart of the daemon. */
START_TEST(numbers_grow_over_a_restart)
{
	json_int_t	 before;
	json_t		*o;

	start();
	o = events(NULL);
	before = json_integer_value(json_object_get(o, "next"));
	finish(o);
	for (uint64_t now = now_ms(); now_ms() == now;)
		;
	start();
	o = events(NULL);
	ck_assert_int_gt(json_integer_value(json_object_get(o, "next")),
	    before);
	finish(o);
}
END_TEST

START_TEST(a_long_event_is_cut_and_still_json)
{
	char	 odd[1001];
	json_t	*o;

	start();
	for (size_t i = 0; i < 500; i++)
		memcpy(odd + 2 * i, "\xc3\xa4", 3);
	log_notice("x", "%s", odd);
	log_notice("xy", "%s", odd);
	o = events(NULL);
	ck_assert_uint_eq(count(o), 2);
	ck_assert_uint_gt(strlen(text(o, 0, "text")), 400);
	ck_assert_uint_gt(strlen(text(o, 1, "text")), 400);
	finish(o);
}
END_TEST

START_TEST(what_is_no_number_is_refused)
{
	static const char *const	bad[] = { "", "-1", "x", "1x", " 1" };

	start();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t	*o = events(bad[i]);

		ck_assert_ptr_nonnull(json_object_get(o, "error"));
		json_decref(o);
	}
	finish(NULL);
}
END_TEST

START_TEST(a_status_tells_version_and_age)
{
	json_t	*o = json_object();

	start();
	about_add(o);
	ck_assert_str_eq(json_string_value(json_object_get(o, "version")),
	    PACKAGE_VERSION);
	ck_assert_int_le(json_integer_value(json_object_get(o, "started_ms")),
	    (json_int_t)now_ms());
	finish(o);
}
END_TEST

UNIT_MAIN("about", notices_and_worse_are_kept_without_control_characters,
    who_asks_again_gets_what_is_new_and_hears_of_what_was_lost,
    numbers_grow_over_a_restart, a_long_event_is_cut_and_still_json,
    what_is_no_number_is_refused, a_status_tells_version_and_age)
