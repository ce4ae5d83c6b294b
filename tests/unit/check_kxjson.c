/* check_kxjson.c - the payloads of Kx frames, octet by octet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "relayd/kxjson.h"
#include "unit.h"

#define RID	"01234567-89ab-4def-8123-456789abcdef"
/* 5 octets "hello", 16 octets 0..15. */
#define HELLO	"aGVsbG8="
#define MAC	"AAECAwQFBgcICQoLDA0ODw=="

#define RELAY_TAIL \
	"\"key_relay_request_ID\":\"" RID "\"," \
	"\"keys\":[{\"key_ID\":\"" RID "\",\"key\":\"" HELLO "\"," \
	"\"key_extension\":{\"protection\":\"otp\"," \
	"\"pad\":\"18446744073709551615\",\"block\":\"9007199254740993\"," \
	"\"mac\":\"" MAC "\"}}]}"
#define RELAY_DIRECT \
	"{\"source_KMA_ID\":\"KME-A\",\"destination_KMA_ID\":\"KME-B\"," \
	RELAY_TAIL
#define RELAY_TRANSIT \
	"{\"source_KMA_ID\":\"KME-A\",\"destination_KMA_ID\":\"KME-D\"," \
	"\"transit_KMA_IDs\":[\"KME-B\",\"KME-C\"]," RELAY_TAIL

static const uint8_t	mac[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
	13, 14, 15 };
static struct kx_relay	relay;
static const char	*why;

static int
read_relay(const char *text)
{
	return kxjson_relay(&relay, (const uint8_t *)text, strlen(text),
	    &why);
}

static size_t
put_relay(uint8_t *out, size_t room, const char *route)
{
	static struct msg_relay_out m;
	struct route	r;

	ck_assert_int_eq(route_parse(&r, route), 0);
	strcpy(m.request, RID);
	m.pad = UINT64_MAX;
	m.block = 9007199254740993;
	m.mac = (struct msg_view){ mac, 16 };
	m.text = (struct msg_view){ (const uint8_t *)"hello", 5 };
	return kxjson_put_relay(out, room, &r, &m);
}

START_TEST(a_relay_is_written_as_the_profile_says)
{
	uint8_t	out[1024];
	size_t	n;

	n = put_relay(out, sizeof(out), "KME-A,KME-B");
	ck_assert_uint_eq(n, strlen(RELAY_DIRECT));
	ck_assert_mem_eq(out, RELAY_DIRECT, n);
	n = put_relay(out, sizeof(out), "KME-A,KME-B,KME-C,KME-D");
	ck_assert_uint_eq(n, strlen(RELAY_TRANSIT));
	ck_assert_mem_eq(out, RELAY_TRANSIT, n);
}
END_TEST

START_TEST(what_does_not_fit_is_not_written)
{
	size_t	 whole = strlen(RELAY_DIRECT);
	uint8_t	*out;

	for (size_t room = 0; room < whole; room++) {
		out = malloc(room + 1);
		ck_assert_uint_eq(put_relay(out, room, "KME-A,KME-B"), 0);
		free(out);
	}
}
END_TEST

START_TEST(a_relay_is_read_back)
{
	route_text	text;

	ck_assert_int_eq(read_relay(RELAY_TRANSIT), 0);
	route_print(&relay.route, text);
	ck_assert_str_eq(text, "KME-A,KME-B,KME-C,KME-D");
	ck_assert(!relay.plain);
	ck_assert_str_eq(relay.request, RID);
	ck_assert(relay.pad == UINT64_MAX);
	ck_assert(relay.block == 9007199254740993);
	ck_assert_mem_eq(relay.mac, mac, 16);
	ck_assert_uint_eq(relay.len, 5);
	ck_assert_mem_eq(relay.text, "hello", 5);
}
END_TEST

START_TEST(a_part_of_a_block_is_written_and_read_back)
{
	static struct msg_relay_out m;
	static const char	*bad[] = { "\"part\":1", "\"parts\":2",
	    "\"part\":0,\"parts\":2", "\"part\":3,\"parts\":2",
	    "\"part\":1,\"parts\":1", "\"part\":1,\"parts\":9",
	    "\"part\":-1,\"parts\":2", "\"part\":\"1\",\"parts\":2",
	    "\"part\":1.0,\"parts\":2", "\"part\":4294967297,\"parts\":2" };
	struct route		 r;
	char			 out[1024], text[1024], *at;
	size_t			 n;

	ck_assert_int_eq(route_parse(&r, "KME-A,KME-B"), 0);
	strcpy(m.request, RID);
	m.mac = (struct msg_view){ mac, 16 };
	m.text = (struct msg_view){ (const uint8_t *)"hello", 5 };
	m.part = 2;
	m.parts = 8;
	n = kxjson_put_relay((uint8_t *)out, sizeof(out) - 1, &r, &m);
	ck_assert_uint_gt(n, 0);
	out[n] = '\0';
	ck_assert_ptr_nonnull(at = strstr(out, ",\"part\":2,\"parts\":8,"));
	ck_assert_int_eq(read_relay(out), 0);
	ck_assert_uint_eq(relay.part, 2);
	ck_assert_uint_eq(relay.parts, 8);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "%.*s,%s%s", (int)(at - out),
		    out, bad[i], at + strlen(",\"part\":2,\"parts\":8"));
		ck_assert_msg(read_relay(text) == -E_BAD_FORMAT, "%s",
		    bad[i]);
		ck_assert_str_eq(why, "part");
	}
	ck_assert_int_eq(read_relay(RELAY_DIRECT), 0);
	ck_assert_uint_eq(relay.part | relay.parts, 0);
}
END_TEST

/* RELAY_DIRECT with one piece replaced by another. */
static int
read_changed(const char *from, const char *to)
{
	static char	 text[8192];
	const char	*at = strstr(RELAY_DIRECT, from);

	ck_assert_ptr_nonnull(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - RELAY_DIRECT),
	    RELAY_DIRECT, to, at + strlen(from));
	return read_relay(text);
}

START_TEST(numbers_and_ids_are_read_in_all_forms_allowed)
{
	ck_assert_int_eq(read_changed("\"18446744073709551615\"", "7"), 0);
	ck_assert(relay.pad == 7);
	ck_assert_int_eq(read_changed("\"18446744073709551615\"", "\"0\""),
	    0);
	ck_assert(relay.pad == 0);
	ck_assert_int_eq(read_changed("456789abcdef\",\"keys\"",
	    "456789ABCDEF\",\"keys\""), 0);
	ck_assert_str_eq(relay.request, RID);
	ck_assert_int_eq(read_changed("{\"source", "{\"x\":[{}],\"source"),
	    0);
	ck_assert_int_eq(read_changed("{\"source",
	    "{\"extension\":[{\"x\":1}],\"source"), 0);
}
END_TEST

static const char *const malformed[][2] = {
	{ "18446744073709551615", "18446744073709551616" },
	{ "18446744073709551615", "" },
	{ "18446744073709551615", "01" },
	{ "18446744073709551615", "-1" },
	{ "18446744073709551615", "1 " },
	{ "\"18446744073709551615\"", "-1" },
	{ "\"18446744073709551615\"", "1.0" },
	{ "\"18446744073709551615\"", "null" },
	{ "\"pad\":\"18446744073709551615\",", "" },
	{ "\"block\":\"9007199254740993\",", "" },
	{ ",\"mac\":\"" MAC "\"", "" },
	{ MAC, "AAECAwQFBgcICQoLDA0ODw=" },
	{ MAC, "AAECAwQFBgcICQoLDA0O" },
	{ MAC, "AAECAwQFBgcICQoLDA0ODxAR" },
	{ HELLO, "aGVsbG8" },
	{ HELLO, "aGVsbG9=" },
	{ HELLO, "aGVs bG8=" },
	{ HELLO, "" },
	{ "\"key\":\"" HELLO "\"", "\"key\":5" },
	{ "\"key\":\"" HELLO "\",", "" },
	{ "\"key_ID\":\"" RID "\",", "" },
	{ "\"key_ID\":\"" RID, "\"key_ID\":\"11234567-89ab-4def-8123-"
	    "456789abcdef" },
	{ "\"key_relay_request_ID\":\"" RID "\",", "" },
	{ "\"key_relay_request_ID\":\"" RID, "\"key_relay_request_ID\":\"x" },
	{ "\"key_relay_request_ID\":\"" RID "\"",
	    "\"key_relay_request_ID\":null" },
	{ "\"source_KMA_ID\":\"KME-A\",", "" },
	{ "\"source_KMA_ID\":\"KME-A\"", "\"source_KMA_ID\":\"\"" },
	{ "\"source_KMA_ID\":\"KME-A\"", "\"source_KMA_ID\":\"a,b\"" },
	{ "\"source_KMA_ID\":\"KME-A\"", "\"source_KMA_ID\":\"KME-B\"" },
	{ "\"source_KMA_ID\":\"KME-A\"", "\"source_KMA_ID\":[\"KME-A\"]" },
	{ "\"source_KMA_ID\":\"KME-A\"",
	    "\"source_KMA_ID\":\"KME-A\",\"source_KMA_ID\":\"KME-A\"" },
	{ "\"destination_KMA_ID\":\"KME-B\",", "" },
	{ "{\"source", "{\"transit_KMA_IDs\":null,\"source" },
	{ "{\"source", "{\"transit_KMA_IDs\":[\"KME-A\"],\"source" },
	{ "{\"source", "{\"transit_KMA_IDs\":[\"c\",\"c\"],\"source" },
	{ "{\"source", "{\"transit_KMA_IDs\":[7],\"source" },
	{ "{\"source", "{\"extension\":{},\"source" },
	{ "{\"source", "{\"extension\":[1],\"source" },
	{ "{\"source", "[{\"source" },
	{ "{\"source", "{\"\xff\":1,\"source" },
	{ "{\"source", "{\"a\":\"\\u0000\",\"source" },
	{ "}}]}", "}}]} x" },
	{ "}}]}", "}}]" },
	{ "}}]}", "}},{\"key_ID\":\"k\",\"key\":\"\"}]}" },
	{ "}}]}", "}},5]}" },
};

START_TEST(malformed_relays_are_refused)
{
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]);
	    i++) {
		why = NULL;
		ck_assert_msg(read_changed(malformed[i][0],
		    malformed[i][1]) == -E_BAD_FORMAT, "%zu: %s", i,
		    malformed[i][1]);
		ck_assert_ptr_nonnull(why);
	}
	for (size_t n = 0; n < strlen(RELAY_DIRECT); n++)
		ck_assert_int_eq(kxjson_relay(&relay,
		    (const uint8_t *)RELAY_DIRECT, n, &why), -E_BAD_FORMAT);
}
END_TEST

/* With so many characters more, in place of `from`. */
static int
read_long(const char *from, const char *before, size_t n, const char *after)
{
	char	piece[4096], more[2049] = "";

	memset(more, 'A', n);
	snprintf(piece, sizeof(piece), "%s%s%s", before, more, after);
	return read_changed(from, piece);
}

START_TEST(a_long_key_is_read_as_a_short_one)
{
	ck_assert_int_eq(read_long("\"aGVsbG8=\"", "\"aGVsbG8h", 1024, "\""),
	    0);
	ck_assert_uint_eq(relay.len, 774);
	ck_assert_int_eq(memcmp(relay.text, "hello!\0", 8), 0);
	ck_assert_uint_eq(relay.text[773], 0);
	ck_assert_str_eq(relay.request, RID);
	ck_assert_int_eq(memcmp(relay.mac, mac, 16), 0);
	/* With an escape in it. */
	ck_assert_int_eq(read_long("\"aGVsbG8=\"", "\"\\u0061GVsbG8h",
	    1024, "\""), 0);
	ck_assert_uint_eq(relay.len, 774);
	ck_assert_int_eq(memcmp(relay.text, "hello!\0", 8), 0);
}
END_TEST

/* Something else that is long; and what could be taken for the key then. */
START_TEST(nothing_long_is_taken_for_the_key)
{
	ck_assert_int_eq(read_long("\"keys\":", "\"extension\":[{\"x\":\"",
	    1024, "\"}],\"keys\":"), 0);
	ck_assert_uint_eq(relay.len, 5);
	ck_assert_int_eq(memcmp(relay.text, "hello", 5), 0);
	ck_assert_int_eq(read_long("\"key\":\"aGVsbG8=\"", "\"x\":\"", 1024,
	    "\",\"key\":true"), -E_BAD_FORMAT);
	ck_assert_int_eq(read_long("\"key\":\"aGVsbG8=\"", "\"", 1024,
	    "\":\"x\",\"key\":true"), -E_BAD_FORMAT);
	ck_assert_int_eq(read_long("\"key\":\"aGVsbG8=\"", "\"key\":\"", 1024,
	    "\",\"key\":true"), -E_BAD_FORMAT);
	ck_assert_int_eq(read_long("\"aGVsbG8=\"", "\"", 1024, "*\""),
	    -E_BAD_FORMAT);
	ck_assert_int_eq(read_long("\"aGVsbG8=\"", "\"", 1024, "\377\""),
	    -E_BAD_FORMAT);
	ck_assert_int_eq(read_long("\"aGVsbG8=\"", "\"", 1024, ""),
	    -E_BAD_FORMAT);
}
END_TEST

START_TEST(a_refusal_can_name_the_request)
{
	ck_assert_int_lt(read_changed("\"destination_KMA_ID\":\"KME-B\",",
	    ""), 0);
	ck_assert_str_eq(relay.request, RID);
	ck_assert_int_lt(read_relay("{"), 0);
	ck_assert_str_eq(relay.request, "");
}
END_TEST

START_TEST(nesting_is_limited)
{
	char	text[256];
	bool	kma;

	for (int depth = 15; depth <= 16; depth++) {
		int	n = sprintf(text, "{\"x\":");

		memset(text + n, '[', (size_t)depth);
		memset(text + n + depth, ']', (size_t)depth);
		strcpy(text + n + 2 * depth, "}");
		ck_assert_int_eq(kxjson_alive(&kma, (const uint8_t *)text,
		    strlen(text), &why), depth == 15 ? 0 : -E_BAD_FORMAT);
	}
	/* Brackets in a string are no nesting. */
	strcpy(text, "{\"[[[[[[[[[[[[[[[[[[[[[[\\\"[[[\":1}");
	ck_assert_int_eq(kxjson_alive(&kma, (const uint8_t *)text, strlen(text),
	    &why), 0);
}
END_TEST

START_TEST(routes_have_at_most_32_nodes_and_1024_octets)
{
	char	text[8192], list[4096];
	int	n;

	for (int nodes = 32; nodes <= 33; nodes++) {
		n = 0;
		for (int i = 0; i < nodes - 2; i++)
			n += sprintf(list + n, "%s\"t%d\"", i > 0 ? "," : "",
			    i);
		snprintf(text, sizeof(text),
		    "{\"transit_KMA_IDs\":[%s],\"source", list);
		ck_assert_int_eq(read_changed("{\"source", text),
		    nodes == 32 ? 0 : -E_BAD_FORMAT);
	}
	n = 0;
	for (int i = 0; i < 20; i++)
		n += sprintf(list + n, "%s\"%060d\"", i > 0 ? "," : "", i);
	snprintf(text, sizeof(text), "{\"transit_KMA_IDs\":[%s],\"source",
	    list);
	ck_assert_int_eq(read_changed("{\"source", text), -E_BAD_FORMAT);
}
END_TEST

START_TEST(keys_in_clear_are_recognised)
{
	ck_assert_int_eq(read_relay("{\"source_KMA_ID\":\"a\","
	    "\"destination_KMA_ID\":\"b\",\"keys\":[{\"key_ID\":\"k1\","
	    "\"key\":\"AAAA\"},{\"key_ID\":\"k2\",\"key\":\"AAAA\"}]}"), 0);
	ck_assert(relay.plain);
	ck_assert_str_eq(relay.request, "");
	ck_assert_int_eq(read_relay("{\"source_KMA_ID\":\"a\","
	    "\"destination_KMA_ID\":\"b\",\"keys\":[]}"), -E_BAD_FORMAT);
}
END_TEST

static int
read_done(struct kx_done *d, const char *text)
{
	return kxjson_done(d, (const uint8_t *)text, strlen(text), &why);
}

#define DONE \
	"{\"response\":\"success\",\"key_relay_request_ID\":\"" RID "\"," \
	"\"extension\":[{\"source_KMA_ID\":\"KME-A\"," \
	"\"destination_KMA_ID\":\"KME-C\",\"transit_KMA_IDs\":[\"KME-B\"]," \
	"\"mac\":\"" MAC "\"}]}"

START_TEST(a_completion_is_written_and_read_back)
{
	struct kx_done	d;
	struct route	r;
	uint8_t		out[512];
	size_t		n;

	route_parse(&r, "KME-A,KME-B,KME-C");
	n = kxjson_put_done(out, sizeof(out), "success", RID, &r,
	    (struct msg_view){ mac, 16 });
	ck_assert_uint_eq(n, strlen(DONE));
	ck_assert_mem_eq(out, DONE, n);
	ck_assert_int_eq(read_done(&d, DONE), 0);
	ck_assert_str_eq(d.response, "success");
	ck_assert_str_eq(d.request, RID);
	ck_assert_uint_eq(d.route.n, 3);
	ck_assert_uint_eq(d.maclen, 16);
	n = kxjson_put_done(out, sizeof(out), "bad_request: \"\\\n", "", NULL,
	    (struct msg_view){ NULL, 0 });
	ck_assert_uint_eq(n, 38);
	ck_assert_mem_eq(out, "{\"response\":\"bad_request: \\\"\\\\\\u000a\"}",
	    n);
}
END_TEST

START_TEST(completions_of_others_are_read_and_bad_ones_refused)
{
	struct kx_done	d;

	ck_assert_int_eq(read_done(&d, "{\"response\":\"rejected: no\"}"), 0);
	ck_assert_str_eq(d.request, "");
	ck_assert_uint_eq(d.route.n, 0);
	ck_assert_int_eq(read_done(&d, "{\"response\":\"success\","
	    "\"key_relay_request_ID\":\"any thing\",\"extension\":[{\"x\":1}]"
	    "}"), 0);
	ck_assert_str_eq(d.request, "any thing");
	ck_assert_int_lt(read_done(&d, "{}"), 0);
	ck_assert_int_lt(read_done(&d, "{\"response\":\"\"}"), 0);
	ck_assert_int_lt(read_done(&d, "{\"response\":\"Success\"}"), 0);
	ck_assert_int_lt(read_done(&d, "{\"response\":\"success:x\"}"), 0);
	ck_assert_int_lt(read_done(&d, "{\"response\":\"success x\"}"), 0);
	ck_assert_int_lt(read_done(&d, "{\"response\":1}"), 0);
	ck_assert_int_lt(read_done(&d, "{\"response\":\"success\","
	    "\"extension\":[{\"source_KMA_ID\":\"a\"}]}"), 0);
	ck_assert_int_lt(read_done(&d, "{\"response\":\"success\","
	    "\"extension\":[{\"source_KMA_ID\":\"a\","
	    "\"destination_KMA_ID\":\"b\",\"mac\":\"AAAA\"}]}"), 0);
	ck_assert_int_lt(read_done(&d, "{\"response\":\"success\","
	    "\"key_relay_request_ID\":\"0123456789012345678901234567890123456"
	    "7890123456789012345678901234\"}"), 0);
}
END_TEST

START_TEST(control_messages_are_written_and_read_back)
{
	static struct kx_message m;
	const char	*text = "{\"source_KMA_ID\":\"KME-A\","
			    "\"destination_KMA_ID\":\"KME-B\","
			    "\"extension\":[{\"message\":\"" HELLO "\"}]}";
	struct route	 r;
	uint8_t		 out[512];
	size_t		 n;

	route_parse(&r, "KME-A,KME-B");
	n = kxjson_put_message(out, sizeof(out), &r, (struct msg_view){
	    (const uint8_t *)"hello", 5 });
	ck_assert_uint_eq(n, strlen(text));
	ck_assert_mem_eq(out, text, n);
	ck_assert_int_eq(kxjson_message(&m, out, n, &why), 0);
	ck_assert_uint_eq(m.len, 5);
	ck_assert_mem_eq(m.body, "hello", 5);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_lt(kxjson_message(&m, out, i, &why), 0);
	ck_assert_int_lt(kxjson_message(&m, (const uint8_t *)"{}", 2, &why),
	    0);
}
END_TEST

static int
read_ad(struct linkstate_ad *ad, const char *text)
{
	return kxjson_announce(ad, (const uint8_t *)text, strlen(text), &why);
}

#define AD(inc, seq, list) \
	"{\"origin\":\"KME-A\",\"incarnation\":" inc ",\"sequence\":" seq \
	",\"neighbours\":" list "}"

START_TEST(announcements_are_written_and_read_back)
{
	struct linkstate_ad	ad = { "KME-A", 1790000000000, 7, 2, {
				    { "KME-B", LINKSTATE_AMPLE, 0, 0 },
				    { "KME-C", LINKSTATE_AMPLE, 0, 0 } } },
				back;
	const char		*text = AD("\"1790000000000\"", "\"7\"",
				    "[\"KME-B\",\"KME-C\"]");
	uint8_t			out[512];
	size_t			n = kxjson_put_announce(out, sizeof(out), &ad);

	ck_assert_uint_eq(n, strlen(text));
	ck_assert_mem_eq(out, text, n);
	ck_assert_int_eq(read_ad(&back, text), 0);
	ck_assert_str_eq(back.origin, "KME-A");
	ck_assert(back.incarnation == ad.incarnation && back.sequence == 7);
	ck_assert_uint_eq(back.n, 2);
	ck_assert_str_eq(back.links[1].peer, "KME-C");
	ck_assert_int_eq(read_ad(&back, AD("1", "2", "[]")), 0);
	ck_assert_int_lt(read_ad(&back, AD("\"4611686018427387904\"", "1",
	    "[]")), 0);
	ck_assert_int_lt(read_ad(&back, AD("1", "-1", "[]")), 0);
	ck_assert_int_lt(read_ad(&back, AD("1", "1", "{}")), 0);
	ck_assert_int_lt(read_ad(&back, AD("1", "1", "[\"KME-A\"]")), 0);
	ck_assert_int_lt(read_ad(&back, AD("1", "1", "[\"b\",\"b\"]")), 0);
	ck_assert_int_lt(read_ad(&back, AD("1", "1", "[1]")), 0);
	ck_assert_int_lt(read_ad(&back, "[]"), 0);
}
END_TEST

START_TEST(a_sign_of_life_says_whether_key_management_runs)
{
	uint8_t	out[64];
	bool	kma;

	for (int runs = 0; runs < 2; runs++) {
		size_t	n = kxjson_put_alive(out, sizeof(out), runs);

		ck_assert_int_eq(kxjson_alive(&kma, out, n, &why), 0);
		ck_assert_int_eq(kma, runs);
	}
	ck_assert_int_eq(kxjson_alive(&kma, (const uint8_t *)"{\"kma\":0}", 9,
	    &why), -E_BAD_FORMAT);
	ck_assert_str_eq(why, "kma");
}
END_TEST

START_TEST(announcements_name_at_most_64_neighbours)
{
	struct linkstate_ad	ad;
	char			text[2048];

	for (int n = 64; n <= 65; n++) {
		int	at = sprintf(text, "{\"origin\":\"a\","
			    "\"incarnation\":1,\"sequence\":1,"
			    "\"neighbours\":[");

		for (int i = 0; i < n; i++)
			at += sprintf(text + at, "%s\"n%d\"", i > 0 ? "," :
			    "", i);
		strcpy(text + at, "]}");
		ck_assert_int_eq(read_ad(&ad, text), n == 64 ? 0 :
		    -E_BAD_FORMAT);
	}
}
END_TEST

UNIT_MAIN("kxjson", a_relay_is_written_as_the_profile_says,
    what_does_not_fit_is_not_written, a_relay_is_read_back,
    a_part_of_a_block_is_written_and_read_back,
    numbers_and_ids_are_read_in_all_forms_allowed,
    malformed_relays_are_refused, a_long_key_is_read_as_a_short_one,
    nothing_long_is_taken_for_the_key, a_refusal_can_name_the_request,
    nesting_is_limited, routes_have_at_most_32_nodes_and_1024_octets,
    keys_in_clear_are_recognised, a_completion_is_written_and_read_back,
    completions_of_others_are_read_and_bad_ones_refused,
    control_messages_are_written_and_read_back,
    announcements_are_written_and_read_back,
    a_sign_of_life_says_whether_key_management_runs,
    announcements_name_at_most_64_neighbours)
