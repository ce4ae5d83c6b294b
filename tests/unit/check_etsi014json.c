/* ETSI GS QKD 014, clause 6: what a request may say, and how answers look. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "err.h"
#include "ksa/etsi014json.h"
#include "ksa/etsi014out.h"

#define A	"bc490419-7d60-487f-adc1-4ddcc177c139"
#define B	"0a782fb5-3434-48fe-aa4d-14f41d46cf92"
#define NOT_FOUND	"one or more keys specified are not found on KME"
#define MULTIPLE	"size shall be a multiple of 8"
#define MANDATORY	"not all extension_mandatory parameters are supported"

static const struct supply_limits limits = { 256, 64, 65536, 128, 0 };
static struct refusal	 r;
static struct key_request k;
static struct key_ids	 ids;
static char		 text[16384];

static void
setup(void)
{
	memset(&r, 0, sizeof(r));
}

static void
teardown(void)
{
	refusal_clear(&r);
}

static int
post(const char *body)
{
	refusal_clear(&r);
	return etsi014_read_request(&k, body, strlen(body), &limits, &r);
}

static int
get(const char *query)
{
	refusal_clear(&r);
	return etsi014_read_request_query(&k, query, strlen(query), &limits,
	    &r);
}

static int
post_ids(const char *body)
{
	refusal_clear(&r);
	return etsi014_read_ids(&ids, body, strlen(body), &limits, &r);
}

static int
get_ids(const char *query)
{
	refusal_clear(&r);
	return etsi014_read_ids_query(&ids, query, strlen(query), &r);
}

static const char *
error_text(void)
{
	struct jsonout	out = { text, sizeof(text) - 1, 0 };

	etsi014_write_error(&out, &r);
	ck_assert_uint_lt(out.len, sizeof(text));
	text[out.len] = '\0';
	return text;
}

#define ASKS(call, n, bits) do {					\
	ck_assert_int_eq(call, 0);					\
	ck_assert_uint_eq(k.number, n);					\
	ck_assert_uint_eq(k.size, bits);				\
} while (0)

#define REFUSED(call, words) do {					\
	ck_assert_int_eq(call, -E_BAD_FORMAT);				\
	ck_assert_msg(strstr(r.message, words) != NULL, "%s: %s", #call,\
	    r.message);							\
} while (0)

START_TEST(nothing_asked_is_one_key_of_the_default_size)
{
	ASKS(post(""), 1, 256);
	ASKS(post(" \r\n\t"), 1, 256);
	ASKS(post("{}"), 1, 256);
	ASKS(get(""), 1, 256);
}
END_TEST

START_TEST(number_and_size_are_taken_as_they_are)
{
	ASKS(post("{\"number\":3,\"size\":1024}"), 3, 1024);
	ASKS(post("{\"size\":64,\"number\":128}"), 128, 64);
	ASKS(get("number=3&size=1024"), 3, 1024);
	ASKS(get("size=65536"), 1, 65536);
	ASKS(get("%6eumber=%32&key_type=1&x"), 2, 256);
}
END_TEST

START_TEST(unknown_members_and_parameters_are_ignored)
{
	ASKS(post("{\"additional_target_sae_ids\":[],\"x\":{\"y\":null}}"),
	    1, 256);
	ASKS(post("{\"additional_slave_SAE_IDs\":[],"
	    "\"extension_mandatory\":[],\"extension_optional\":[]}"), 1, 256);
	ASKS(post("{\"extension_optional\":[{\"abc_max_age\":30000}]}"), 1,
	    256);
	ASKS(get("key_type=1"), 1, 256);
	ASKS(get("extension_optional=x"), 1, 256);
}
END_TEST

START_TEST(a_number_that_is_none_is_refused)
{
	static const char *const bad[] = { "0", "-1", "129", "1.5", "1.0",
		"\"1\"", "null", "true", "[]", "{}", "1e2",
		"99999999999999999999", "-99999999999999999999",
		"9223372036854775807", "4294967297" };
	char	body[128];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(body, sizeof(body), "{\"number\":%s}", bad[i]);
		ck_assert_msg(post(body) < 0, "%s", body);
		snprintf(body, sizeof(body), "{\"size\":%s}", bad[i]);
		ck_assert_msg(post(body) < 0, "%s", body);
		snprintf(body, sizeof(body), "number=%s", bad[i]);
		ck_assert_msg(get(body) < 0, "%s", body);
	}
	ck_assert_int_lt(get("number="), 0);
	ck_assert_int_lt(get("number"), 0);
	ck_assert_int_lt(get("number=+1"), 0);
	ck_assert_int_lt(get("number=0x1"), 0);
	ck_assert_int_lt(get("number=%001"), 0);
	ck_assert_int_lt(get("size=18446744073709551872"), 0);
}
END_TEST

START_TEST(the_refusal_names_the_limit)
{
	REFUSED(post("{\"number\":129}"), "1 to 128 (max_key_per_request)");
	REFUSED(get("number=0"), "1 to 128");
	REFUSED(post("{\"size\":32}"), "64 (min_key_size)");
	REFUSED(post("{\"size\":65544}"), "65536 (max_key_size)");
	REFUSED(get("size=99999999999999999999"), "65536 (max_key_size)");
	REFUSED(get("number=18446744073709551617"), "1 to 128");
	ASKS(get("size=00000000000000000000000000256"), 1, 256);
	REFUSED(post("{\"number\":\"3\"}"), "number shall be an integer");
	REFUSED(post("{\"number\":99999999999999999999}"),
	    "a number is out of range");
}
END_TEST

START_TEST(a_size_that_is_not_whole_octets_has_the_words_of_6_2)
{
	REFUSED(post("{\"size\":257}"), MULTIPLE);
	ck_assert_str_eq(error_text(), "{\"message\":\"" MULTIPLE "\"}");
	REFUSED(get("size=257"), MULTIPLE);
	REFUSED(post("{\"size\":-7}"), MULTIPLE);
	REFUSED(get("size=123456789012345678"), MULTIPLE);
	REFUSED(post("{\"size\":65537}"), MULTIPLE);
	ck_assert_str_eq(error_text(), "{\"message\":\"" MULTIPLE "\","
	    "\"details\":[{\"size\":\"shall be from 64 to 65536\"}]}");
}
END_TEST

START_TEST(a_mandatory_extension_has_the_words_of_6_2)
{
	REFUSED(post("{\"extension_mandatory\":[{\"abc_route_type\":\"x\"},"
	    "{\"a\\\"b\":1,\"c\":2}]}"), MANDATORY);
	ck_assert_str_eq(error_text(), "{\"message\":\"" MANDATORY "\","
	    "\"details\":["
	    "{\"extension_mandatory_unsupported\":"
	    "\"abc_route_type is not supported\"},"
	    "{\"extension_mandatory_unsupported\":"
	    "\"a\\\"b is not supported\"},"
	    "{\"extension_mandatory_unsupported\":\"c is not supported\"}]}");
	REFUSED(get("extension_mandatory=x"), "POST");
}
END_TEST

START_TEST(null_is_no_array_at_all)
{
	ASKS(post("{\"additional_slave_SAE_IDs\":null,"
	    "\"extension_mandatory\":null,\"extension_optional\":null}"),
	    1, 256);
	ck_assert_uint_eq(k.nslaves, 0);
	REFUSED(post("{\"additional_slave_SAE_IDs\":[null]}"),
	    "array of strings");
	REFUSED(post_ids("{\"key_IDs\":null}"), "at least one");
}
END_TEST

START_TEST(members_of_a_wrong_type_are_refused)
{
	REFUSED(post("{\"extension_mandatory\":{}}"), "array of objects");
	REFUSED(post("{\"extension_mandatory\":[1]}"), "array of objects");
	REFUSED(post("{\"extension_optional\":[[]]}"), "array of objects");
	REFUSED(post("{\"additional_slave_SAE_IDs\":[1]}"),
	    "array of strings");
	REFUSED(post("{\"additional_slave_SAE_IDs\":\"B\"}"),
	    "array of strings");
}
END_TEST

START_TEST(more_slaves_than_can_be_served_are_refused)
{
	REFUSED(post("{\"additional_slave_SAE_IDs\":[\"C\"]}"),
	    "(max_SAE_ID_count)");
	REFUSED(get("additional_slave_SAE_IDs=C"), "POST");
}
END_TEST

START_TEST(what_is_not_json_is_refused)
{
	static const char *const bad[] = {
		"[]", "1", "null", "\"x\"", "{", "{}{}", "{} x", "{\"a\":1,}",
		"{'a':1}", "{\"a\":01}", "{\"a\":NaN}", "{\"a\":\"\x01\"}",
		"{\"number\":1,\"number\":1}", "{\"x\":{\"a\":1,\"a\":1}}",
		"{\"a\":\"\xff\"}", "{\"a\":\"\xc0\x80\"}",
		"{\"a\":\"\\u0000\"}", "{\"a\":\"\\ud800\"}", "\xef\xbb\xbf{}",
		"{\"a\":+1}", "{\"a\":.5}", "{\"a\":1e999}", "//x\n{}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_msg(post(bad[i]) < 0, "%s", bad[i]);
		ck_assert_msg(post_ids(bad[i]) < 0, "%s", bad[i]);
	}
	REFUSED(post("{\"number\":1,\"number\":1}"), "stands there twice");
	REFUSED(post("[]"), "shall be a JSON object");
	REFUSED(post("null"), "shall be a JSON object");
	refusal_clear(&r);
	ck_assert_int_lt(etsi014_read_request(&k, "{}\0", 3, &limits, &r), 0);
}
END_TEST

START_TEST(a_parameter_stands_in_the_url_once)
{
	REFUSED(get("number=1&number=1"), "twice");
	REFUSED(get_ids("key_ID=" A "&key_ID=" B), "twice");
}
END_TEST

START_TEST(with_post_parameters_are_not_in_the_url)
{
	ck_assert_int_eq(etsi014_read_post_query("key_type=1", 10, &r), 0);
	ck_assert_int_eq(etsi014_read_post_query(NULL, 0, &r), 0);
	REFUSED(etsi014_read_post_query("number=3", 8, &r), "number");
}
END_TEST

START_TEST(key_ids_are_read_in_either_case)
{
	ck_assert_int_eq(post_ids("{\"key_IDs\":[{\"key_ID\":\"" A "\"},"
	    "{\"key_ID\":\"0A782FB5-3434-48FE-AA4D-14F41D46CF92\"}]}"), 0);
	ck_assert_uint_eq(ids.n, 2);
	ck_assert_uint_eq(ids.id[0][0], 0xbc);
	ck_assert_uint_eq(ids.id[1][15], 0x92);
	ck_assert_int_eq(get_ids("x=1&key_ID=" A), 0);
	ck_assert_uint_eq(ids.n, 1);
}
END_TEST

START_TEST(key_ids_may_stand_apart)
{
	ck_assert_int_eq(post_ids(" {\n \"key_IDs\" : [ {\t\"key_ID\": \"" A
	    "\"\r\n} , { \"key_ID\":\"" B "\"}]} "), 0);
	ck_assert_uint_eq(ids.n, 2);
	ck_assert_uint_eq(ids.id[1][0], 0x0a);
	ck_assert_int_eq(post_ids("{\"key_IDs\":[{\"key_ID\":\""
	    "\\u0062c490419-7d60-487f-adc1-4ddcc177c139\"}]}"), 0);
	ck_assert_uint_eq(ids.id[0][0], 0xbc);
	REFUSED(post_ids("{\"key_IDs\":[{\"key_ID\":\"" A "\"}]}x"),
	    "something follows");
	REFUSED(post_ids("{\"key_IDs\":[{\"key_ID\":\"" A "\"},]}"),
	    "syntax");
}
END_TEST

START_TEST(key_ids_may_carry_more_members)
{
	ck_assert_int_eq(post_ids("{\"key_IDs\":[{\"key_ID\":\"" A "\","
	    "\"master_SAE_ID\":\"M\",\"key_ID_extension\":{}}],"
	    "\"key_IDs_extension\":{\"x\":1}}"), 0);
	ck_assert_uint_eq(ids.n, 1);
}
END_TEST

START_TEST(a_key_asked_for_twice_is_refused)
{
	REFUSED(post_ids("{\"key_IDs\":[{\"key_ID\":\"" B "\"},"
	    "{\"key_ID\":\"" A "\"},{\"key_ID\":\"0A782FB5-3434-48FE-AA4D-"
	    "14F41D46CF92\"}]}"), "stands there twice");
}
END_TEST

START_TEST(key_ids_that_are_none_are_refused)
{
	REFUSED(post_ids("{}"), "at least one");
	REFUSED(post_ids(""), "at least one");
	REFUSED(post_ids("{\"key_IDs\":[]}"), "at least one");
	REFUSED(post_ids("{\"key_IDs\":{}}"), "array of objects");
	REFUSED(post_ids("{\"key_IDs\":[\"" A "\"]}"), "array of objects");
	REFUSED(post_ids("{\"key_IDs\":[{}]}"), "key_ID");
	REFUSED(post_ids("{\"key_IDs\":[{\"key_ID\":1}]}"), "string");
	REFUSED(get_ids(""), "missing");
	REFUSED(get_ids("key_ID"), NOT_FOUND);
}
END_TEST

START_TEST(an_id_that_is_no_uuid_is_on_no_kme)
{
	REFUSED(post_ids("{\"key_IDs\":[{\"key_ID\":\"x\"}]}"), NOT_FOUND);
	ck_assert_str_eq(error_text(), "{\"message\":\"" NOT_FOUND "\"}");
	REFUSED(post_ids("{\"key_IDs\":[{\"key_ID\":\"" A " \"}]}"),
	    NOT_FOUND);
	REFUSED(post_ids("{\"key_IDs\":[{\"key_ID\":\"" A B "\"}]}"),
	    NOT_FOUND);
	ck_assert_str_eq(error_text(), "{\"message\":\"" NOT_FOUND "\"}");
	REFUSED(get_ids("key_ID=%ff"), NOT_FOUND);
	ck_assert_str_eq(error_text(), "{\"message\":\"" NOT_FOUND "\"}");
}
END_TEST

/* {"key_IDs":[...]} with n distinct IDs. */
static const char *
many(uint32_t n)
{
	char	*p = text + sprintf(text, "{\"key_IDs\":[");

	for (uint32_t i = 0; i < n; i++)
		p += sprintf(p, "%s{\"key_ID\":\"bc490419-7d60-487f-adc1-"
		    "4ddcc177%04x\"}", i > 0 ? "," : "", i << 3);
	strcpy(p, "]}");
	return text;
}

START_TEST(a_batch_is_as_large_as_status_says)
{
	ck_assert_int_eq(post_ids(many(128)), 0);
	ck_assert_uint_eq(ids.n, 128);
	REFUSED(post_ids(many(129)), "no more than 128");
}
END_TEST

START_TEST(status_has_all_members_and_small_integers)
{
	struct jsonout	 out = { text, sizeof(text), 0 };
	struct status014 s = { "KME-A", "KME-B", "A\"\\\x01", "\xc3\xa4",
		&limits, 4000000000, 3000000000 };

	etsi014_write_status(&out, &s);
	text[out.len] = '\0';
	ck_assert_str_eq(text, "{\"source_KME_ID\":\"KME-A\","
	    "\"target_KME_ID\":\"KME-B\","
	    "\"master_SAE_ID\":\"A\\\"\\\\\\u0001\","
	    "\"slave_SAE_ID\":\"\xc3\xa4\",\"key_size\":256,"
	    "\"stored_key_count\":2147483647,\"max_key_count\":2147483647,"
	    "\"max_key_per_request\":128,\"max_key_size\":65536,"
	    "\"min_key_size\":64,\"max_SAE_ID_count\":0}");
}
END_TEST

START_TEST(what_is_not_utf8_does_not_leave)
{
	struct jsonout	out = { text, sizeof(text), 0 };

	jsonout_string(&out, "a\xff\xc3\xe2\x82z\xed\xa0\x80\xf4\x90\x80\x80"
	    "\xf0\x9f\x98\x80\x7f");
	text[out.len] = '\0';
	ck_assert_str_eq(text,
	    "\"a????z???????\xf0\x9f\x98\x80\\u007f\"");
}
END_TEST

START_TEST(what_does_not_fit_is_counted_not_written)
{
	struct jsonout	out = { text, 3, 0 };

	strcpy(text, "xxxxxxx");
	jsonout_string(&out, "abcdef");
	ck_assert_uint_eq(out.len, 8);
	ck_assert_str_eq(text, "\"abxxxx");
}
END_TEST

static void
check_container(const char *p, size_t len, uint32_t number, uint32_t octets)
{
	json_t	*root = json_loadb(p, len, JSON_REJECT_DUPLICATES, NULL);
	json_t	*keys = json_object_get(root, "keys"), *key;
	uint8_t	 bytes[128];
	size_t	 n, i;

	ck_assert_uint_eq(json_array_size(keys), number);
	json_array_foreach(keys, i, key) {
		json_t	*b64 = json_object_get(key, "key");

		ck_assert_int_eq(base64_decode(bytes, sizeof(bytes), &n,
		    json_string_value(b64), json_string_length(b64)), 0);
		ck_assert_uint_eq(n, octets);
		ck_assert_uint_eq(bytes[0], i * octets % 256);
		ck_assert_uint_eq(json_string_length(json_object_get(key,
		    "key_ID")), 36);
	}
	json_decref(root);
}

START_TEST(keys_are_written_to_the_octet)
{
	static const struct { uint32_t number, octets; } sizes[] = {
		{ 1, 32 }, { 3, 8 }, { 2, 9 }, { 7, 10 }, { 64, 100 },
	};
	static uint8_t	key_ids[64][16];
	struct supply_answer a = { .ids = (const uint8_t (*)[16])key_ids };

	ck_assert_int_eq(secret_init(65536), 0);
	a.keys = secret_new(6400);
	for (size_t i = 0; i < 6400; i++)
		a.keys->bytes[i] = i;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t	n;

		a.number = sizes[i].number;
		a.octets = sizes[i].octets;
		n = etsi014_keys_len(&a);
		memset(text, 'x', sizeof(text));
		etsi014_write_keys(text, &a);
		ck_assert_int_eq(text[n - 1], '}');
		ck_assert_int_eq(text[n], 'x');
		check_container(text, n, a.number, a.octets);
	}
	secret_free(&a.keys);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("etsi014json");
	TCase	*t = tcase_create("etsi014json");
	SRunner	*sr = srunner_create(s);
	int	 failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nothing_asked_is_one_key_of_the_default_size);
	tcase_add_test(t, number_and_size_are_taken_as_they_are);
	tcase_add_test(t, unknown_members_and_parameters_are_ignored);
	tcase_add_test(t, a_number_that_is_none_is_refused);
	tcase_add_test(t, the_refusal_names_the_limit);
	tcase_add_test(t, a_size_that_is_not_whole_octets_has_the_words_of_6_2);
	tcase_add_test(t, a_mandatory_extension_has_the_words_of_6_2);
	tcase_add_test(t, null_is_no_array_at_all);
	tcase_add_test(t, members_of_a_wrong_type_are_refused);
	tcase_add_test(t, more_slaves_than_can_be_served_are_refused);
	tcase_add_test(t, what_is_not_json_is_refused);
	tcase_add_test(t, a_parameter_stands_in_the_url_once);
	tcase_add_test(t, with_post_parameters_are_not_in_the_url);
	tcase_add_test(t, key_ids_are_read_in_either_case);
	tcase_add_test(t, key_ids_may_stand_apart);
	tcase_add_test(t, key_ids_may_carry_more_members);
	tcase_add_test(t, a_key_asked_for_twice_is_refused);
	tcase_add_test(t, key_ids_that_are_none_are_refused);
	tcase_add_test(t, an_id_that_is_no_uuid_is_on_no_kme);
	tcase_add_test(t, a_batch_is_as_large_as_status_says);
	tcase_add_test(t, status_has_all_members_and_small_integers);
	tcase_add_test(t, what_is_not_utf8_does_not_leave);
	tcase_add_test(t, what_does_not_fit_is_counted_not_written);
	tcase_add_test(t, keys_are_written_to_the_octet);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
