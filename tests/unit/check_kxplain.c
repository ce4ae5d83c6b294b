/* check_kxplain.c - what a plain peer may say. */
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "err.h"
#include "frame.h"
#include "relayd/kxplain.h"
#include "unit.h"

#define ID1	"\"01234567-89ab-4DEF-8123-456789abcdef\""
#define ID2	"\"11234567-89ab-4def-8123-456789abcdef\""
#define ENDS	"{\"source_KMA_ID\":\"KME-X\",\"destination_KMA_ID\":\"KME-A\","
#define KEY(ID, K)	"{\"key_ID\":" ID ",\"key\":\"" K "\"}"

static struct kx_plain	r;
static const char	*why;

static int
reads(const char *text)
{
	int	e;

	secret_free(&r.keys);
	why = NULL;
	e = kxplain_read(&r, (const uint8_t *)text, strlen(text), &why);
	ck_assert((e == 0) == (r.keys != NULL));
	ck_assert((e < 0) == (why != NULL));
	return e;
}

START_TEST(keys_of_several_sizes_come_with_their_ids)
{
	ck_assert_int_eq(secret_init(1 << 20), 0);
	ck_assert_int_eq(reads(ENDS "\"keys\":[" KEY(ID1, "AAEC") ","
	    KEY(ID2, "/w==") "],\"key_relay_request_ID\":\"any\","
	    "\"extension\":[{\"x\":1},{\"application_source_ID\":\"S\"},"
	    "{\"application_destination_ID\":\"D\"}],\"more\":1}"), 0);
	ck_assert_uint_eq(r.n, 2);
	ck_assert_mem_eq(r.ids[0], "\x01\x23\x45\x67\x89\xab\x4d\xef", 8);
	ck_assert_uint_eq(get_be32(r.sizes[0]), 3);
	ck_assert_uint_eq(get_be32(r.sizes[1]), 1);
	ck_assert_uint_eq(r.keys->len, 4);
	ck_assert_mem_eq(r.keys->bytes, "\0\1\2\xff", 4);
	ck_assert_str_eq(r.request, "any");
	ck_assert_str_eq(r.source, "S");
	ck_assert_str_eq(r.destination, "D");
	ck_assert_uint_eq(r.route.n, 2);
	secret_free(&r.keys);
	ck_assert_uint_eq(secret_used(), 0);
}
END_TEST

START_TEST(what_is_malformed_says_what_and_leaves_no_key)
{
	static const char *const bad[][2] = {
		{ "[]", "not a JSON object" },
		{ ENDS "\"keys\":[]}", "keys" },
		{ ENDS "\"keys\":[1]}", "key_ID: a UUID is expected" },
		{ ENDS "\"keys\":[" KEY("\"x\"", "AAEC") "]}",
		  "key_ID: a UUID is expected" },
		{ ENDS "\"keys\":[" KEY(ID1, "") "]}", "key" },
		{ ENDS "\"keys\":[" KEY(ID1, "AAE") "]}", "key" },
		{ ENDS "\"keys\":[" KEY(ID1, "AAEC") "," KEY(ID2, "!") "]}",
		  "key" },
		{ "{\"keys\":[" KEY(ID1, "AAEC") "]}", "source_KMA_ID" },
		{ ENDS "\"extension\":1,\"keys\":[" KEY(ID1, "AAEC") "]}",
		  "extension" },
		{ ENDS "\"extension\":[{\"application_source_ID\":1}],"
		  "\"keys\":[" KEY(ID1, "AAEC") "]}", "application_source_ID" },
		{ ENDS "\"key_relay_request_ID\":\"\",\"keys\":["
		  KEY(ID1, "AAEC") "]}", "key_relay_request_ID" },
	};

	ck_assert_int_eq(secret_init(1 << 20), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(reads(bad[i][0]), -E_BAD_FORMAT);
		ck_assert_str_eq(why, bad[i][1]);
		ck_assert_uint_eq(secret_used(), 0);
	}
}
END_TEST

START_TEST(a_key_has_65536_bits_at_most)
{
	static char	text[40000];
	int		n = snprintf(text, sizeof(text),
			    ENDS "\"keys\":[{\"key_ID\":" ID1 ",\"key\":\"");

	ck_assert_int_eq(secret_init(1 << 20), 0);
	memset(text + n, 'A', 10924);		/* 8192 octets and padding */
	strcpy(text + n + 10923, "=\"}]}");
	ck_assert_int_eq(reads(text), 0);
	ck_assert_uint_eq(r.keys->len, 8192);
	strcpy(text + n + 10923, "A\"}]}");
	ck_assert_int_eq(reads(text), -E_BAD_FORMAT);
}
END_TEST

START_TEST(what_cannot_be_taken_is_refused_in_the_protocols_words)
{
	ck_assert_int_eq(secret_init(1 << 20), 0);
	ck_assert_int_eq(reads(ENDS "\"keys\":[" KEY(ID1, "AAEC") ","
	    KEY(ID1, "AAED") "],\"key_relay_request_ID\":\"r\"}"),
	    -E_REFUSED);
	ck_assert_str_eq(why, "rejected: a key_ID stands there twice");
	ck_assert_str_eq(r.request, "r");
	ck_assert_int_eq(reads(ENDS "\"keys\":[{\"key_ID\":" ID1 ",\"key\":"
	    "\"AAEC\",\"key_extension\":{\"protection\":\"otp\"}}]}"),
	    -E_REFUSED);
	ck_assert(strncmp(why, "rejected: ", 10) == 0);
	ck_assert_int_eq(reads(ENDS "\"keys\":[{\"key_ID\":" ID1 ",\"key\":"
	    "\"AAEC\",\"key_extension\":{\"hash\":\"x\"}}]}"), 0);
}
END_TEST

START_TEST(what_is_written_is_read_as_it_was)
{
	struct route		 route = { 2, { "KME-A", "KME-X" } };
	uint8_t			 ids[2][16] = { { 1 }, { 2 } };
	static uint8_t		 out[FRAME_PAYLOAD_MAX];
	struct kx_plain_out	 m = { &route, "req", "S\"1", "D", ids[0],
	    (const uint8_t *)"abcdef", 2, 3 };
	size_t			 len;

	ck_assert_int_eq(secret_init(1 << 20), 0);
	len = kxplain_put(out, kxplain_room(&m), &m);
	ck_assert_uint_gt(len, 0);
	ck_assert_int_eq(kxplain_read(&r, out, len, &why), 0);
	ck_assert_uint_eq(r.n, 2);
	ck_assert_mem_eq(r.ids, ids, sizeof(ids));
	ck_assert_mem_eq(r.keys->bytes, "abcdef", 6);
	ck_assert_str_eq(r.source, "S\"1");
	ck_assert_str_eq(r.destination, "D");
	ck_assert_str_eq(r.request, "req");
	secret_free(&r.keys);
	ck_assert_uint_eq(kxplain_put(out, len - 1, &m), 0);
}
END_TEST

START_TEST(as_many_keys_as_are_said_to_fit_do)
{
	struct route		 route = { 2, { "KME-A", "KME-X" } };
	static uint8_t		 ids[1024][16], keys[1024 * 64];
	static uint8_t		 out[FRAME_PAYLOAD_MAX];
	struct kx_plain_out	 m = { &route, "req", "S", "D", ids[0], keys,
	    0, 0 };

	for (m.octets = 1; m.octets <= 8192; m.octets *= 2) {
		m.n = kxplain_most(&m);
		ck_assert_uint_ge(m.n, 1);
		if ((size_t)m.n * m.octets > sizeof(keys) || m.n > 1024)
			m.n = 1024 / m.octets + 1;
		ck_assert_uint_le(kxplain_room(&m), sizeof(out));
		ck_assert_uint_gt(kxplain_put(out, kxplain_room(&m), &m), 0);
	}
}
END_TEST

START_TEST(only_the_word_success_is_success)
{
	struct kx_done	 d;
	const char	*text = "{\"response\":\"Key stored. OK!\","
			    "\"key_relay_request_ID\":\"q\",\"extension\":7}";

	ck_assert_int_eq(kxplain_done(&d, (const uint8_t *)text,
	    strlen(text), &why), 0);
	ck_assert_str_eq(d.response, "Key stored. OK!");
	ck_assert_str_eq(d.request, "q");
	text = "{\"response\":1}";
	ck_assert_int_eq(kxplain_done(&d, (const uint8_t *)text,
	    strlen(text), &why), -E_BAD_FORMAT);
}
END_TEST

UNIT_MAIN("kxplain", keys_of_several_sizes_come_with_their_ids,
    what_is_malformed_says_what_and_leaves_no_key,
    a_key_has_65536_bits_at_most,
    what_cannot_be_taken_is_refused_in_the_protocols_words,
    what_is_written_is_read_as_it_was, as_many_keys_as_are_said_to_fit_do,
    only_the_word_success_is_success)
