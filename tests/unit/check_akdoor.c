/*
 * The door of Q.4161 as an application sees it: frames in, frames out. The
 * engine and the sockets are played by the test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doorbench.h"
#include "err.h"
#include "frame.h"

#define ID	"bc490419-7d60-487f-adc1-4ddcc177c139"
#define ZERO	"00000000-0000-0000-0000-000000000000"
#define ENC	"{\"application_destination_ID\":\"SAE-B1\"}"
#define DEC	"{\"application_source_ID\":\"SAE-B1\",\"key_IDs\":[" \
		"{\"key_ID\":\"" ID "\"}]}"

static struct conn *
enter(X509 *cert)
{
	struct conn *c = fakeconn_accept_second();

	ck_assert_ptr_nonnull(c);
	fakeconn_shake(c, cert);
	return c;
}

static size_t
make(char *out, unsigned code, uint32_t id, const char *payload)
{
	size_t	len = strlen(payload);

	frame_header((uint8_t *)out, id, (uint16_t)code, (uint16_t)len);
	memcpy(out + FRAME_HEADER, payload, len);
	return FRAME_HEADER + len;
}

static void
say(struct conn *c, unsigned code, uint32_t id, const char *payload)
{
	static char	text[FRAME_HEADER + FRAME_PAYLOAD_MAX];

	fakeconn_send(c, text, make(text, code, id, payload));
}

/* All that was written, as "CODE/ID PAYLOAD\n" each. */
static const char *
output(struct conn *c)
{
	static char	text[1 << 20];
	const uint8_t	*p = (const uint8_t *)fakeconn_output(c);
	size_t		 len = fakeconn_taken(), at = 0, n, out = 0;
	struct frame	 f;

	while ((n = frame_parse(&f, p + at, len - at)) > 0) {
		ck_assert_uint_eq(f.version, FRAME_VERSION);
		out += (size_t)snprintf(text + out, sizeof(text) - out,
		    "%04x/%u %.*s\n", f.command, f.message_id, (int)f.length,
		    (const char *)f.payload);
		at += n;
	}
	ck_assert_uint_eq(at, len);
	text[out] = '\0';
	return text;
}

START_TEST(a_source_gets_keys)
{
	struct conn	*c;

	c = enter(bench.a1);
	say(c, 0x2101, 77, "{\"application_destination_ID\":\"SAE-B1\","
	    "\"number_of_keys\":2,\"size_of_key\":64}");
	ck_assert_str_eq(fakesupply.asked, "enc SAE-A1 SAE-B1 2 8");
	ck_assert_str_eq(output(c), "1203/77 {\"keys\":["
	    "{\"key_ID\":\"" ZERO "\",\"key\":\"a2tra2tra2s=\"},"
	    "{\"key_ID\":\"" ZERO "\",\"key\":\"a2tra2tra2s=\"}],"
	    "\"response\":\"success\"}\n");
	say(c, 0x2101, 0xffffffff, ENC);
	ck_assert_str_eq(fakesupply.asked, "enc SAE-A1 SAE-B1 1 32");
}
END_TEST

START_TEST(a_destination_gets_keys)
{
	struct conn	*c;

	c = enter(bench.a1);
	say(c, 0x2102, 0, DEC);
	ck_assert_str_eq(fakesupply.asked, "dec SAE-A1 SAE-B1 1 bc");
	ck_assert_ptr_nonnull(strstr(output(c), "1203/0 {\"keys\":[{"));
}
END_TEST

START_TEST(the_engines_refusals_have_their_tokens)
{
	static const struct { enum supply_status status; const char *detail,
	    *response; } v[] = {
		{ SUPPLY_BAD_REQUEST, "so", "bad_request: so" },
		{ SUPPLY_UNAUTHORIZED, "so", "unauthorized: so" },
		{ SUPPLY_NOT_FOUND, "so", "not_found: so" },
		{ SUPPLY_NOT_FOUND, "", "not_found: no such key" },
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

	c = enter(bench.a1);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		fakesupply.status = v[i].status;
		fakesupply.detail = v[i].detail;
		say(c, i % 2 ? 0x2101 : 0x2102, 5, i % 2 ? ENC : DEC);
		snprintf(text, sizeof(text), "1203/5 {\"keys\":[],"
		    "\"response\":\"%s\"}\n", v[i].response);
		ck_assert_str_eq(output(c), text);
	}
}
END_TEST

START_TEST(many_requests_are_answered_as_they_finish)
{
	struct conn	*c;

	c = enter(bench.a1);
	fakesupply.later = true;
	for (uint32_t i = 0; i < 3; i++)
		say(c, 0x2101, i, ENC);
	say(c, 0x2101, 3, "{}");
	ck_assert_ptr_nonnull(strstr(output(c), "1203/3 {\"keys\":[],"));
	fakesupply_answer_last();
	ck_assert_ptr_nonnull(strstr(output(c), "1203/2 {"));
	fakesupply_answer();
	fakesupply_answer();
	ck_assert_ptr_nonnull(strstr(output(c), "1203/1 {"));
	ck_assert(!fakesupply_waits());
}
END_TEST

START_TEST(whoever_has_enough_open_is_not_read_from)
{
	struct conn	*c;

	c = enter(bench.a1);
	fakesupply.later = true;
	for (uint32_t i = 0; i < 12; i++)
		say(c, 0x2101, i, ENC);
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

	c = enter(bench.a1);
	fakesupply.later = true;
	for (uint32_t i = 0; i < 8; i++)
		say(c, 0x2101, i, large);
	ck_assert_uint_eq(fakesupply.calls, 5);
	while (fakesupply_waits())
		fakesupply_answer();
	ck_assert_uint_eq(fakesupply.calls, 5);
	ck_assert(fakeconn_paused(c));
	output(c);
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

	c = enter(bench.a1);
	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
		snprintf(text, sizeof(text), "{\"application_destination_ID\":"
		    "\"SAE-B1\",%s}", size[i]);
		say(c, 0x2101, 5, text);
		ck_assert_ptr_nonnull(strstr(output(c), "too_large: "));
	}
	ck_assert_uint_eq(fakesupply.calls, 0);
	fakesupply.dec_octets = 8192 * 6;
	say(c, 0x2102, 5, DEC);
	ck_assert_ptr_nonnull(strstr(output(c), "[],\"response\":\"too_large"));
	fakesupply.dec_octets = 8192 * 5;
	say(c, 0x2102, 5, DEC);
	ck_assert_ptr_nonnull(strstr(output(c), "\"success\""));
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

	c = enter(bench.a1);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		say(c, v[i].code, 5, v[i].text);
		ck_assert_ptr_nonnull(strstr(output(c), "unauthorized: "));
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
		struct conn	*c = enter(certs[i]);

		for (int k = 0; k < 2; k++) {
			say(c, 0x2101, 5, ENC);
			say(c, 0x2102, 5, "{");
			say(c, 0x2104, 5, "{}");
			say(c, 0x2108, 5, "{}");
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

	c = enter(bench.a1);
	fakesupply.later = true;
	say(c, 0x2101, 1, ENC);
	before = fakeconn_verified();
	ck_assert_int_eq(door_reload(bench.door, &bench.conf), 0);
	fakeconn_verdict(0, "it was revoked");
	say(c, 0x2101, 2, ENC);
	ck_assert_uint_eq(fakeconn_verified(), before + 1);
	ck_assert_ptr_nonnull(strstr(output(c), "1203/2 {\"keys\":[],"
	    "\"response\":\"unauthorized: the certificate is refused: it was "
	    "revoked\"}"));
	ck_assert(!fakeconn_finished(c));	/* one is open */
	say(c, 0x2101, 3, ENC);
	ck_assert_str_eq(output(c), "");
	fakesupply_answer();
	ck_assert_ptr_nonnull(strstr(output(c), "1203/1 "));
	ck_assert(fakeconn_finished(c));
}
END_TEST

START_TEST(what_makes_no_sense_ends_the_connection_after_what_is_open)
{
	struct conn	*c;

	c = enter(bench.a1);
	fakesupply.later = true;
	say(c, 0x2101, 1, ENC);
	say(c, 0x1203, 2, "{\"keys\":[],\"response\":\"success\"}");
	say(c, 0x2101, 3, ENC);
	ck_assert_uint_eq(fakesupply.calls, 1);
	fakesupply_answer();
	ck_assert_ptr_nonnull(strstr(output(c), "1203/1 "));
	ck_assert(fakeconn_finished(c));
	c = enter(bench.a1);
	say(c, 0x2107, 1, "{\"session_ID\":\"" ID "\"}");
	ck_assert(fakeconn_finished(c));
	c = enter(bench.a1);
	say(c, 0x2107, 1, "{\"session_ID\":\"" ID "\",\"response\":\"no\"}");
	say(c, 0x21ff, 1, "{");
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

	c = enter(bench.a1);
	n = make(text, 0x2101, 1, ENC);
	n += make(text + n, 0x2101, 2, ENC);
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

	c = enter(bench.a1);
	fakesupply.later = true;
	say(c, 0x2101, 1, ENC);
	say(c, 0x2102, 2, DEC);
	fakeconn_hang_up(c);
	ck_assert_uint_eq(fakesupply.cancelled, 2);
	c = enter(bench.a1);
	fakesupply.committing = true;
	say(c, 0x2101, 1, ENC);
	say(c, 0x2101, 2, ENC);
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

	c = enter(bench.a1);
	say(c, 0x2101, 1, ENC);
	output(c);
	fakeconn_loses(c, fakeconn_taken());
	say(c, 0x2101, 2, ENC);
	say(c, 0x2102, 3, DEC);
	say(c, 0x2101, 4, "{}");
	fakeconn_hang_up(c);
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 2);
	ck_assert_int_eq(doorbench_figure("keys_delivered_unknown"), 2);
}
END_TEST

START_TEST(who_sends_no_more_gets_all_answers)
{
	struct conn	*c;

	c = enter(bench.a1);
	fakesupply.later = true;
	say(c, 0x2101, 1, ENC);
	say(c, 0x2101, 2, ENC);
	fakeconn_end(c);
	fakesupply_answer();
	ck_assert(!fakeconn_finished(c));
	fakesupply_answer();
	ck_assert(fakeconn_finished(c));
	ck_assert_ptr_nonnull(strstr(output(c), "1203/2 "));
}
END_TEST

START_TEST(what_was_sent_before_the_end_is_answered_even_if_it_had_to_wait)
{
	struct conn	*c;

	c = enter(bench.a1);
	fakesupply.later = true;
	for (uint32_t i = 0; i < 20; i++)
		say(c, 0x2101, i, ENC);
	fakeconn_end(c);
	for (uint32_t i = 0; i < 20; i++) {
		ck_assert(!fakeconn_finished(c));
		fakesupply_answer();
	}
	ck_assert(fakeconn_finished(c));
	ck_assert_ptr_nonnull(strstr(output(c), "1203/19 "));
	ck_assert_int_eq(doorbench_figure("ak/answers/success"), 20);
}
END_TEST

START_TEST(an_answer_that_cannot_be_written_ends_the_connection)
{
	unsigned	 before;
	struct conn	*c;

	before = fakeconn_closed();
	c = enter(bench.a1);
	fakeconn_no_memory();
	say(c, 0x2101, 1, ENC);
	ck_assert_uint_eq(fakeconn_closed(), before + 1);
	c = enter(bench.a1);
	fakesupply.later = true;
	say(c, 0x2101, 1, ENC);
	say(c, 0x2101, 2, ENC);
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

	enter(bench.a1);
	enter(bench.a1);
	c = fakeconn_accept();
	fakeconn_shake(c, bench.a1);
	ck_assert(!fakeconn_finished(c));
	c = enter(bench.a1);
	ck_assert(fakeconn_finished(c));
	ck_assert_str_eq(output(c), "");
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

	c = enter(bench.a1);
	idle = enter(bench.a1);
	fakesupply.later = true;
	say(c, 0x2101, 1, ENC);
	say(c, 0x2101, 2, ENC);
	door_stop(bench.door, on_gone, &gone);
	ck_assert(fakeconn_finished(idle));
	ck_assert(!fakeconn_finished(c));
	fakesupply_answer();
	event_base_loop(bench.base, EVLOOP_ONCE);	/* its time is over */
	ck_assert(fakeconn_finished(c));
	ck_assert_ptr_nonnull(strstr(output(c), "1203/2 {\"keys\":[],"
	    "\"response\":\"unavailable: this KME is shutting down\"}"));
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
	at_the_end_what_is_open_is_answered)
