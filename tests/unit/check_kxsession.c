/* check_kxsession.c - the messages about sessions on Kx, octet by octet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "frame.h"
#include "relayd/kxsession.h"
#include "unit.h"

#define SID	"5f7c2c1e-93d4-4b0a-8e55-0123456789ab"
#define KEY1	"0192f0c1-7a00-7000-8000-000000000001"
#define KEY2	"0192f0c1-7a00-7000-8040-000000000002"
#define HELLO	"aGVsbG8="	/* "hello" */
#define AB	"\"source_KMA_ID\":\"KME-A\",\"destination_KMA_ID\":\"KME-B\""
#define BCA	"\"source_KMA_ID\":\"KME-B\",\"destination_KMA_ID\":" \
	"\"KME-A\",\"transit_KMA_IDs\":[\"KME-C\"]"

#define NOTIFY	"{\"session_ID\":\"" SID "\",\"number_of_keys\":2," \
	"\"size_of_key\":256,\"extension\":[{" AB ",\"key_IDs\":[\"" KEY1 \
	"\",\"" KEY2 "\"],\"message\":\"" HELLO "\"}]}"
#define NOTIFIED "{\"session_ID\":\"" SID "\",\"key_ID\":\"" KEY1 "\"," \
	"\"response\":\"success\",\"extension\":[{" BCA ",\"key_IDs\":[\"" \
	KEY1 "\",\"" KEY2 "\"],\"message\":\"" HELLO "\"}]}"
#define OPEN	"{\"session_ID\":\"" SID "\",\"application_source_ID\":" \
	"\"SAE-A1\",\"application_destination_ID\":\"SAE \\\"B\\\"\"," \
	"\"number_of_keys\":9223372036854775807,\"extension\":[{" AB \
	",\"message\":\"" HELLO "\"}]}"
#define OPENED	"{\"session_ID\":\"" SID "\",\"response\":\"rejected: no\"," \
	"\"extension\":[{" BCA ",\"message\":\"" HELLO "\"}]}"

static struct kx_session	s;
static const char		*why;

static int
readn(enum kx_command c, const char *text, size_t len)
{
	why = NULL;
	return kxsession_read(&s, c, (const uint8_t *)text, len, &why);
}

static int
read_text(enum kx_command c, const char *text)
{
	return readn(c, text, strlen(text));
}

static struct msg_session_out
made(enum kx_command c)
{
	static uint8_t		keys[32];
	struct msg_session_out	m = { .command = c };

	strcpy(m.session, SID);
	ck_assert_int_eq(uuid_parse(KEY1, UUID_TEXT, keys), 0);
	ck_assert_int_eq(uuid_parse(KEY2, UUID_TEXT, keys + 16), 0);
	if (c == KX_NOTIFY || c == KX_NOTIFIED)
		m.ids = (struct msg_view){ keys, sizeof(keys) };
	m.number = c == KX_NOTIFY ? 2 : INT64_MAX;
	m.size = 256;
	strcpy(m.source, "SAE-A1");
	strcpy(m.destination, "SAE \"B\"");
	strcpy(m.response, c == KX_NOTIFIED ? "success" : "rejected: no");
	m.body = (struct msg_view){ (const uint8_t *)"hello", 5 };
	return m;
}

static const struct { enum kx_command command; const char *route, *text; }
golden[] = {
	{ KX_NOTIFY, "KME-A,KME-B", NOTIFY },
	{ KX_NOTIFIED, "KME-B,KME-C,KME-A", NOTIFIED },
	{ KX_OPEN, "KME-A,KME-B", OPEN },
	{ KX_OPENED, "KME-B,KME-C,KME-A", OPENED },
};

#define GOLDEN	(sizeof(golden) / sizeof(golden[0]))

START_TEST(the_four_are_written_as_the_profile_says)
{
	static uint8_t	out[4096];

	for (size_t i = 0; i < GOLDEN; i++) {
		struct msg_session_out	m = made(golden[i].command);
		size_t			n = strlen(golden[i].text);
		struct route		r;

		ck_assert_int_eq(route_parse(&r, golden[i].route), 0);
		ck_assert_uint_ge(kxsession_room(&r, &m), n);
		ck_assert_uint_eq(kxsession_put(out, kxsession_room(&r, &m),
		    &r, &m), n);
		ck_assert_mem_eq(out, golden[i].text, n);
		for (size_t room = 0; room < n; room++)
			ck_assert_uint_eq(kxsession_put(out, room, &r, &m), 0);
	}
}
END_TEST

START_TEST(the_four_are_read_and_nothing_that_is_cut)
{
	route_text	text;

	for (size_t i = 0; i < GOLDEN; i++) {
		enum kx_command	c = golden[i].command;

		for (size_t n = 0; n < strlen(golden[i].text); n++) {
			ck_assert_int_eq(readn(c, golden[i].text, n),
			    -E_BAD_FORMAT);
			ck_assert_ptr_nonnull(why);
		}
		ck_assert_int_eq(read_text(c, golden[i].text), 0);
		ck_assert_str_eq(s.session, SID);
		ck_assert_str_eq(s.key, kxsession_request(c) == KX_NOTIFY ?
		    KEY1 : "");
		ck_assert_str_eq(s.response, c == KX_NOTIFIED ? "success" :
		    c == KX_OPENED ? "rejected: no" : "");
		route_print(&s.route, text);
		ck_assert_str_eq(text, golden[i].route);
		ck_assert_uint_eq(s.len, 5);
		ck_assert_mem_eq(s.body, "hello", 5);
	}
}
END_TEST

START_TEST(each_response_belongs_to_a_request)
{
	ck_assert_int_eq(kxsession_response(KX_NOTIFY), KX_NOTIFIED);
	ck_assert_int_eq(kxsession_response(KX_OPEN), KX_OPENED);
	ck_assert_int_eq(kxsession_request(KX_NOTIFIED), KX_NOTIFY);
	ck_assert_int_eq(kxsession_request(KX_OPENED), KX_OPEN);
	ck_assert_int_eq(kxsession_request(KX_OPEN), KX_OPEN);
	ck_assert(kxsession_is_request(KX_NOTIFY));
	ck_assert(kxsession_is_request(KX_OPEN));
	ck_assert(!kxsession_is_request(KX_NOTIFIED));
	ck_assert(!kxsession_is_request(KX_OPENED));
}
END_TEST

/* The golden text with one piece replaced by another. */
static int
changed(enum kx_command c, const char *from, const char *to)
{
	static char	 text[8192];
	const char	*whole = NULL, *at;

	for (size_t i = 0; i < GOLDEN; i++)
		if (golden[i].command == c)
			whole = golden[i].text;
	ck_assert_ptr_nonnull(whole);
	at = strstr(whole, from);
	ck_assert_msg(at != NULL, "%s", from);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - whole), whole, to,
	    at + strlen(from));
	return read_text(c, text);
}

#define LONG	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define SAE292	LONG LONG LONG LONG \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct { enum kx_command command; const char *from, *to, *why; }
malformed[] = {
	{ KX_NOTIFY, "{\"session_ID\":\"" SID "\",", "{", "session_ID" },
	{ KX_NOTIFY, SID, "", "session_ID" },
	{ KX_NOTIFY, SID, "s", "session_ID" },
	{ KX_NOTIFY, SID, SID "0", "session_ID" },
	{ KX_NOTIFY, "\"" SID "\"", "7", "session_ID" },
	{ KX_NOTIFY, "\"" SID "\"", "null", "session_ID" },
	{ KX_NOTIFY, "keys\":2", "keys\":0", "number_of_keys" },
	{ KX_NOTIFY, "keys\":2", "keys\":-1", "number_of_keys" },
	{ KX_NOTIFY, "keys\":2", "keys\":2.0", "number_of_keys" },
	{ KX_NOTIFY, "keys\":2", "keys\":\"2\"", "number_of_keys" },
	{ KX_NOTIFY, "keys\":2", "keys\":null", "number_of_keys" },
	{ KX_NOTIFY, "keys\":2", "keys\":1025", "number_of_keys" },
	{ KX_NOTIFY, "keys\":2", "keys\":3", "number_of_keys" },
	{ KX_NOTIFY, "\"number_of_keys\":2,", "", "number_of_keys" },
	{ KX_NOTIFY, "key\":256", "key\":0", "size_of_key" },
	{ KX_NOTIFY, "key\":256", "key\":256.0", "size_of_key" },
	{ KX_NOTIFY, "key\":256", "key\":\"256\"", "size_of_key" },
	{ KX_NOTIFY, "key\":256", "key\":true", "size_of_key" },
	{ KX_NOTIFY, "key\":256", "key\":4294967296", "size_of_key" },
	{ KX_NOTIFY, ",\"message\":\"" HELLO "\"", "", "message" },
	{ KX_NOTIFY, HELLO, "", "message" },
	{ KX_NOTIFY, HELLO, "aGVsbG8", "message" },
	{ KX_NOTIFY, "\"" HELLO "\"", "5", "message" },
	{ KX_NOTIFY, "extension", "Extension", "extension" },
	{ KX_NOTIFY, "[{" AB, "[5,{" AB, "extension" },
	{ KX_NOTIFY, "\"source_KMA_ID\":\"KME-A\",", "", "source_KMA_ID" },
	{ KX_NOTIFY, "KME-B", "KME-A", "destination_KMA_ID" },
	{ KX_NOTIFY, "\"key_IDs\":[\"" KEY1 "\",\"" KEY2 "\"],", "",
	    "key_IDs" },
	{ KX_NOTIFY, "[\"" KEY1 "\",\"" KEY2 "\"]", "[]", "key_IDs" },
	{ KX_NOTIFY, "[\"" KEY1 "\",\"" KEY2 "\"]", "{}", "key_IDs" },
	{ KX_NOTIFY, "[\"" KEY1 "\",\"" KEY2 "\"]", "\"" KEY1 "\"",
	    "key_IDs" },
	{ KX_NOTIFY, KEY2, "", "key_IDs" },
	{ KX_NOTIFY, "\"" KEY2 "\"", "{}", "key_IDs" },
	{ KX_NOTIFY, "\"" KEY2 "\"", "[\"" KEY2 "\"]", "key_IDs" },
	{ KX_NOTIFIED, "{\"session_ID\":\"" SID "\",", "{", "session_ID" },
	{ KX_NOTIFIED, SID, "s", "session_ID" },
	{ KX_NOTIFIED, "\"key_ID\":\"" KEY1 "\",", "", "key_ID" },
	{ KX_NOTIFIED, "\"key_ID\":\"" KEY1, "\"key_ID\":\"k", "key_ID" },
	{ KX_NOTIFIED, "\"key_ID\":\"" KEY1 "\"", "\"key_ID\":null",
	    "key_ID" },
	{ KX_NOTIFIED, "\"response\":\"success\",", "", "response" },
	{ KX_NOTIFIED, "\"success\"", "\"\"", "response" },
	{ KX_NOTIFIED, "\"success\"", "\"Success\"", "response" },
	{ KX_NOTIFIED, "\"success\"", "\"success:x\"", "response" },
	{ KX_NOTIFIED, "\"success\"", "1", "response" },
	{ KX_NOTIFIED, "\"success\"", "\"timeout: " SAE292 "\"", "response" },
	{ KX_NOTIFIED, BCA ",", "", "source_KMA_ID" },
	{ KX_NOTIFIED, KEY2, "x", "key_IDs" },
	{ KX_NOTIFIED, HELLO, "aGVsbG9=", "message" },
	{ KX_NOTIFIED, "[{" BCA, "[[],{" BCA, "extension" },
	{ KX_OPEN, SID, "", "session_ID" },
	{ KX_OPEN, "\"application_source_ID\":\"SAE-A1\",", "",
	    "application_source_ID" },
	{ KX_OPEN, "\"SAE-A1\"", "[\"SAE-A1\"]", "application_source_ID" },
	{ KX_OPEN, "SAE-A1", "", "application_source_ID" },
	{ KX_OPEN, "SAE-A1", SAE292, "application_source_ID" },
	{ KX_OPEN, "SAE-A1", "a\\u0007", "application_source_ID" },
	{ KX_OPEN, "\"SAE \\\"B\\\"\"", "null", "application_destination_ID" },
	{ KX_OPEN, "9223372036854775807", "0", "number_of_keys" },
	{ KX_OPEN, "9223372036854775807", "1e3", "number_of_keys" },
	{ KX_OPEN, "9223372036854775807", "9223372036854775808", "number" },
	{ KX_OPEN, ",\"message\":\"" HELLO "\"", "", "message" },
	{ KX_OPENED, "\"session_ID\":\"" SID "\",", "", "session_ID" },
	{ KX_OPENED, ",\"response\":\"rejected: no\"", "", "response" },
	{ KX_OPENED, "\"KME-C\"", "\"KME-A\"", "destination_KMA_ID" },
	{ KX_OPENED, "[{" BCA, "{\"x\":[{" BCA, "" },
};

START_TEST(what_is_malformed_is_refused_and_said_why)
{
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]);
	    i++) {
		ck_assert_msg(changed(malformed[i].command,
		    malformed[i].from, malformed[i].to) == -E_BAD_FORMAT,
		    "%zu: %s", i, malformed[i].to);
		ck_assert_ptr_nonnull(why);
		ck_assert_msg(strstr(why, malformed[i].why) != NULL,
		    "%zu: %s: %s", i, malformed[i].to, why);
	}
}
END_TEST

START_TEST(all_forms_allowed_are_read)
{
	ck_assert_int_eq(changed(KX_NOTIFY, "\"" KEY1 "\"", "{\"key_ID\":"
	    "\"0192F0C1-7A00-7000-8000-000000000001\"}"), 0);
	ck_assert_str_eq(s.key, KEY1);
	ck_assert_int_eq(changed(KX_NOTIFY, ",\"size_of_key\":256", ""), 0);
	ck_assert_int_eq(changed(KX_NOTIFY, "[{" AB, "[{\"x\":1},{" AB), 0);
	ck_assert_int_eq(changed(KX_NOTIFY, SID,
	    "5F7C2C1E-93D4-4B0A-8E55-0123456789AB"), 0);
	ck_assert_str_eq(s.session, SID);
	ck_assert_int_eq(changed(KX_OPEN, "9223372036854775807", "1"), 0);
	ck_assert_int_eq(changed(KX_OPEN,
	    ",\"number_of_keys\":9223372036854775807", ""), 0);
	ck_assert_int_eq(changed(KX_OPEN, "{\"session",
	    "{\"application_name\":5,\"session"), 0);
	ck_assert_int_eq(changed(KX_NOTIFIED, "\"key_IDs\":[\"" KEY1 "\",\""
	    KEY2 "\"],", ""), 0);
	ck_assert_str_eq(s.key, KEY1);
}
END_TEST

START_TEST(a_hop_refuses_without_a_message)
{
	struct msg_session_out	 m = made(KX_NOTIFIED);
	const char		*text = "{\"session_ID\":\"" SID "\","
				    "\"key_ID\":\"" KEY1 "\",\"response\":"
				    "\"unavailable: x\",\"extension\":[{" BCA
				    "}]}";
	uint8_t			 out[512];
	struct route		 r;
	size_t			 n;

	route_parse(&r, "KME-B,KME-C,KME-A");
	strcpy(m.response, "unavailable: x");
	m.body.len = 0;
	n = kxsession_put(out, sizeof(out), &r, &m);
	ck_assert_uint_eq(n, strlen(text));
	ck_assert_mem_eq(out, text, n);
	ck_assert_int_eq(read_text(KX_NOTIFIED, text), 0);
	ck_assert(s.len == 0 && s.route.n == 3);
	m = (struct msg_session_out){ .command = KX_NOTIFIED };
	strcpy(m.response, "bad_request: x");
	text = "{\"session_ID\":\"\",\"key_ID\":\"\",\"response\":"
	    "\"bad_request: x\"}";
	n = kxsession_put(out, sizeof(out), NULL, &m);
	ck_assert_uint_eq(n, strlen(text));
	ck_assert_mem_eq(out, text, n);
	ck_assert_int_eq(read_text(KX_NOTIFIED, text), 0);
	ck_assert(s.len == 0 && s.route.n == 0 && s.session[0] == '\0');
}
END_TEST

START_TEST(a_refusal_can_name_what_it_refuses)
{
	ck_assert_int_lt(changed(KX_NOTIFY, "KME-B", "KME-A"), 0);
	ck_assert_str_eq(s.session, SID);
	ck_assert_str_eq(s.key, KEY1);
	ck_assert_int_lt(changed(KX_NOTIFY, SID, "s"), 0);
	ck_assert_str_eq(s.session, "");
	ck_assert_str_eq(s.key, KEY1);
	ck_assert_int_lt(read_text(KX_OPEN, "{"), 0);
	ck_assert_str_eq(s.session, "");
}
END_TEST

/* The longest route there can be: 32 nodes in 1,024 octets. */
static void
longest(struct route *r)
{
	route_text	text;

	r->n = 0;
	for (unsigned i = 0; i < ROUTE_HOPS_MAX; i++)
		snprintf(r->km[r->n++], sizeof(r->km[0]), "%0*u",
		    i == 0 ? 32 : 31, i);
	route_print(r, text);
	ck_assert_uint_eq(strlen(text), ROUTE_MAX);
}

START_TEST(as_many_keys_as_a_request_can_have_fit_into_a_frame)
{
	static uint8_t		out[FRAME_PAYLOAD_MAX + 1], ids[16 * 1024];
	static uint8_t		body[KXJSON_BODY_MAX];
	struct msg_session_out	m = made(KX_NOTIFIED);
	size_t			n = 0, most = 0;
	struct route		r;

	longest(&r);
	/* The worst that a response can be: all of it escaped. */
	memset(m.response, 1, MSG_TEXT_MAX);
	memcpy(m.response, "rejected: ", 10);
	m.ids = (struct msg_view){ ids, sizeof(ids) };
	for (m.body.p = body, m.body.len = 1; m.body.len < sizeof(body);
	    m.body.len++) {
		size_t	room = kxsession_room(&r, &m);

		ck_assert_uint_le(room, FRAME_PAYLOAD_MAX);
		if ((n = kxsession_put(out, room, &r, &m)) == 0)
			break;
		most = m.body.len;
		ck_assert_uint_le(n, FRAME_PAYLOAD_MAX);
	}
	/* What a KSA has to say takes some hundreds. */
	ck_assert_uint_ge(most, 16000);
	m.body.len = most;
	n = kxsession_put(out, FRAME_PAYLOAD_MAX, &r, &m);
	ck_assert_int_eq(readn(KX_NOTIFIED, (char *)out, n), 0);
	ck_assert_uint_eq(s.len, most);
	ck_assert_uint_eq(s.route.n, ROUTE_HOPS_MAX);
}
END_TEST

START_TEST(more_than_1024_keys_are_refused)
{
	static char	text[FRAME_PAYLOAD_MAX];

	for (int n = 1024; n <= 1025; n++) {
		int	at = sprintf(text, "{\"session_ID\":\"" SID "\","
			    "\"key_ID\":\"" KEY1 "\",\"response\":"
			    "\"success\",\"extension\":[{" AB
			    ",\"key_IDs\":[");

		for (int i = 0; i < n; i++)
			at += sprintf(text + at, "%s\"" KEY1 "\"", i > 0 ?
			    "," : "");
		strcpy(text + at, "]}]}");
		ck_assert_int_eq(read_text(KX_NOTIFIED, text), n == 1024 ? 0 :
		    -E_BAD_FORMAT);
	}
}
END_TEST

UNIT_MAIN("kxsession", the_four_are_written_as_the_profile_says,
    the_four_are_read_and_nothing_that_is_cut,
    each_response_belongs_to_a_request,
    what_is_malformed_is_refused_and_said_why, all_forms_allowed_are_read,
    a_hop_refuses_without_a_message, a_refusal_can_name_what_it_refuses,
    as_many_keys_as_a_request_can_have_fit_into_a_frame,
    more_than_1024_keys_are_refused)
