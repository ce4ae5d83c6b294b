/*
 * The HTTPS door as an application sees it: requests in, answers out. The
 * engine and the sockets are played by the test.
 */
#include <stdio.h>
#include <string.h>

#include "httpbench.h"

#define ID	"bc490419-7d60-487f-adc1-4ddcc177c139"
#define NOT_FOUND	"one or more keys specified are not found on KME"

START_TEST(a_master_gets_keys)
{
	const char *text = app_ask(200, "POST " B "/enc_keys",
	    "{\"number\":2,\"size\":64}");

	ck_assert_str_eq(fakesupply.asked, "enc SAE-A1 SAE-B1 2 8");
	ck_assert_str_eq(text, "{\"keys\":["
	    "{\"key_ID\":\"00000000-0000-0000-0000-000000000000\","
	    "\"key\":\"a2tra2tra2s=\"},"
	    "{\"key_ID\":\"00000000-0000-0000-0000-000000000000\","
	    "\"key\":\"a2tra2tra2s=\"}]}");
	app_ask(200, "GET " B "/enc_keys?number=3&size=128", "");
	ck_assert_str_eq(fakesupply.asked, "enc SAE-A1 SAE-B1 3 16");
	app_ask(200, "GET " B "/enc_keys", "");
	ck_assert_str_eq(fakesupply.asked, "enc SAE-A1 SAE-B1 1 32");
	app_ask(200, "POST " B "/enc_keys", "");
	ck_assert_str_eq(fakesupply.asked, "enc SAE-A1 SAE-B1 1 32");
}
END_TEST

START_TEST(a_slave_gets_keys)
{
	app_ask(200, "POST " B "/dec_keys", "{\"key_IDs\":[{\"key_ID\":\"" ID
	    "\"}]}");
	ck_assert_str_eq(fakesupply.asked, "dec SAE-A1 SAE-B1 1 bc");
	app_ask(200, "GET " B "/dec_keys?key_ID=" ID, "");
	ck_assert_str_eq(fakesupply.asked, "dec SAE-A1 SAE-B1 1 bc");
	app_ask(200, "GET /api/v1/keys/SAE-A1/dec_keys?key_ID=" ID, "");
	ck_assert_str_eq(fakesupply.asked, "dec SAE-A1 SAE-A1 1 bc");
}
END_TEST

START_TEST(status_is_true_with_an_empty_pool)
{
	ck_assert_str_eq(app_ask(200, "GET " B "/status", ""),
	    "{\"source_KME_ID\":\"KME-A\",\"target_KME_ID\":\"KME-B\","
	    "\"master_SAE_ID\":\"SAE-A1\",\"slave_SAE_ID\":\"SAE-B1\","
	    "\"key_size\":256,\"stored_key_count\":0,\"max_key_count\":8192,"
	    "\"max_key_per_request\":128,\"max_key_size\":65536,"
	    "\"min_key_size\":64,\"max_SAE_ID_count\":0}");
}
END_TEST

START_TEST(an_id_in_the_url_is_decoded_before_it_is_compared)
{
	app_ask(200, "GET /api/v1/keys/CN%3Dx%2Fy%2C%20O=%C3%a4/enc_keys",
	    "");
	ck_assert_str_eq(fakesupply.asked,
	    "enc SAE-A1 CN=x/y, O=\xc3\xa4 1 32");
	app_ask(200, "GET https://kme:1/%61pi/v1/keys/SAE%2dB1/%65nc_keys",
	    "");
	ck_assert_str_eq(fakesupply.asked, "enc SAE-A1 SAE-B1 1 32");
}
END_TEST

START_TEST(an_id_that_cannot_be_one_is_a_bad_request)
{
	char	line[400];

	app_ask(400, "GET /api/v1/keys//status", "");
	app_ask(400, "GET /api/v1/keys/%zz/status", "");
	app_ask(400, "GET /api/v1/keys/a%00b/status", "");
	app_ask(400, "GET /api/v1/keys/%ff/status", "");
	app_ask(400, "GET /api/v1/keys/%0a/enc_keys", "");
	snprintf(line, sizeof(line), "GET /api/v1/keys/%0292d/status", 0);
	app_ask(400, line, "");
	ck_assert_uint_eq(fakesupply.calls, 0);
}
END_TEST

START_TEST(a_slave_who_is_registered_nowhere_is_named)
{
	app_has(app_ask(400, "GET /api/v1/keys/SAE-Q/enc_keys", ""),
	    "SAE-Q");
	app_has(app_ask(400, "POST /api/v1/keys/SAE-Q/enc_keys", "{}"),
	    "SAE-Q");
	app_has(app_ask(400, "GET /api/v1/keys/SAE-Q/status", ""), "SAE-Q");
	app_has(app_ask(400, "GET /api/v1/keys/%22%5C/status", ""),
	    "\\\"\\\\");
	ck_assert_uint_eq(fakesupply.calls, 0);
}
END_TEST

START_TEST(off_the_api_there_is_nothing)
{
	static const char *const off[] = {
		"GET /", "GET /api/v1/keys", "GET " B, "GET " B "/",
		"GET " B "/status/", "GET /api//v1/keys/SAE-B1/status",
		"GET /api/v2/keys/SAE-B1/status", "GET " B "/STATUS",
		"GET *", "POST /capabilities", "GET " B "/status#x",
		"GET /api/v1/keys/SAE-B1%2Fstatus", "OPTIONS *",
		"GET /../api/v1/keys/SAE-B1/status",
	};

	for (size_t i = 0; i < sizeof(off) / sizeof(*off); i++)
		app_ask(404, off[i], "");
}
END_TEST

START_TEST(a_method_that_is_not_allowed_is_told_which_are)
{
	static const struct { const char *line, *allow; } wrong[] = {
		{ "POST " B "/status", "Allow: GET\r\n" },
		{ "PUT " B "/enc_keys", "Allow: GET, POST\r\n" },
		{ "DELETE " B "/dec_keys", "Allow: GET, POST\r\n" },
		{ "OPTIONS " B "/status", "Allow: GET\r\n" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct conn *c = app_enter(bench.a1);
		const char *out;

		app_request(c, wrong[i].line, "{}");
		out = fakeconn_output(c);
		app_has(out, "HTTP/1.1 405 ");
		app_has(out, wrong[i].allow);
		app_has(out, "{\"message\":\"");
		ck_assert(!fakeconn_finished(c));
		fakeconn_hang_up(c);
	}
}
END_TEST

START_TEST(an_answer_to_head_has_no_body)
{
	struct conn *c = app_enter(bench.a1);
	const char *out;

	app_request(c, "HEAD " B "/status", "");
	out = fakeconn_output(c);
	app_has(out, "HTTP/1.1 405 ");
	ck_assert_str_eq(strstr(out, "\r\n\r\n"), "\r\n\r\n");
	app_request(c, "GET " B "/status", "");
	app_has(fakeconn_output(c), "HTTP/1.1 200 ");
}
END_TEST

START_TEST(a_body_with_get_is_not_ignored)
{
	app_has(app_ask(400, "GET " B "/enc_keys", "{\"number\":3}"),
	    "POST");
	app_has(app_ask(400, "POST " B "/enc_keys?number=3", "{}"),
	    "number");
	app_ask(200, "POST " B "/enc_keys?key_type=1", "{}");
	app_ask(200, "GET " B "/status", "{}");
}
END_TEST

START_TEST(a_refusal_of_the_parsers_reaches_the_client)
{
	ck_assert_str_eq(app_ask(400, "POST " B "/enc_keys",
	    "{\"size\":257}"),
	    "{\"message\":\"size shall be a multiple of 8\"}");
	app_has(app_ask(400, "POST " B "/enc_keys",
	    "{\"extension_mandatory\":[{\"a\":1}]}"),
	    "\"not all extension_mandatory parameters are supported\","
	    "\"details\":[{");
	app_has(app_ask(400, "POST " B "/dec_keys",
	    "{\"key_IDs\":[{\"key_ID\":"
	    "\"x\"}]}"), NOT_FOUND);
	ck_assert_uint_eq(fakesupply.calls, 0);
}
END_TEST

START_TEST(the_engines_refusals_have_their_codes)
{
	static const struct { enum supply_status status; int code; } all[] = {
		{ SUPPLY_BAD_REQUEST, 400 }, { SUPPLY_UNAUTHORIZED, 401 },
		{ SUPPLY_NOT_FOUND, 400 }, { SUPPLY_INSUFFICIENT, 503 },
		{ SUPPLY_TOO_LARGE, 400 }, { SUPPLY_UNAVAILABLE, 503 },
		{ SUPPLY_TIMEOUT, 503 },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		fakesupply.status = all[i].status;
		fakesupply.detail = NULL;
		app_ask(all[i].code, "GET " B "/enc_keys", "");
		app_ask(all[i].code, "GET " B "/dec_keys?key_ID=" ID, "");
		fakesupply.detail = "the pool to KME-B is \"dry\"";
		app_has(app_ask(all[i].code, "GET " B "/enc_keys", ""),
		    "the pool to KME-B is \\\"dry\\\"");
	}
}
END_TEST

START_TEST(a_key_that_is_not_there_has_the_words_of_6_4)
{
	fakesupply.status = SUPPLY_NOT_FOUND;
	ck_assert_str_eq(app_ask(400, "GET " B "/dec_keys?key_ID=" ID, ""),
	    "{\"message\":\"" NOT_FOUND "\"}");
	fakesupply.detail = "expired";
	ck_assert_str_eq(app_ask(400, "GET " B "/dec_keys?key_ID=" ID, ""),
	    "{\"message\":\"" NOT_FOUND "\","
	    "\"details\":[{\"reason\":\"expired\"}]}");
}
END_TEST

static void
refused_everything(X509 *cert, const char *words)
{
	static const char *const lines[] = {
		"GET " B "/status", "POST " B "/enc_keys", "GET /nothing",
		"GET " B "/dec_keys?key_ID=" ID, "PUT " B "/status",
	};
	struct conn *c = app_enter(cert);
	char	 body[1024];

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		app_request(c, lines[i], "");
		ck_assert_int_eq(app_answer(c, body, sizeof(body)), 401);
		app_has(body, "{\"message\":\"");
		app_has(body, words);
		ck_assert(!fakeconn_finished(c));
	}
	ck_assert_uint_eq(fakesupply.calls, 0);
}

START_TEST(a_stranger_with_a_good_certificate_gets_401)
{
	refused_everything(bench.stranger, "SAE-X");
}
END_TEST

START_TEST(an_application_of_another_node_gets_401)
{
	refused_everything(bench.b1, "KME-B");
}
END_TEST

START_TEST(a_401_carries_a_challenge)
{
	struct conn *c = app_enter(bench.stranger);

	app_request(c, "GET " B "/status", "");
	app_has(fakeconn_output(c), "\r\nWWW-Authenticate: ");
}
END_TEST

START_TEST(a_connection_serves_many_requests)
{
	struct conn *c = app_enter(bench.a1);
	char	 body[1024];

	for (int i = 0; i < 100; i++) {
		app_request(c, "GET " B "/status", "");
		ck_assert_int_eq(app_answer(c, body, sizeof(body)), 200);
	}
	ck_assert(!fakeconn_finished(c));
}
END_TEST

START_TEST(a_client_that_wants_to_close_is_let_go)
{
	struct conn *c = app_enter(bench.a1);

	app_say(c, "GET " B "/status HTTP/1.1\r\nHost: k\r\n"
	    "Connection: close\r\n\r\n");
	ck_assert(fakeconn_finished(c));
	app_has(fakeconn_output(c), "\r\nConnection: close\r\n");
	c = app_enter(bench.a1);
	app_say(c, "GET " B "/status HTTP/1.0\r\n\r\n");
	ck_assert(fakeconn_finished(c));
	app_has(fakeconn_output(c), "\r\nConnection: close\r\n");
}
END_TEST

START_TEST(what_is_not_http_ends_the_connection)
{
	struct conn *c = app_enter(bench.a1);
	const char *out;

	app_say(c, "GET /\n\nGET " B "/status HTTP/1.1\r\nHost: k\r\n\r\n");
	ck_assert(fakeconn_finished(c));
	out = fakeconn_output(c);
	app_has(out, "HTTP/1.1 400 ");
	app_has(out, "\r\nConnection: close\r\n");
	app_has(out, "{\"message\":\"");
	ck_assert_ptr_null(strstr(out + 1, "HTTP/1.1 "));
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
	struct conn *c = app_enter(bench.a1);
	const char *out;

	fakesupply.later = true;
	app_say(c, "GET " B "/enc_keys?number=1 HTTP/1.1\r\nHost: k\r\n\r\n"
	    "GET " B "/enc_keys?number=2 HTTP/1.1\r\nHost: k\r\n\r\n"
	    "GET " B "/status HTTP/1.1\r\nHost: k\r\n\r\nGET");
	ck_assert(fakeconn_paused(c));
	ck_assert_uint_eq(fakesupply.calls, 1);
	fakesupply_answer();
	ck_assert_uint_eq(fakesupply.calls, 2);
	ck_assert_str_eq(fakesupply.asked, "enc SAE-A1 SAE-B1 2 32");
	fakesupply_answer();
	ck_assert(!fakeconn_paused(c));
	ck_assert_str_eq(fakeconn_deadline(c),
	    "the request header takes too long");
	out = strstr(fakeconn_output(c), "{\"keys\":[{\"key_ID\"");
	ck_assert_ptr_nonnull(out);
	ck_assert_ptr_nonnull(out = strstr(out + 1, "HTTP/1.1 200 "));
	ck_assert_ptr_nonnull(out = strstr(out, "\"},{\"key_ID\""));
	ck_assert_ptr_nonnull(out = strstr(out, "HTTP/1.1 200 "));
	app_has(out, "source_KME_ID");
	app_say(c, " " B "/status HTTP/1.1\r\nHost: k\r\n\r\n");
	app_has(fakeconn_output(c), "HTTP/1.1 200 ");
	ck_assert_ptr_null(fakeconn_deadline(c));
}
END_TEST

START_TEST(one_request_waits_without_a_pause)
{
	struct conn *c = app_enter(bench.a1);

	fakesupply.later = true;
	app_request(c, "GET " B "/enc_keys", "");
	ck_assert(!fakeconn_paused(c));
	ck_assert_str_eq(fakeconn_output(c), "");
	fakesupply_answer();
	app_has(fakeconn_output(c), "HTTP/1.1 200 ");
}
END_TEST

START_TEST(a_request_may_come_octet_by_octet)
{
	static const char text[] = "POST " B "/enc_keys HTTP/1.1\r\n"
	    "Host: k\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "c\r\n{\"number\":5}\r\n0\r\n\r\n";
	struct conn *c = app_enter(bench.a1);

	for (int i = 0; i < 3; i++) {
		for (const char *p = text; *p != '\0'; p++) {
			fakeconn_send(c, p, 1);
			if (p == strchr(text, '{'))
				ck_assert_str_eq(fakeconn_deadline(c),
				    "the request body takes too long");
		}
		ck_assert_str_eq(fakesupply.asked, "enc SAE-A1 SAE-B1 5 32");
		app_has(fakeconn_output(c), "HTTP/1.1 200 ");
		ck_assert_ptr_null(fakeconn_deadline(c));
	}
}
END_TEST

START_TEST(a_client_that_expects_100_gets_it)
{
	struct conn *c = app_enter(bench.a1);

	app_say(c, "POST " B "/enc_keys HTTP/1.1\r\nHost: k\r\n"
	    "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	ck_assert_str_eq(fakeconn_output(c), "HTTP/1.1 100 Continue\r\n\r\n");
	app_say(c, "{}");
	app_has(fakeconn_output(c), "HTTP/1.1 200 ");
}
END_TEST

START_TEST(a_client_that_goes_away_cancels_its_request)
{
	struct conn *c = app_enter(bench.a1);

	fakesupply.later = true;
	app_request(c, "GET " B "/enc_keys", "");
	fakeconn_hang_up(c);
	ck_assert_uint_eq(fakesupply.cancelled, 1);
}
END_TEST

START_TEST(a_client_that_sends_no_more_is_answered)
{
	struct conn *c = app_enter(bench.a1);
	char	 body[1024];

	fakesupply.later = true;
	app_request(c, "GET " B "/enc_keys", "");
	fakeconn_end(c);
	ck_assert_uint_eq(fakesupply.cancelled, 0);
	fakesupply_answer();
	ck_assert_int_eq(app_answer(c, body, sizeof(body)), 200);
	ck_assert(fakeconn_finished(c));
}
END_TEST

START_TEST(all_requests_before_the_end_are_answered)
{
	struct conn *c = app_enter(bench.a1);
	unsigned before = fakeconn_closed();

	fakesupply.later = true;
	app_say(c, "GET " B "/enc_keys?number=1 HTTP/1.1\r\nHost: k\r\n\r\n"
	    "GET " B "/enc_keys?number=2 HTTP/1.1\r\nHost: k\r\n\r\n");
	fakeconn_end(c);
	fakesupply_answer();
	ck_assert(!fakeconn_finished(c));
	fakesupply_answer();
	ck_assert(fakeconn_finished(c));
	c = app_enter(bench.a1);
	fakeconn_end(c);
	ck_assert_uint_eq(fakeconn_closed(), before + 1);
}
END_TEST

START_TEST(keys_that_may_not_have_arrived_are_counted)
{
	struct conn *c = app_enter(bench.a1);

	app_request(c, "GET " B "/enc_keys?number=3", "");
	fakeconn_hang_up(c);
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 0);
	c = app_enter(bench.a1);
	app_request(c, "GET " B "/enc_keys?number=3", "");
	app_request(c, "GET " B "/dec_keys?key_ID=" ID, "");
	app_request(c, "GET " B "/status", "");
	fakeconn_loses(c, 1);
	fakeconn_hang_up(c);
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 2);
	ck_assert_int_eq(doorbench_figure("keys_delivered_unknown"), 4);
}
END_TEST

START_TEST(of_many_answers_those_that_arrived_are_not_counted)
{
	struct conn *c = app_enter(bench.a1);
	size_t	 octets = 0;

	for (int i = 0; i < 20; i++) {
		app_request(c, "GET " B "/enc_keys", "");
		octets += i < 12 ? strlen(fakeconn_output(c)) : 0;
		fakeconn_loses(c, octets + (i < 12 ? 0 : 1));
	}
	fakeconn_hang_up(c);
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 8);
}
END_TEST

START_TEST(keys_committed_for_a_client_that_left_are_counted)
{
	struct conn *c = app_enter(bench.a1);

	fakesupply.later = fakesupply.committing = true;
	app_request(c, "GET " B "/enc_keys?number=2", "");
	fakeconn_hang_up(c);
	ck_assert_uint_eq(fakesupply.cancelled, 0);
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 0);
	fakesupply_answer();
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 1);
	ck_assert_int_eq(doorbench_figure("keys_delivered_unknown"), 2);
	c = app_enter(bench.a1);
	app_request(c, "GET " B "/enc_keys", "");
	fakeconn_hang_up(c);
	fakesupply.status = SUPPLY_UNAVAILABLE;
	fakesupply_answer();
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 1);
}
END_TEST

START_TEST(the_door_may_close_before_a_commit_ends)
{
	struct conn *c = app_enter(bench.a1);

	fakesupply.later = fakesupply.committing = true;
	app_request(c, "GET " B "/enc_keys", "");
	fakeconn_hang_up(c);
	door_free(&bench.door);
	ck_assert(!fakesupply_waits());
}
END_TEST

START_TEST(answers_not_taken_hold_up_the_next_request)
{
	struct conn *c = app_enter(bench.a1);
	const char *line = "GET " B "/enc_keys?number=128&size=65536 "
	    "HTTP/1.1\r\nHost: k\r\n\r\n";

	for (int i = 0; i < 4; i++)
		app_say(c, line);
	ck_assert_uint_eq(fakesupply.calls, 1);
	for (unsigned i = 1; i < 4; i++) {
		ck_assert_uint_eq(fakesupply.calls, i);
		app_has(fakeconn_output(c), "HTTP/1.1 200 ");
	}
	ck_assert_uint_eq(fakesupply.calls, 4);
}
END_TEST

START_TEST(an_answer_that_cannot_be_written_ends_the_connection)
{
	unsigned before = fakeconn_closed();
	struct conn *c = app_enter(bench.a1);

	fakeconn_no_memory();
	app_request(c, "GET " B "/enc_keys", "");
	ck_assert_uint_eq(fakeconn_closed(), before + 1);
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 1);
	c = app_enter(bench.a1);
	fakesupply.later = true;
	app_request(c, "GET " B "/enc_keys", "");
	fakeconn_no_memory();
	fakesupply_answer();
	ck_assert_uint_eq(fakeconn_closed(), before + 2);
}
END_TEST

DOORBENCH_MAIN("door",
	a_master_gets_keys,
	a_slave_gets_keys,
	status_is_true_with_an_empty_pool,
	an_id_in_the_url_is_decoded_before_it_is_compared,
	an_id_that_cannot_be_one_is_a_bad_request,
	a_slave_who_is_registered_nowhere_is_named,
	off_the_api_there_is_nothing,
	a_method_that_is_not_allowed_is_told_which_are,
	an_answer_to_head_has_no_body,
	a_body_with_get_is_not_ignored,
	a_refusal_of_the_parsers_reaches_the_client,
	the_engines_refusals_have_their_codes,
	a_key_that_is_not_there_has_the_words_of_6_4,
	a_stranger_with_a_good_certificate_gets_401,
	an_application_of_another_node_gets_401,
	a_401_carries_a_challenge,
	a_connection_serves_many_requests,
	a_client_that_wants_to_close_is_let_go,
	what_is_not_http_ends_the_connection,
	pipelined_requests_are_answered_in_order,
	one_request_waits_without_a_pause,
	a_request_may_come_octet_by_octet,
	a_client_that_expects_100_gets_it,
	a_client_that_goes_away_cancels_its_request,
	a_client_that_sends_no_more_is_answered,
	all_requests_before_the_end_are_answered,
	keys_that_may_not_have_arrived_are_counted,
	of_many_answers_those_that_arrived_are_not_counted,
	keys_committed_for_a_client_that_left_are_counted,
	the_door_may_close_before_a_commit_ends,
	answers_not_taken_hold_up_the_next_request,
	an_answer_that_cannot_be_written_ends_the_connection)
