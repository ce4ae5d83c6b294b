/* check_saeanswer.c - tests sae/saeanswer.c and what it is made of. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "sae/saeanswer.h"
#include "sae/saeblank.h"
#include "unit.h"

#define A	"bc490419-7d60-487f-adc1-4ddcc177c139"
#define B	"0a782fb5-3434-48fe-aa4d-14f41d46cf92"
#define KEY_A	"wHHVxRwDJs3/bXd38GHP3oe4svTuRpZS0yCC7x4Ly+s="
#define KEY_B	"OeGMPxh1+2RpJpNCYixWHFLYRubpOKCw94FcCI7VdJA="
#define ONE(id, key)	"{\"key_ID\":\"" id "\",\"key\":\"" key "\"}"
#define TWO	"{\"keys\":[" ONE(A, KEY_A) "," ONE(B, KEY_B) "]}"

static struct saewhy	why;
static struct saekeys	*keys;

static int
read_keys(const char *text, const struct saewanted *want)
{
	char	*body = strdup(text);
	int	 r;

	saekeys_free(&keys);
	r = saeanswer_keys(body, strlen(body), want, &keys, &why);
	ck_assert(r == 0 ? keys != NULL : keys == NULL && why.text[0] != 0);
	free(body);
	return r;
}

static int
read_new(const char *text, size_t n, size_t octets)
{
	const struct saewanted	want = { n, NULL, octets };

	return read_keys(text, &want);
}

START_TEST(new_keys_come_in_the_order_of_the_answer)
{
	static const uint8_t	begin[] = { 0xc0, 0x71, 0xd5, 0xc5 };

	ck_assert_int_eq(read_new(TWO, 2, 32), 0);
	ck_assert_uint_eq(keys->n, 2);
	ck_assert_str_eq(keys->key[0].id, A);
	ck_assert_str_eq(keys->key[1].id, B);
	ck_assert_uint_eq(keys->key[0].octets, 32);
	ck_assert_mem_eq(keys->key[0].bytes, begin, 4);
	ck_assert_uint_eq(keys->key[1].bytes[31], 0x90);
	ck_assert_int_eq(read_new(TWO, 2, 0), 0);
	saekeys_free(&keys);
}
END_TEST

static const uint8_t	ids[2][16] = {
	{ 0x0a, 0x78, 0x2f, 0xb5, 0x34, 0x34, 0x48, 0xfe, 0xaa, 0x4d, 0x14,
	    0xf4, 0x1d, 0x46, 0xcf, 0x92 },
	{ 0xbc, 0x49, 0x04, 0x19, 0x7d, 0x60, 0x48, 0x7f, 0xad, 0xc1, 0x4d,
	    0xdc, 0xc1, 0x77, 0xc1, 0x39 },
};

START_TEST(fetched_keys_come_in_the_order_of_the_request)
{
	const struct saewanted	want = { 2, ids, 0 };

	ck_assert_int_eq(read_keys(TWO, &want), 0);
	ck_assert_str_eq(keys->key[0].id, B);
	ck_assert_uint_eq(keys->key[0].bytes[0], 0x39);
	ck_assert_str_eq(keys->key[1].id, A);
	ck_assert_uint_eq(keys->key[1].bytes[0], 0xc0);
	saekeys_free(&keys);
}
END_TEST

START_TEST(what_other_kmes_write_is_read)
{
	/* Escaped slashes, upper case, extensions, other members, blanks. */
	ck_assert_int_eq(read_new(" {\"x\":[{}], \"keys\" : [ {\"key_ID\" :\n"
	    "\"BC490419-7D60-487F-ADC1-4DDCC177C139\", \"key_extension\":"
	    "{\"a\":\"b\",\"key\":\"AAAA\"}, \"key\"\t:\"wHHVxRwDJs3\\/bXd38"
	    "GHP3oe4svTuRpZS0yCC7x4Ly\\u002bs\\u003D\"}],"
	    "\"key_container_extension\":{\"t\":\"\\\"\\u00e4\"}}\r\n", 1,
	    32), 0);
	ck_assert_str_eq(keys->key[0].id, A);
	ck_assert_uint_eq(keys->key[0].bytes[31], 0xeb);
	ck_assert_str_eq(keys->key[0].extension,
	    "{\"a\":\"b\",\"key\":\"AAAA\"}");
	saekeys_free(&keys);
}
END_TEST

static int
read_extension(const char *text)
{
	char	all[300];

	snprintf(all, sizeof(all), "{\"keys\":[{\"key_ID\":\"" A "\","
	    "\"key_extension\":%s,\"key\":\"" KEY_A "\"}]}", text);
	return read_new(all, 1, 32);
}

START_TEST(an_extension_is_told_as_it_was_said)
{
	ck_assert_int_eq(read_extension("{ \"a\": [1, null, \"\\u001b\u00e4"
	    "\\\"\", {\"\":\"\"}] }"), 0);
	ck_assert_str_eq(keys->key[0].extension, "{\"a\":[1,null,"
	    "\"\\u001B\\u00E4\\\"\",{\"\":\"\"}]}");
	ck_assert_int_eq(read_extension("{}"), 0);
	ck_assert_str_eq(keys->key[0].extension, "{}");
	ck_assert_int_eq(read_new("{\"keys\":[" ONE(A, KEY_A) "]}", 1, 0), 0);
	ck_assert_ptr_null(keys->key[0].extension);
	ck_assert_int_eq(read_extension("\"x\""), -E_BAD_FORMAT);
	ck_assert_int_eq(read_extension("[]"), -E_BAD_FORMAT);
	ck_assert_int_eq(read_extension("{\"a\":\"\\q\"}"), -E_BAD_FORMAT);
	ck_assert_int_eq(read_extension("{\"a\":\"\xff\"}"), -E_BAD_FORMAT);
	ck_assert_int_eq(read_extension("{\"a\":1,\"a\":2}"),
	    -E_BAD_FORMAT);
	saekeys_free(&keys);
}
END_TEST

START_TEST(keys_that_nobody_asked_for_are_refused)
{
	const struct saewanted	one = { 1, ids, 0 }, two = { 2, ids, 0 };

	ck_assert_int_eq(read_new(TWO, 1, 32), -E_BAD_FORMAT);
	ck_assert_ptr_nonnull(strstr(why.text, "2 keys, 1 expected"));
	ck_assert_int_eq(read_new(TWO, 3, 32), -E_BAD_FORMAT);
	ck_assert_int_eq(read_new("{\"keys\":[]}", 1, 0), -E_BAD_FORMAT);
	ck_assert_int_eq(read_new(TWO, 2, 16), -E_BAD_FORMAT);
	ck_assert_ptr_nonnull(strstr(why.text, "256 bits, 128 expected"));
	ck_assert_int_eq(read_new("{\"keys\":[" ONE(A, KEY_A) ","
	    ONE(B, "AAAA") "]}", 2, 0), -E_BAD_FORMAT);
	ck_assert_int_eq(read_new("{\"keys\":[" ONE(A, KEY_A) ","
	    ONE(A, KEY_B) "]}", 2, 0), -E_BAD_FORMAT);
	ck_assert_ptr_nonnull(strstr(why.text, "twice"));
	ck_assert_int_eq(read_keys("{\"keys\":[" ONE(A, KEY_A) "]}", &one),
	    -E_BAD_FORMAT);
	ck_assert_ptr_nonnull(strstr(why.text, "not asked for"));
	ck_assert_int_eq(read_keys("{\"keys\":[" ONE(B, KEY_A) ","
	    ONE(B, KEY_A) "]}", &two), -E_BAD_FORMAT);
}
END_TEST

START_TEST(an_answer_that_is_not_a_container_is_refused)
{
	static const char *const	texts[] = {
		"", "[]", "7", "{}", "{\"keys\":{}}", "{\"keys\":[7]}",
		"{\"keys\":[{}]}", "{\"keys\":[{\"key_ID\":\"" A "\"}]}",
		"{\"keys\":[{\"key\":\"" KEY_A "\"}]}",
		"{\"keys\":[{\"key_ID\":7,\"key\":\"" KEY_A "\"}]}",
		"{\"keys\":[{\"key_ID\":\"" A "\",\"key\":7}]}",
		"{\"keys\":[" ONE("x" A, KEY_A) "]}",
		"{\"keys\":[" ONE(A, "") "]}",
		"{\"keys\":[" ONE(A, "AAA") "]}",
		"{\"keys\":[" ONE(A, "A A=") "]}",
		"{\"keys\":[" ONE(A, "AAB=") "]}",	/* stray bits */
		"{\"keys\":[" ONE(A, "====") "]}",
		"{\"keys\":[" ONE(A, "AA\\nA") "]}",
		"{\"keys\":[" ONE(A, "AA\\u0000A") "]}",
		"{\"keys\":[" ONE(A, KEY_A) "]",
		"{\"keys\":[" ONE(A, KEY_A) "]}x",
		"{\"keys\":[{\"key_ID\":\"" A "\",\"key\":\"" KEY_A,
		/* Two members of one name: which would be meant? */
		"{\"keys\":[" ONE(A, KEY_A) "],\"keys\":[]}",
		"{\"keys\":[{\"key_ID\":\"" A "\",\"key\":\"AAAA\",\"k\\u0065y"
		    "\":\"" KEY_A "\"}]}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(read_new(texts[i], 1, 0) == -E_BAD_FORMAT,
		    "%s: taken, or %s", texts[i], why.text);
}
END_TEST

START_TEST(a_parser_never_sees_a_key)
{
	char	 copy[SAEBLANK_ROOM(sizeof(TWO))], body[] = TWO, *at;
	size_t	 n;

	ck_assert_int_eq(saeblank(copy, sizeof(copy), &n, body, strlen(body)),
	    0);
	ck_assert_ptr_null(memmem(copy, n, KEY_A, 4));
	ck_assert_ptr_null(memmem(copy, n, KEY_B, 4));
	ck_assert_ptr_nonnull(memmem(copy, n, "\"key_ID\":", 9));
	ck_assert_int_eq(saeblank_find("20:36", body, strlen(body), &at, &n),
	    0);
	ck_assert_uint_eq(n, 36);
	ck_assert_int_eq(strncmp(at, A, 36), 0);
	ck_assert_int_eq(saeblank_find("190:36", body, strlen(body), &at,
	    &n), -E_BAD_FORMAT);
	ck_assert_int_eq(saeblank_find("", body, strlen(body), &at, &n),
	    -E_BAD_FORMAT);
}
END_TEST

START_TEST(many_small_strings_do_not_exceed_the_room)
{
	char	 text[4000], copy[SAEBLANK_ROOM(sizeof(text))];
	size_t	 n;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 3 == 2 ? ',' : '"';
	ck_assert_int_eq(saeblank(copy, sizeof(copy), &n, text,
	    sizeof(text) - 1), -E_TOO_LARGE);
}
END_TEST

static int
read_status(const char *text, struct saestatus *s)
{
	return saeanswer_status(text, strlen(text), s, &why);
}

START_TEST(a_status_is_read)
{
	struct saestatus	s;

	ck_assert_int_eq(read_status("{\"source_KME_ID\":\"K1\","
	    "\"target_KME_ID\":\"K2\",\"master_SAE_ID\":\"M\","
	    "\"slave_SAE_ID\":\"S\",\"key_size\":352,"
	    "\"stored_key_count\":25000,\"max_key_count\":100000,"
	    "\"max_key_per_request\":128,\"max_key_size\":1024,"
	    "\"min_key_size\":64,\"max_SAE_ID_count\":0,"
	    "\"status_extension\":{}}", &s), 0);
	ck_assert_str_eq(s.source_kme, "K1");
	ck_assert_str_eq(s.slave_sae, "S");
	ck_assert_int_eq(s.key_size, 352);
	ck_assert_int_eq(s.stored_key_count, 25000);
	ck_assert_int_eq(s.max_sae_id_count, 0);
	ck_assert_int_eq(read_status("{\"key_size\":8}", &s), 0);
	ck_assert_str_eq(s.source_kme, "");
	ck_assert_int_eq(s.max_sae_id_count, SAE_NO_NUMBER);
	ck_assert_int_eq(read_status("{\"key_size\":\"8\"}", &s),
	    -E_BAD_FORMAT);
	ck_assert_int_eq(read_status("{\"key_size\":-1}", &s), -E_BAD_FORMAT);
	ck_assert_int_eq(read_status("{\"source_KME_ID\":7}", &s),
	    -E_BAD_FORMAT);
	ck_assert_int_eq(read_status("{\"source_KME_ID\":\"\\u001b[2J\"}",
	    &s), -E_BAD_FORMAT);
	ck_assert_int_eq(read_status("[]", &s), -E_BAD_FORMAT);
}
END_TEST

static const char *
error_text(const char *json)
{
	static char	text[120];

	saeanswer_error(json, strlen(json), text, sizeof(text));
	return text;
}

START_TEST(an_error_is_told_with_its_details)
{
	char	longer[400] = "{\"message\":\"";

	ck_assert_str_eq(error_text("{\"message\":\"no\"}"), "no");
	ck_assert_str_eq(error_text("{\"message\":\"no\",\"details\":["
	    "{\"a\":\"b\"},{\"c\":7}]}"), "no (a: b, c: 7)");
	ck_assert_str_eq(error_text("{\"message\":7}"), "");
	ck_assert_str_eq(error_text("<html>"), "");
	memset(longer + strlen(longer), 'x', 300);
	strcat(longer, "\"}");
	ck_assert_uint_eq(strlen(error_text(longer)), 119);
}
END_TEST

START_TEST(a_kmes_words_cannot_steer_a_terminal)
{
	saewhy_set(&why, E_REFUSED, "a%sb", "\x1b[2J\n\xc2\x9b\xc3\xa4\x7f");
	ck_assert_str_eq(why.text, "a?[2J?\xc2?\xc3\xa4?b");
}
END_TEST

UNIT_MAIN("saeanswer", new_keys_come_in_the_order_of_the_answer,
    fetched_keys_come_in_the_order_of_the_request,
    what_other_kmes_write_is_read, an_extension_is_told_as_it_was_said,
    keys_that_nobody_asked_for_are_refused,
    an_answer_that_is_not_a_container_is_refused,
    a_parser_never_sees_a_key, many_small_strings_do_not_exceed_the_room,
    a_status_is_read, an_error_is_told_with_its_details,
    a_kmes_words_cannot_steer_a_terminal)
