/* Log lines. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "quiet.h"
#include "unit.h"

static char *
logged(const char *event, const char *value)
{
	unit_capture();
	log_info(event, "v=%s", value);
	return unit_captured();
}

START_TEST(a_line_holds_no_control_characters)
{
	char	all[256], *line;

	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	all[255] = '\0';
	log_init("test", LL_INFO);
	line = logged("odd\x1b[2J\r\nevent", all);
	for (char *p = line; *p != '\0'; p++)
		ck_assert(p[1] == '\0' ? *p == '\n' :
		    (unsigned char)*p >= 0x20 && *p != 0x7f);
	ck_assert_ptr_nonnull(strstr(line, "test: odd?[2J??event v=?"));
	free(line);
	line = logged("c1", "a\xc2\x9b" "b\xc3\xa4");
	ck_assert_ptr_nonnull(strstr(line, "v=a\xc2?b\xc3\xa4\n"));
	free(line);
}
END_TEST

START_TEST(a_long_line_is_cut_and_still_ends)
{
	char	*value = malloc(100000), *line;

	memset(value, 'x', 99999);
	value[99999] = '\0';
	line = logged("long", value);
	ck_assert_uint_le(strlen(line), 2048);
	ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
	free(line);
	free(value);
}
END_TEST

START_TEST(only_the_levels_asked_for_are_written)
{
	char	*text;

	log_init("test", LL_NOTICE);
	unit_capture();
	log_err("one", NULL);
	log_notice("two", NULL);
	log_info("three", NULL);
	log_debug("four", NULL);
	text = unit_captured();
	ck_assert_ptr_nonnull(strstr(text, "<3>test: one\n"));
	ck_assert_ptr_nonnull(strstr(text, "<5>test: two\n"));
	ck_assert_ptr_null(strstr(text, "three"));
	ck_assert_ptr_null(strstr(text, "four"));
	free(text);
}
END_TEST

START_TEST(foreign_text_is_quoted_escaped_and_cut)
{
	char		 lots[1000];
	const char	*q;

	ck_assert_str_eq(log_quote("a\"b\\c\n\xff"), "\"a\\\"b\\\\c\\x0a\\xff\"");
	ck_assert_str_eq(log_quote(""), "\"\"");
	ck_assert_str_eq(log_quote(NULL), "\"\"");
	memset(lots, 1, sizeof(lots) - 1);
	lots[sizeof(lots) - 1] = '\0';
	q = log_quote(lots);
	ck_assert_uint_eq(strlen(q), 2 + 120 * 4 + 3);
	ck_assert_str_eq(q + strlen(q) - 4, "\"...");
	memset(lots, 'y', 120);
	lots[120] = '\0';
	ck_assert_uint_eq(strlen(log_quote(lots)), 122);
}
END_TEST

START_TEST(eight_quoted_values_fit_in_one_line)
{
	const char	*q[8];
	char		 digit[2] = "0", expected[4] = "\"0\"";

	for (int i = 0; i < 8; i++, digit[0]++)
		q[i] = log_quote(digit);
	for (int i = 0; i < 8; i++, expected[1]++)
		ck_assert_str_eq(q[i], expected);
}
END_TEST

START_TEST(a_diverted_error_goes_to_its_text_only)
{
	char	text[40] = "before", *lines;

	log_init("test", LL_INFO);
	unit_capture();
	log_divert(text, sizeof(text));
	log_warn("warning", NULL);
	ck_assert_str_eq(text, "");
	log_err("one\n", "v=%s", "a rather long value that is cut");
	log_err("two", NULL);
	log_divert(NULL, 0);
	log_err("three", NULL);
	lines = unit_captured();
	ck_assert_str_eq(text, "one? v=a rather long value that is cut");
	ck_assert_ptr_null(strstr(lines, "one"));
	ck_assert_ptr_null(strstr(lines, "two"));
	ck_assert_ptr_null(strstr(lines, "warning"));
	ck_assert_ptr_nonnull(strstr(lines, "three"));
	free(lines);
}
END_TEST

START_TEST(who_causes_many_lines_is_quiet_and_nobody_else)
{
	struct quiet	 one = { 0 }, other = { 0 };
	unsigned	 said = 0;
	char		*lines;

	log_init("test", LL_INFO);
	for (int i = 0; i < 100000; i++)
		said += !quiet_of(&one, "one");
	ck_assert_uint_ge(said, 50);
	ck_assert_uint_lt(said, 50000);
	ck_assert(!quiet_of(&other, "other"));
	unit_capture();
	while (quiet_of(&one, "one"))
		;
	lines = unit_captured();
	ck_assert_ptr_nonnull(strstr(lines, "lines left out n="));
	ck_assert_ptr_nonnull(strstr(lines, " of=\"one\""));
	free(lines);
}
END_TEST

UNIT_MAIN("log", who_causes_many_lines_is_quiet_and_nobody_else,
    a_line_holds_no_control_characters,
    a_long_line_is_cut_and_still_ends, only_the_levels_asked_for_are_written,
    foreign_text_is_quoted_escaped_and_cut,
    eight_quoted_values_fit_in_one_line,
    a_diverted_error_goes_to_its_text_only)
