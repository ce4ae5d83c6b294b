/* Rows of JSON as tables. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ident.h"
#include "node.h"
#include "rows.h"
#include "table.h"
#include "unit.h"

static const char *
cell(enum table_kind kind, json_t *v)
{
	static char			out[TABLE_CELL];
	const struct table_column	c = { "k", "K", kind };
	json_t				*row = json_pack("{s:o}", "k", v);

	table_cell(out, &c, row);
	json_decref(row);
	return out;
}

START_TEST(a_cell_shows_a_value_as_people_read_it)
{
	setenv("TZ", "UTC", 1);
	tzset();
	ck_assert_str_eq(cell(TABLE_TEXT, json_string("a\033b")), "a?b");
	ck_assert_str_eq(cell(TABLE_INT, json_integer(-7)), "-7");
	ck_assert_str_eq(cell(TABLE_OCTETS, json_integer(1000)), "1000 B");
	ck_assert_str_eq(cell(TABLE_OCTETS, json_integer(1536)), "1.5 KiB");
	ck_assert_str_eq(cell(TABLE_RATE, json_integer(125)), "1.0 kbit/s");
	ck_assert_str_eq(cell(TABLE_BOOL, json_true()), "yes");
	ck_assert_str_eq(cell(TABLE_TIME, json_integer(1800000000000LL)),
	    "2027-01-15 08:00:00");
	ck_assert_str_eq(cell(TABLE_DAYS, json_integer((json_int_t)now_ms() +
	    40 * 3600 * 1000)), "1");
	ck_assert_str_eq(cell(TABLE_DAYS, json_integer((json_int_t)now_ms() +
	    2 * 3600 * 1000)), "0");
	ck_assert_str_eq(cell(TABLE_DAYS, json_integer((json_int_t)now_ms() -
	    2 * 3600 * 1000)), "-1");
	ck_assert_str_eq(cell(TABLE_LIST, json_pack("[s, i, s]", "a", 1,
	    "b")), "a, b");
}
END_TEST

START_TEST(a_cell_of_another_type_is_a_dash)
{
	for (int k = TABLE_TEXT; k <= TABLE_LIST; k++) {
		ck_assert_str_eq(cell(k, json_null()), "-");
		ck_assert_str_eq(cell(k, json_object()), "-");
	}
	ck_assert_str_eq(cell(TABLE_TEXT, json_integer(1)), "-");
	ck_assert_str_eq(cell(TABLE_INT, json_string("1")), "-");
	ck_assert_str_eq(cell(TABLE_TEXT, json_string("")), "-");
}
END_TEST

START_TEST(a_long_list_is_cut_within_its_cell)
{
	json_t	*v = json_array();

	for (int i = 0; i < 1000; i++)
		json_array_append_new(v, json_string("application"));
	ck_assert_uint_lt(strlen(cell(TABLE_LIST, v)), TABLE_CELL);
}
END_TEST

START_TEST(columns_are_as_wide_as_they_need_and_not_wider_than_a_terminal)
{
	const struct table_column	c[] = { { "name", "NAME", TABLE_TEXT },
		{ "n", "N", TABLE_INT }, { NULL, NULL, TABLE_TEXT } };
	json_t	*rows = json_pack("[{s:s, s:i}, {s:s, s:i}]", "name",
		    "a-name-that-is-rather-long", "n", 1, "name", "b", "n",
		    12345);
	char	*text = table_text(c, rows, 0);

	ck_assert_str_eq(text, "NAME                           N\n"
	    "a-name-that-is-rather-long     1\n"
	    "b                          12345");
	free(text);
	text = table_text(c, rows, 20);
	ck_assert_uint_le(strcspn(text, "\n"), 20);
	free(text);
	json_decref(rows);
	rows = json_array();
	text = table_text(c, rows, 0);
	ck_assert_str_eq(text, "");
	free(text);
	json_decref(rows);
}
END_TEST

START_TEST(a_node_is_one_row_of_peers_whoever_knows_of_it)
{
	json_t	*n = json_loads("{\"daemons\":{\"relayd\":{\"status\":{"
		    "\"kme_id\":\"A\",\"peers\":[{\"kme_id\":\"B\","
		    "\"connected\":true},{\"kme_id\":3},7]}},\"ksa\":{"
		    "\"status\":{\"pools\":[{\"peer\":\"A\"},{\"peer\":\"B\","
		    "\"direction\":\"out\",\"up\":false},{\"peer\":\"B\","
		    "\"direction\":\"in\"},{\"peer\":\"C\"}]}}}}", 0, NULL);
	json_t	*rows = rows_peers(n), *b = json_array_get(rows, 0);

	ck_assert_uint_eq(json_array_size(rows), 2);
	ck_assert_str_eq(json_string_value(json_object_get(b, "peer")), "B");
	ck_assert(json_is_true(json_object_get(b, "kx")));
	ck_assert(json_is_false(json_object_get(b, "channel")));
	ck_assert(json_is_false(json_object_get(json_array_get(rows, 1),
	    "neighbour")));
	json_decref(rows);
	json_decref(n);
}
END_TEST

UNIT_MAIN("table", a_cell_shows_a_value_as_people_read_it,
    a_cell_of_another_type_is_a_dash, a_long_list_is_cut_within_its_cell,
    columns_are_as_wide_as_they_need_and_not_wider_than_a_terminal,
    a_node_is_one_row_of_peers_whoever_knows_of_it)
