/* Configuration files are edited without harm. */
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/confedit.h"
#include "err.h"
#include "unit.h"

#define NEW	"{ id = \"N\"; v = 7; }"

static struct confedit	e;

static void
open_text(const char *text)
{
	ck_assert_int_eq(confedit_open(&e, text), 0);
}

static void
becomes(const char *text)
{
	ck_assert_str_eq(e.text, text);
	confedit_free(&e);
}

static void
add_gives(const char *before, const char *after)
{
	open_text(before);
	ck_assert_msg(confedit_add(&e, "peers", "id", "N", NEW) == 0,
	    "%s: %s", before, e.why);
	becomes(after);
}

static void
remove_gives(const char *id, const char *before, const char *after)
{
	open_text(before);
	ck_assert_int_eq(confedit_remove(&e, "peers", "id", id), 0);
	becomes(after);
}

START_TEST(a_group_is_added_at_the_end_of_its_list_and_all_else_stays)
{
	add_gives("a = 1; # one\npeers = (\n\t{ id = \"A\"; } # the office\n"
	    ");\nz = \"(\";\n",
	    "a = 1; # one\npeers = (\n\t{ id = \"A\"; }, # the office\n\t" NEW
	    "\n);\nz = \"(\";\n");
	add_gives("peers = ();\n", "peers = (\n\t" NEW "\n);\n");
	add_gives("peers = (\n);\n", "peers = (\n\t" NEW "\n);\n");
	add_gives("peers:({id=\"A\"})", "peers:({id=\"A\"},\n\t" NEW "\n)");
	add_gives("peers = (\n\t{ id = \"A\"; }\n\t# { id = \"N\"; }\n);\n",
	    "peers = (\n\t{ id = \"A\"; },\n\t# { id = \"N\"; }\n\t" NEW
	    "\n);\n");
}
END_TEST

START_TEST(a_list_that_is_not_there_is_made)
{
	add_gives("", "peers = (\n\t" NEW "\n);\n");
	add_gives("# a\na = 1", "# a\na = 1\npeers = (\n\t" NEW "\n);\n");
	add_gives("# peers = (\n# );\n", "# peers = (\n# );\npeers = (\n\t"
	    NEW "\n);\n");
	add_gives("g : { peers = ( 1 ); };\n",
	    "g : { peers = ( 1 ); };\npeers = (\n\t" NEW "\n);\n");
}
END_TEST

START_TEST(a_group_is_removed_with_its_line_and_its_comma)
{
	remove_gives("A", "peers = (\n\t{ id = \"A\"; },\n\t{ id = \"B\"; }\n"
	    ");\n", "peers = (\n\t{ id = \"B\"; }\n);\n");
	remove_gives("B", "peers = (\n\t{ id = \"A\"; },\n\t{ id = \"B\"; }\n"
	    ");\n", "peers = (\n\t{ id = \"A\"; }\n);\n");
	remove_gives("A", "peers = ({ id = \"A\"; });\n", "peers = ();\n");
	remove_gives("A", "peers = (\n\t{ id = \"A\"; } /* , */ ,\n"
	    "\t{ id = \"B\"; } // b\n);\n",
	    "peers = (\n\t /* , */ \n\t{ id = \"B\"; } // b\n);\n");
}
END_TEST

START_TEST(brackets_and_quotes_in_texts_and_comments_are_no_syntax)
{
	remove_gives("A", "s = \"peers = ( { \\\" )\"; /* ) } \" */\n"
	    "peers = ( # ) } \"\n { id = \"A\"; v = \"} ) # // /*\"; },\n"
	    " // { id = \"B\"; }\n { id = \"B\"; } );\n",
	    "s = \"peers = ( { \\\" )\"; /* ) } \" */\n"
	    "peers = ( # ) } \"\n // { id = \"B\"; }\n { id = \"B\"; } );\n");
}
END_TEST

START_TEST(an_id_is_what_libconfig_reads_not_how_it_is_written)
{
	remove_gives("A\"B", "peers = ({ id = \"A\\x22\" \"B\"; });\n",
	    "peers = ();\n");
	open_text("peers = ({ id = \"N\"; });\n");
	ck_assert_int_eq(confedit_add(&e, "peers", "id", "N", NEW),
	    -E_EXISTS);
	ck_assert_int_eq(confedit_remove(&e, "peers", "id", "n"),
	    -E_NOT_FOUND);
	becomes("peers = ({ id = \"N\"; });\n");
}
END_TEST

START_TEST(a_file_that_is_broken_or_includes_others_is_refused)
{
	static const char *const	bad[] = {
		"peers = (", "peers = ({ id = \"A\"; )", "peers = \"A",
		"a = 1; /* x", "@include \"x\"\npeers = ();\n",
		"peers = [ ];", "peers = 3;", "peers = ( 1 );", "peers",
		"= 3", "a = ;", "peers = ();\npeers = ();\n", "a = 1 $",
		"a = ((((((((((((((((((((1))))))))))))))))))));",
		"}", "peers = ());",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		open_text(bad[i]);
		ck_assert_msg(confedit_add(&e, "peers", "id", "N", NEW) ==
		    -E_BAD_FORMAT, "accepted: %s", bad[i]);
		ck_assert_msg(e.why[0] != '\0', "no reason: %s", bad[i]);
		becomes(bad[i]);
	}
}
END_TEST

START_TEST(a_group_that_would_break_the_file_is_not_added)
{
	open_text("peers = ();\n");
	ck_assert_int_eq(confedit_add(&e, "peers", "id", "N",
	    "{ id = \"N\"; } ) ; x = ( {}"), -E_BAD_FORMAT);
	ck_assert_int_eq(confedit_add(&e, "peers", "id", "N",
	    "{ id = \"N\"; "), -E_BAD_FORMAT);
	becomes("peers = ();\n");
}
END_TEST

START_TEST(what_was_added_and_removed_again_leaves_the_text_as_it_was)
{
	static const char *const	texts[] = {
		"peers = (\n);\n",
		"peers = (\n\t{ id = \"A\"; },\n\t{ id = \"B\"; } # b\n);\n",
		"peers = (\n\t{ id = \"A\"; }\n\t/* last */\n);\nb = 2;",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		open_text(texts[i]);
		ck_assert_int_eq(confedit_add(&e, "peers", "id", "N", NEW),
		    0);
		ck_assert_int_eq(confedit_remove(&e, "peers", "id", "N"), 0);
		becomes(texts[i]);
	}
}
END_TEST

START_TEST(a_quoted_text_is_read_back_as_it_was)
{
	const char	*odd = "a\\b\"c#//{}()\xc3\xa4", *v;
	char		*q = confedit_quote(odd), text[128];
	config_t	 cfg;

	snprintf(text, sizeof(text), "v = %s;", q);
	config_init(&cfg);
	ck_assert_int_eq(config_read_string(&cfg, text), CONFIG_TRUE);
	ck_assert_int_eq(config_lookup_string(&cfg, "v", &v), CONFIG_TRUE);
	ck_assert_str_eq(v, odd);
	config_destroy(&cfg);
	free(q);
}
END_TEST

UNIT_MAIN("confedit",
    a_group_is_added_at_the_end_of_its_list_and_all_else_stays,
    a_list_that_is_not_there_is_made,
    a_group_is_removed_with_its_line_and_its_comma,
    brackets_and_quotes_in_texts_and_comments_are_no_syntax,
    an_id_is_what_libconfig_reads_not_how_it_is_written,
    a_file_that_is_broken_or_includes_others_is_refused,
    a_group_that_would_break_the_file_is_not_added,
    what_was_added_and_removed_again_leaves_the_text_as_it_was,
    a_quoted_text_is_read_back_as_it_was)
