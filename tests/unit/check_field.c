/* Fields of answers, and foreign text for a terminal. */
#include "config.h"

#include <string.h>

#include "field.h"
#include "unit.h"

START_TEST(a_field_that_is_missing_or_of_another_type_is_the_default)
{
	json_t	*o = json_pack("{s:s, s:i, s:f, s:b, s:[i], s:{}, s:n}",
		    "s", "text", "i", 7, "f", 1.5, "b", 1, "a", 1, "o", "n");

	ck_assert_str_eq(field_str(o, "s", "-"), "text");
	ck_assert_str_eq(field_str(o, "i", "-"), "-");
	ck_assert_str_eq(field_str(NULL, "i", "-"), "-");
	ck_assert_int_eq(field_int(o, "i", -1), 7);
	ck_assert_int_eq(field_int(o, "f", -1), -1);
	ck_assert_int_eq(field_int(o, "none", -1), -1);
	ck_assert(field_num(o, "f", 0) == 1.5 && field_num(o, "i", 0) == 7);
	ck_assert(field_num(o, "s", 3) == 3);
	ck_assert(field_bool(o, "b", false) && !field_bool(o, "i", false));
	ck_assert(field_bool(o, "n", true));
	ck_assert_ptr_nonnull(field_array(o, "a"));
	ck_assert_ptr_null(field_array(o, "o"));
	ck_assert_ptr_nonnull(field_object(o, "o"));
	ck_assert_ptr_null(field_object(o, "a"));
	ck_assert_ptr_null(field_object(json_object_get(o, "s"), "a"));
	json_decref(o);
}
END_TEST

START_TEST(foreign_text_holds_nothing_that_a_terminal_obeys)
{
	static const struct { const char *foreign, *shown; } t[] = {
		{ "\x1b[2Jx\r\n\t\x7f", "?[2Jx????" },
		{ "a\xc2\x9b" "b\xc3\xa4", "a?b\xc3\xa4" },
		{ "a\xe2\x80\xae" "b\xe2\x80\x94", "a?b\xe2\x80\x94" },
		{ "\xe2\x81\xa6\xef\xbb\xbf.", "??." },
		{ "\x9b" "31m", "?31m" },	/* no UTF-8 at all */
		{ "a\xe2\x80", "a??" },
		{ "a\xe2 b", "a? b" },
		{ "\xf0\x9f\x94\x91", "\xf0\x9f\x94\x91" },
		{ "", "" },
	};
	char	out[64];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		ck_assert_str_eq(field_text(out, sizeof(out), t[i].foreign),
		    t[i].shown);
}
END_TEST

START_TEST(text_that_is_too_long_is_cut_between_characters)
{
	char	out[9];

	ck_assert_str_eq(field_text(out, 9, "12345678"), "12345678");
	ck_assert_str_eq(field_text(out, 9, "123456789"), "12345...");
	ck_assert_str_eq(field_text(out, 9, "1234\xc3\xa4" "6789"),
	    "1234...");
	ck_assert_str_eq(field_text(out, 1, "123"), "");
	ck_assert_str_eq(field_text(out, 3, "123"), "12");
}
END_TEST

UNIT_MAIN("field",
    a_field_that_is_missing_or_of_another_type_is_the_default,
    foreign_text_holds_nothing_that_a_terminal_obeys,
    text_that_is_too_long_is_cut_between_characters)
