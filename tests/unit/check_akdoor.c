/*
 * The door of Q.4161 as an application sees it: frames in, frames out. The
 * engine and the sockets are played by the test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "akbench.h"
#include "doorbench.h"
#include "err.h"
#include "frame.h"

#define ID	"bc490419-7d60-487f-adc1-4ddcc177c139"
#define ZERO	"00000000-0000-0000-0000-000000000000"
#define ENC	"{\"application_destination_ID\":\"SAE-B1\"}"
#define DEC	"{\"application_source_ID\":\"SAE-B1\",\"key_IDs\":[" \
		"{\"key_ID\":\"" ID "\"}]}"

START_TEST(a_source_gets_keys)
{
	struct conn	*c;

	c = akbench_enter(bench.a1);
	akbench_say(c, 0x2101, 77, "{\"application_destination_ID\":\"SAE-B1\","
	    "\"number_of_keys\":2,\"size_of_key\":64}");
	ck_assert_str_eq(fakesupply.asked, "enc SAE-A1 SAE-B1 2 8");
	ck_assert_str_eq(akbench_output(c), "1203/77 {\"keys\":["
	    "{\"key_ID\":\"" ZERO "\",\"key\":\"a2tra2tra2s=\"},"
	    "{\"key_ID\":\"" ZERO "\",\"key\":\"a2tra2tra2s=\"}],"
	    "\"response\":\"success\"}\n");
	akbench_say(c, 0x2101, 0xffffffff, ENC);
	ck_assert_str_eq(fakesupply.asked, "enc SAE-A1 SAE-B1 1 32");
}
END_TEST

START_TEST(a_destination_gets_keys)
{
	struct conn	*c;

	c = akbench_enter(bench.a1);
	akbench_say(c, 0x2102, 0, DEC);
	ck_assert_str_eq(fakesupply.asked, "dec SAE-A1 SAE-B1 1 bc");
	akbench_told(c, "1203/0 {\"keys\":[{");
}
END_TEST

START_TEST(the_engines_refusals_have_their_tokens)
{
	static const struct { enum supply_status status; const char *detail,
	    *response; } v[] = {
		{ SUPPLY_BAD_REQUEST, "so", "bad_request: so" },
		{ SUPPLY_UNAUTHORIZED, "so", "unauthorized: so" },
		{ SUPPLY_NOT_FOUND, "so", "not_found: so" },
		{ SUPPLY_NOT_FOUND, "", "not_found" },
		{ SUPPLY_INSUFFICIENT, "so", "insufficient_keys: so" },
		{ SUPPLY_TOO_LARGE, "so", "too_large: so" },
		{ SUPPLY_UNAVAILABLE, "so", "unavailable: so" },
		{ SUPPLY_TIMEOUT, NULL, "timeout" },
		{ SUPPLY_UNMET, NULL, "bad_request: not all "
		    "extension_mandatory request options could be met" },
		{ SUPPLY_UNMET, "so", "bad_request: not all "
		    "extension_mandatory request options could be met: so" },
	};
	struct conn	*c;
	char		 text[256];

	c = akbench_enter(bench.a1);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		fakesupply.status = v[i].status;
		fakesupply.detail = v[i].detail;
		akbench_say(c, i % 2 ? 0x2101 : 0x2102, 5, i % 2 ? ENC : DEC);
		snprintf(text, sizeof(text), "1203/5 {\"keys\":[],"
		    "\"response\":\"%s\"}\n", v[i].response);
		ck_assert_str_eq(akbench_output(c), text);
	}
}
END_TEST

START_TEST(many_requests_are_answered_as_they_finish)
{
	struct conn	*c;

	c = akbench_enter(bench.a1);
	fakesupply.later = true;
	for (uint32_t i = 0; i < 3; i++)
		akbench_say(c, 0x2101, i, ENC);
	akbench_say(c, 0x2101, 3, "{}");
	akbench_told(c, "1203/3 {\"keys\":[],");
	fakesupply_answer_last();
	akbench_told(c, "1203/2 {");
	fakesupply_answer();
	fakesupply_answer();
	akbench_told(c, "1203/1 {");
	ck_assert(!fakesupply_waits());
}
END_TEST

START_TEST(whoever_has_enough_open_is_not_read_from)
{
	struct conn	*c;

	c = akbench_enter(bench.a1);
	fakesupply.later = true;
	for (uint32_t i = 0; i < 12; i++)
		akbench_say(c, 0x2101, i, ENC);
	ck_assert_uint_eq(fakesupply.calls, 8);
	ck_assert(fakeconn_paused(c));
	fakesupply_answer();
	ck_assert_uint_eq(fakesupply.calls, 9);
	for (unsigned i = 0; i < 11; i++)
		fakesupply_answer();
	ck_assert_uint_eq(fakesupply.calls, 12);
	ck_assert(!fakeconn_paused(c));
}
END_TEST

/* Each answer takes some 60 KB of the 256 KiB. */
START_TEST(whoever_does_not_read_is_not_read_from)
{
	const char	*large = "{\"application_destination_ID\":\"SAE-B1\","
			    "\"number_of_keys\":5,\"size_of_key\":65536}";
	struct conn	*c;

	c = akbench_enter(bench.a1);
	fakesupply.later = true;
	for (uint32_t i = 0; i < 8; i++)
		akbench_say(c, 0x2101, i, large);
	ck_assert_uint_eq(fakesupply.calls, 5);
	while (fakesupply_waits())
		fakesupply_answer();
	ck_assert_uint_eq(fakesupply.calls, 5);
	ck_assert(fakeconn_paused(c));
	akbench_output(c);
	ck_assert_uint_eq(fakesupply.calls, 8);
}
END_TEST

START_TEST(keys_that_do_not_fit_are_not_asked_for)
{
	static const char *const	size[] = {
		"\"number_of_keys\":128,\"size_of_key\":65536",
		"\"number_of_keys\":6,\"size_of_key\":65536",
		"\"number_of_keys\":9223372036854775807",
		"\"size_of_key\":9223372036854775800",
	};
	struct conn	*c;
	char		 text[256];

	c = akbench_enter(bench.a1);
	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
		snprintf(text, sizeof(text), "{\"application_destination_ID\":"
		    "\"SAE-B1\",%s}", size[i]);
		akbench_say(c, 0x2101, 5, text);
		akbench_told(c, "too_large: ");
	}
	ck_assert_uint_eq(fakesupply.calls, 0);
	fakesupply.dec_octets = 8192 * 6;
	akbench_say(c, 0x2102, 5, DEC);
	akbench_told(c, "[],\"response\":\"too_large");
	fakesupply.dec_octets = 8192 * 5;
	akbench_say(c, 0x2102, 5, DEC);
	akbench_told(c, "\"success\"");
}
END_TEST

START_TEST(an_application_speaks_for_itself_only)
{
	static const struct { unsigned code; const char *text; } v[] = {
		{ 0x2101, "{\"application_source_ID\":\"SAE-A2\","
		    "\"application_destination_ID\":\"SAE-B1\"}" },
		{ 0x2102, "{\"application_source_ID\":\"SAE-B1\","
		    "\"application_destination_ID\":\"SAE-A2\","
		    "\"key_IDs\":[{\"key_ID\":\"" ID "\"}]}" },
		{ 0x2104, "{\"application_source_ID\":\"SAE-A2\","
		    "\"application_destination_ID\":\"SAE-B1\"}" },
	};
	struct conn	*c;

	c = akbench_enter(bench.a1);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		akbench_say(c, v[i].code, 5, v[i].text);
		akbench_told(c, "unauthorized: ");
	}
	ck_assert_uint_eq(fakesupply.calls, 0);
}
END_TEST

START_TEST(strangers_and_those_of_other_nodes_are_unauthorized_each_time)
{
	X509	*certs[2];

	certs[0] = bench.stranger;
	certs[1] = bench.b1;
	for (int i = 0; i < 2; i++) {
		struct conn	*c = akbench_enter(certs[i]);

		for (int k = 0; k < 2; k++) {
			akbench_say(c, 0x2101, 5, ENC);
			akbench_say(c, 0x2102, 5, "{");
			akbench_say(c, 0x2104, 5, "{}");
			akbench_say(c, 0x2108, 5, "{}");
			ck_assert_int_eq(doorbench_figure(
			    "ak/answers/unauthorized"), 8 * i + 4 * (k + 1));
		}
		ck_assert(!fakeconn_finished(c));
	}
	ck_assert_uint_eq(fakesupply.calls, 0);
}
END_TEST

START_TEST(before_each_frame_the_certificate_is_looked_at)
{
	struct conn	*c;
	unsigned	 before;

	c = akbench_enter(bench.a1);
	fakesupply.later = true;
	akbench_say(c, 0x2101, 1, ENC);
	before = fakeconn_verified();
	ck_assert_int_eq(door_reload(bench.door, &bench.conf), 0);
	fakeconn_verdict(0, "it was revoked");
	akbench_say(c, 0x2101, 2, ENC);
	ck_assert_uint_eq(fakeconn_verified(), before + 1);
	akbench_told(c, "1203/2 {\"keys\":[],"
	    "\"response\":\"unauthorized: the certificate is refused: it was "
	    "revoked\"}");
	ck_assert(!fakeconn_finished(c));	/* one is open */
	akbench_say(c, 0x2101, 3, ENC);
	ck_assert_str_eq(akbench_output(c), "");
	fakesupply_answer();
	akbench_told(c, "1203/1 ");
	ck_assert(fakeconn_finished(c));
}
END_TEST

START_TEST(what_makes_no_sense_ends_the_connection_after_what_is_open)
{
	struct conn	*c;

	c = akbench_enter(bench.a1);
	fakesupply.later = true;
	akbench_say(c, 0x2101, 1, ENC);
	akbench_say(c, 0x1203, 2, "{\"keys\":[],\"response\":\"success\"}");
	akbench_say(c, 0x2101, 3, ENC);
	ck_assert_uint_eq(fakesupply.calls, 1);
	fakesupply_answer();
	akbench_told(c, "1203/1 ");
	ck_assert(fakeconn_finished(c));
	c = akbench_enter(bench.a1);
	akbench_say(c, 0x2107, 1, "{\"session_ID\":\"" ID "\"}");
	ck_assert(fakeconn_finished(c));
	c = akbench_enter(bench.a1);
	akbench_say(c, 0x2107, 1, "{\"session_ID\":\"" ID
	    "\",\"response\":\"no\"}");
	akbench_say(c, 0x21ff, 1, "{");
	ck_assert(!fakeconn_finished(c));
	ck_assert_int_eq(doorbench_figure(
	    "ak/connections_closed_for_a_frame"), 2);
	ck_assert_int_eq(doorbench_figure("ak/responses_unexpected"), 1);
	ck_assert_int_eq(doorbench_figure("ak/frames_ignored"), 1);
}
END_TEST

START_TEST(a_frame_may_come_octet_by_octet_but_not_for_ever)
{
	struct conn	*c;
	char		 text[512];
	size_t		 n;

	c = akbench_enter(bench.a1);
	n = akbench_make(text, 0x2101, 1, ENC);
	n += akbench_make(text + n, 0x2101, 2, ENC);
	ck_assert_ptr_null(fakeconn_deadline(c));
	for (size_t i = 0; i < n; i++) {
		fakeconn_send(c, text + i, 1);
		ck_assert((fakeconn_deadline(c) != NULL) ==
		    (i + 1 != n / 2 && i + 1 != n));
	}
	ck_assert_uint_eq(fakesupply.calls, 2);
	fakesupply.later = true;
	fakeconn_send(c, text, n - 1);
	ck_assert_str_eq(fakeconn_deadline(c), "a frame takes too long");
	fakeconn_send(c, text + n - 1, 1);
	ck_assert_ptr_null(fakeconn_deadline(c));
}
END_TEST

START_TEST(who_leaves_takes_his_requests_along)
{
	struct conn	*c;

	c = akbench_enter(bench.a1);
	fakesupply.later = true;
	akbench_say(c, 0x2101, 1, ENC);
	akbench_say(c, 0x2102, 2, DEC);
	fakeconn_hang_up(c);
	ck_assert_uint_eq(fakesupply.cancelled, 2);
	c = akbench_enter(bench.a1);
	fakesupply.committing = true;
	akbench_say(c, 0x2101, 1, ENC);
	akbench_say(c, 0x2101, 2, ENC);
	fakeconn_hang_up(c);
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 0);
	fakesupply_answer();
	fakesupply_answer();
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 2);
}
END_TEST

START_TEST(answers_that_may_not_have_arrived_are_counted)
{
	struct conn	*c;

	c = akbench_enter(bench.a1);
	akbench_say(c, 0x2101, 1, ENC);
	akbench_output(c);
	fakeconn_loses(c, fakeconn_taken());
	akbench_say(c, 0x2101, 2, ENC);
	akbench_say(c, 0x2102, 3, DEC);
	akbench_say(c, 0x2101, 4, "{}");
	fakeconn_hang_up(c);
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 2);
	ck_assert_int_eq(doorbench_figure("keys_delivered_unknown"), 2);
}
END_TEST

START_TEST(who_sends_no_more_gets_all_answers)
{
	struct conn	*c;

	c = akbench_enter(bench.a1);
	fakesupply.later = true;
	akbench_say(c, 0x2101, 1, ENC);
	akbench_say(c, 0x2101, 2, ENC);
	fakeconn_end(c);
	fakesupply_answer();
	ck_assert(!fakeconn_finished(c));
	fakesupply_answer();
	ck_assert(fakeconn_finished(c));
	akbench_told(c, "1203/2 ");
}
END_TEST

START_TEST(what_was_sent_before_the_end_is_answered_even_if_it_had_to_wait)
{
	struct conn	*c;

	c = akbench_enter(bench.a1);
	fakesupply.later = true;
	for (uint32_t i = 0; i < 20; i++)
		akbench_say(c, 0x2101, i, ENC);
	fakeconn_end(c);
	for (uint32_t i = 0; i < 20; i++) {
		ck_assert(!fakeconn_finished(c));
		fakesupply_answer();
	}
	ck_assert(fakeconn_finished(c));
	akbench_told(c, "1203/19 ");
	ck_assert_int_eq(doorbench_figure("ak/answers/success"), 20);
}
END_TEST

START_TEST(an_answer_that_cannot_be_written_ends_the_connection)
{
	unsigned	 before;
	struct conn	*c;

	before = fakeconn_closed();
	c = akbench_enter(bench.a1);
	fakeconn_no_memory();
	akbench_say(c, 0x2101, 1, ENC);
	ck_assert_uint_eq(fakeconn_closed(), before + 1);
	c = akbench_enter(bench.a1);
	fakesupply.later = true;
	akbench_say(c, 0x2101, 1, ENC);
	akbench_say(c, 0x2101, 2, ENC);
	fakeconn_no_memory();
	fakesupply_answer();
	ck_assert_uint_eq(fakeconn_closed(), before + 2);
	ck_assert_uint_eq(fakesupply.cancelled, 1);
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 2);
}
END_TEST

START_TEST(connections_by_both_doors_count_together)
{
	struct conn	*c;

	akbench_enter(bench.a1);
	akbench_enter(bench.a1);
	c = fakeconn_accept();
	fakeconn_shake(c, bench.a1);
	ck_assert(!fakeconn_finished(c));
	c = akbench_enter(bench.a1);
	ck_assert(fakeconn_finished(c));
	ck_assert_str_eq(akbench_output(c), "");
}
END_TEST

#define SESSION	"5f7c2c1e-93d4-4b0a-8e55-0123456789ab"
#define OPEN(MORE) "{\"application_source_ID\":\"SAE-A1\"," \
		"\"application_destination_ID\":\"SAE-B1\"" MORE "}"
#define DRAW(MORE) "{\"session_ID\":\"" SESSION "\"" MORE "}"

START_TEST(a_source_gets_a_session)
{
	struct conn	*c;

	c = akbench_enter(bench.a1);
	uuid_parse(SESSION, UUID_TEXT, fakesupply.session);
	akbench_say(c, 0x2104, 16, OPEN(",\"application_name\":\"vpn\","
	    "\"number_of_keys\":100,\"extension\":[{\"x\":1}]"));
	ck_assert_str_eq(fakesupply.asked, "open SAE-A1 SAE-B1 'vpn' 100");
	ck_assert_str_eq(akbench_output(c), "1205/16 {\"session_ID\":\""
	    SESSION "\",\"response\":\"success\","
	    "\"source_KM_ID\":\"KME-A\"}\n");
	akbench_say(c, 0x2104, 17, OPEN(""));
	ck_assert_str_eq(fakesupply.asked, "open SAE-A1 SAE-B1 '' 0");
}
END_TEST

START_TEST(a_session_that_is_refused_has_no_id)
{
	static const struct { enum supply_status status; const char *detail,
	    *response; } v[] = {
		{ SUPPLY_NOT_FOUND, "so", "not_found: so" },
		{ SUPPLY_REJECTED, "so", "rejected: so" },
		{ SUPPLY_TIMEOUT, NULL, "timeout" },
		{ SUPPLY_UNAVAILABLE, "so", "unavailable: so" },
	};
	static const char *const	bad[] = { "{}", "{", OPEN("}"),
		OPEN(",\"number_of_keys\":0"),
		OPEN(",\"application_name\":1"),
		OPEN(",\"extension\":[{\"extension_mandatory\":"
		    "[{\"qkdnode_route_type\":\"direct\"}]}]") };
	struct conn	*c = akbench_enter(bench.a1);
	char		 text[256];

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		fakesupply.status = v[i].status;
		fakesupply.detail = v[i].detail;
		akbench_say(c, 0x2104, 5, OPEN(""));
		snprintf(text, sizeof(text), "1205/5 {\"session_ID\":\"\","
		    "\"response\":\"%s\"}\n", v[i].response);
		ck_assert_str_eq(akbench_output(c), text);
	}
	fakesupply.calls = 0;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		akbench_say(c, 0x2104, 5, bad[i]);
		akbench_told(c, "1205/5 {\"session_ID\":\"\",\"response\":"
		    "\"bad_request: ");
	}
	akbench_say(c, 0x2104, 5, "{\"application_source_ID\":\"SAE-A1\","
	    "\"application_destination_ID\":\"SAE-Q\"}");
	akbench_told(c, "not_found: not a registered application: SAE-Q");
	ck_assert_uint_eq(fakesupply.calls, 0);
}
END_TEST

START_TEST(a_source_gets_keys_of_its_session)
{
	struct conn	*c = akbench_enter(bench.a1);

	akbench_say(c, 0x2108, 17, "{\"session_ID\":"
	    "\"5F7C2C1E-93D4-4B0A-8E55-0123456789AB\","
	    "\"number_of_keys\":2,\"size_of_key\":64}");
	ck_assert_str_eq(fakesupply.asked, "draw SAE-A1 " SESSION " 2 8");
	ck_assert_str_eq(akbench_output(c), "1209/17 {\"session_ID\":\""
	    SESSION "\",\"keys\":["
	    "{\"key_ID\":\"" ZERO "\",\"key\":\"a2tra2tra2s=\"},"
	    "{\"key_ID\":\"" ZERO "\",\"key\":\"a2tra2tra2s=\"}],"
	    "\"response\":\"success\"}\n");
	akbench_say(c, 0x2108, 18, DRAW(",\"extension\":[{"
	    "\"extension_mandatory\":[{\"qkdnode_route_type\":\"direct\"}]}]"));
	ck_assert_str_eq(fakesupply.asked, "draw SAE-A1 " SESSION
	    " 1 32 wish");
}
END_TEST

START_TEST(keys_of_a_session_are_refused_with_its_id)
{
	static const struct { enum supply_status status; const char *detail,
	    *response; } v[] = {
		{ SUPPLY_NOT_FOUND, "no such session",
		    "not_found: no such session" },
		{ SUPPLY_UNAUTHORIZED, "so", "unauthorized: so" },
		{ SUPPLY_EXPIRED, "it was idle", "expired: it was idle" },
		{ SUPPLY_REJECTED, "busy", "rejected: busy" },
		{ SUPPLY_TIMEOUT, NULL, "timeout" },
		{ SUPPLY_UNAVAILABLE, "so", "unavailable: so" },
		{ SUPPLY_INSUFFICIENT, "so", "insufficient_keys: so" },
		{ SUPPLY_UNMET, NULL, "bad_request: not all "
		    "extension_mandatory request options could be met" },
	};
	static const struct { const char *request, *response; } bad[] = {
		{ DRAW(",\"number_of_keys\":0"), "bad_request: " },
		{ DRAW(",\"number_of_keys\":129"), "bad_request: " },
		{ DRAW(",\"size_of_key\":257"), "bad_request: " },
		{ DRAW(",\"size_of_key\":56"), "bad_request: " },
		{ DRAW(",\"extension\":[{\"extension_mandatory\":"
		    "[{\"abc\":1}]}]"), "bad_request: not all "
		    "extension_mandatory parameters are supported" },
		{ DRAW(",\"number_of_keys\":6,\"size_of_key\":65536"),
		    "too_large: " },
	};
	struct conn	*c = akbench_enter(bench.a1);
	char		 text[256];

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		fakesupply.status = v[i].status;
		fakesupply.detail = v[i].detail;
		akbench_say(c, 0x2108, 5, DRAW(""));
		snprintf(text, sizeof(text), "1209/5 {\"session_ID\":\""
		    SESSION "\",\"keys\":[],\"response\":\"%s\"}\n",
		    v[i].response);
		ck_assert_str_eq(akbench_output(c), text);
	}
	fakesupply.calls = 0;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		akbench_say(c, 0x2108, 5, bad[i].request);
		snprintf(text, sizeof(text), "1209/5 {\"session_ID\":\""
		    SESSION "\",\"keys\":[],\"response\":\"%s",
		    bad[i].response);
		akbench_told(c, text);
	}
	akbench_say(c, 0x2108, 5, "{\"session_ID\":\"x\"}");
	akbench_told(c, "1209/5 {\"session_ID\":\"\",\"keys\":[],"
	    "\"response\":\"bad_request: session_ID shall be a UUID\"}");
	ck_assert_uint_eq(fakesupply.calls, 0);
}
END_TEST

/* The payload of the only answer, which is as long as it is; 0: too large. */
static size_t
drawn(struct conn *c, size_t number, unsigned size)
{
	const char	*out;
	char		 text[128];

	snprintf(text, sizeof(text), DRAW(",\"number_of_keys\":%zu,"
	    "\"size_of_key\":%u"), number, size);
	akbench_say(c, 0x2108, 5, text);
	out = akbench_output(c);
	return strstr(out, "too_large: ") != NULL ? 0 :
	    strlen(out) - strlen("1209/5 \n");
}

START_TEST(as_many_keys_are_given_as_one_frame_has_room_for)
{
	static const unsigned	sizes[] = { 64, 72, 80, 256, 2048, 65536 };
	struct conn		*c = akbench_enter(bench.a1);

	fakesupply.limits.max_key_per_request = 1024;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t	one = drawn(c, 1, sizes[i]);
		size_t	each = drawn(c, 2, sizes[i]) - one;
		size_t	most = 1 + (FRAME_PAYLOAD_MAX - one) / each;

		ck_assert_uint_eq(drawn(c, most, sizes[i]),
		    one + (most - 1) * each);
		ck_assert_uint_eq(drawn(c, most + 1, sizes[i]), 0);
	}
}
END_TEST

START_TEST(requests_of_all_kinds_count_together)
{
	struct conn	*c = akbench_enter(bench.a1);

	fakesupply.later = true;
	for (uint32_t i = 0; i < 9; i++)
		akbench_say(c, i % 2 ? 0x2108 : 0x2104, i,
		    i % 2 ? DRAW("") : OPEN(""));
	ck_assert_uint_eq(fakesupply.calls, 8);
	ck_assert(fakeconn_paused(c));
	fakeconn_hang_up(c);
	ck_assert_uint_eq(fakesupply.cancelled, 8);
	c = akbench_enter(bench.a1);
	akbench_say(c, 0x2108, 1, DRAW(",\"number_of_keys\":3"));
	fakesupply_answer();
	akbench_output(c);
	fakeconn_loses(c, 0);
	fakeconn_hang_up(c);
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 1);
	ck_assert_int_eq(doorbench_figure("keys_delivered_unknown"), 3);
}
END_TEST

static void
on_gone(void *arg)
{
	*(bool *)arg = true;
}

START_TEST(at_the_end_what_is_open_is_answered)
{
	bool		 gone = false;
	struct conn	*c, *idle;

	c = akbench_enter(bench.a1);
	idle = akbench_enter(bench.a1);
	fakesupply.later = true;
	akbench_say(c, 0x2101, 1, ENC);
	akbench_say(c, 0x2108, 2, DRAW(""));
	door_stop(bench.door, on_gone, &gone);
	ck_assert(fakeconn_finished(idle));
	ck_assert(!fakeconn_finished(c));
	fakesupply_answer();
	akbench_turn();
	event_base_loop(bench.base, EVLOOP_ONCE);	/* its time is over */
	ck_assert(fakeconn_finished(c));
	akbench_told(c, "1209/2 {\"session_ID\":\"" SESSION "\",\"keys\":[],"
	    "\"response\":\"unavailable: this KME is shutting down\"}");
	fakeconn_hang_up(idle);
	ck_assert(!gone);
	fakeconn_hang_up(c);
	ck_assert(gone);
}
END_TEST

DOORBENCH_MAIN("akdoor",
	a_source_gets_keys,
	a_destination_gets_keys,
	the_engines_refusals_have_their_tokens,
	many_requests_are_answered_as_they_finish,
	whoever_has_enough_open_is_not_read_from,
	whoever_does_not_read_is_not_read_from,
	keys_that_do_not_fit_are_not_asked_for,
	an_application_speaks_for_itself_only,
	strangers_and_those_of_other_nodes_are_unauthorized_each_time,
	before_each_frame_the_certificate_is_looked_at,
	what_makes_no_sense_ends_the_connection_after_what_is_open,
	a_frame_may_come_octet_by_octet_but_not_for_ever,
	who_leaves_takes_his_requests_along,
	answers_that_may_not_have_arrived_are_counted,
	who_sends_no_more_gets_all_answers,
	what_was_sent_before_the_end_is_answered_even_if_it_had_to_wait,
	an_answer_that_cannot_be_written_ends_the_connection,
	connections_by_both_doors_count_together,
	a_source_gets_a_session,
	a_session_that_is_refused_has_no_id,
	a_source_gets_keys_of_its_session,
	keys_of_a_session_are_refused_with_its_id,
	as_many_keys_are_given_as_one_frame_has_room_for,
	requests_of_all_kinds_count_together,
	at_the_end_what_is_open_is_answered)
