/*
 * The HTTPS door as an application sees it: requests in, answers out. The
 * engine and the sockets are played by the test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doorbench.h"
#include "err.h"

#define B	"/api/v1/keys/SAE-B1"
#define ID	"bc490419-7d60-487f-adc1-4ddcc177c139"
#define NOT_FOUND	"one or more keys specified are not found on KME"

static struct conn *
enter(X509 *cert)
{
	struct conn *c = fakeconn_accept();

	ck_assert_ptr_nonnull(c);
	fakeconn_shake(c, cert);
	return c;
}

static void
say(struct conn *c, const char *text)
{
	fakeconn_send(c, text, strlen(text));
}

static void
request(struct conn *c, const char *line, const char *body)
{
	char	text[4096];

	snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: kme\r\n"
	    "Content-Length: %zu\r\n\r\n%s", line, strlen(body), body);
	say(c, text);
}

/* The status code; the body, whose length is what the head says. */
static int
answer(struct conn *c, char *body, size_t room)
{
	const char *out = fakeconn_output(c), *p, *length;
	int	code = 0;

	ck_assert_msg(sscanf(out, "HTTP/1.1 %d ", &code) == 1, "%s", out);
	ck_assert_ptr_nonnull(p = strstr(out, "\r\n\r\n"));
	ck_assert_ptr_nonnull(strstr(out, "Content-Type: application/json"));
	ck_assert_ptr_nonnull(strstr(out, "Cache-Control: no-store"));
	ck_assert_ptr_nonnull(length = strstr(out, "Content-Length: "));
	ck_assert_uint_eq(strtoul(length + 16, NULL, 10), strlen(p + 4));
	ck_assert_uint_lt(strlen(p + 4), room);
	strcpy(body, p + 4);
	return code;
}

/* One request of SAE-A1 on a connection of its own. */
static const char *
ask(int code, const char *line, const char *body)
{
	static char text[65536];
	struct conn *c = enter(bench.a1);
	int	 got;

	request(c, line, body);
	got = answer(c, text, sizeof(text));
	ck_assert_msg(got == code, "%s: %d %s", line, got, text);
	if (code != 200)
		ck_assert_msg(strncmp(text, "{\"message\":\"", 12) == 0, "%s",
		    text);
	fakeconn_hang_up(c);
	return text;
}

static void
has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "\"%s\" lacks \"%s\"", text,
	    part);
}

START_TEST(a_master_gets_keys)
{
	const char *text = ask(200, "POST " B "/enc_keys",
	    "{\"number\":2,\"size\":64}");

	ck_assert_str_eq(fakesupply.asked, "enc SAE-A1 SAE-B1 2 8");
	ck_assert_str_eq(text, "{\"keys\":["
	    "{\"key_ID\":\"00000000-0000-0000-0000-000000000000\","
	    "\"key\":\"a2tra2tra2s=\"},"
	    "{\"key_ID\":\"00000000-0000-0000-0000-000000000000\","
	    "\"key\":\"a2tra2tra2s=\"}]}");
	ask(200, "GET " B "/enc_keys?number=3&size=128", "");
	ck_assert_str_eq(fakesupply.asked, "enc SAE-A1 SAE-B1 3 16");
	ask(200, "GET " B "/enc_keys", "");
	ck_assert_str_eq(fakesupply.asked, "enc SAE-A1 SAE-B1 1 32");
	ask(200, "POST " B "/enc_keys", "");
	ck_assert_str_eq(fakesupply.asked, "enc SAE-A1 SAE-B1 1 32");
}
END_TEST

START_TEST(a_slave_gets_keys)
{
	ask(200, "POST " B "/dec_keys", "{\"key_IDs\":[{\"key_ID\":\"" ID
	    "\"}]}");
	ck_assert_str_eq(fakesupply.asked, "dec SAE-A1 SAE-B1 1 bc");
	ask(200, "GET " B "/dec_keys?key_ID=" ID, "");
	ck_assert_str_eq(fakesupply.asked, "dec SAE-A1 SAE-B1 1 bc");
	ask(200, "GET /api/v1/keys/SAE-A1/dec_keys?key_ID=" ID, "");
	ck_assert_str_eq(fakesupply.asked, "dec SAE-A1 SAE-A1 1 bc");
}
END_TEST

START_TEST(status_is_true_with_an_empty_pool)
{
	ck_assert_str_eq(ask(200, "GET " B "/status", ""),
	    "{\"source_KME_ID\":\"KME-A\",\"target_KME_ID\":\"KME-B\","
	    "\"master_SAE_ID\":\"SAE-A1\",\"slave_SAE_ID\":\"SAE-B1\","
	    "\"key_size\":256,\"stored_key_count\":0,\"max_key_count\":8192,"
	    "\"max_key_per_request\":128,\"max_key_size\":65536,"
	    "\"min_key_size\":64,\"max_SAE_ID_count\":0}");
}
END_TEST

START_TEST(an_id_in_the_url_is_decoded_before_it_is_compared)
{
	ask(200, "GET /api/v1/keys/CN%3Dx%2Fy%2C%20O=%C3%a4/enc_keys", "");
	ck_assert_str_eq(fakesupply.asked,
	    "enc SAE-A1 CN=x/y, O=\xc3\xa4 1 32");
	ask(200, "GET https://kme:1/%61pi/v1/keys/SAE%2dB1/%65nc_keys", "");
	ck_assert_str_eq(fakesupply.asked, "enc SAE-A1 SAE-B1 1 32");
}
END_TEST

START_TEST(an_id_that_cannot_be_one_is_a_bad_request)
{
	char	line[400];

	ask(400, "GET /api/v1/keys//status", "");
	ask(400, "GET /api/v1/keys/%zz/status", "");
	ask(400, "GET /api/v1/keys/a%00b/status", "");
	ask(400, "GET /api/v1/keys/%ff/status", "");
	ask(400, "GET /api/v1/keys/%0a/enc_keys", "");
	snprintf(line, sizeof(line), "GET /api/v1/keys/%0292d/status", 0);
	ask(400, line, "");
	ck_assert_uint_eq(fakesupply.calls, 0);
}
END_TEST

START_TEST(a_slave_who_is_registered_nowhere_is_named)
{
	has(ask(400, "GET /api/v1/keys/SAE-Q/enc_keys", ""), "SAE-Q");
	has(ask(400, "POST /api/v1/keys/SAE-Q/enc_keys", "{}"), "SAE-Q");
	has(ask(400, "GET /api/v1/keys/SAE-Q/status", ""), "SAE-Q");
	has(ask(400, "GET /api/v1/keys/%22%5C/status", ""), "\\\"\\\\");
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
		ask(404, off[i], "");
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
		struct conn *c = enter(bench.a1);
		const char *out;

		request(c, wrong[i].line, "{}");
		out = fakeconn_output(c);
		has(out, "HTTP/1.1 405 ");
		has(out, wrong[i].allow);
		has(out, "{\"message\":\"");
		ck_assert(!fakeconn_finished(c));
		fakeconn_hang_up(c);
	}
}
END_TEST

START_TEST(an_answer_to_head_has_no_body)
{
	struct conn *c = enter(bench.a1);
	const char *out;

	request(c, "HEAD " B "/status", "");
	out = fakeconn_output(c);
	has(out, "HTTP/1.1 405 ");
	ck_assert_str_eq(strstr(out, "\r\n\r\n"), "\r\n\r\n");
	request(c, "GET " B "/status", "");
	has(fakeconn_output(c), "HTTP/1.1 200 ");
}
END_TEST

START_TEST(a_body_with_get_is_not_ignored)
{
	has(ask(400, "GET " B "/enc_keys", "{\"number\":3}"), "POST");
	has(ask(400, "POST " B "/enc_keys?number=3", "{}"), "number");
	ask(200, "POST " B "/enc_keys?key_type=1", "{}");
	ask(200, "GET " B "/status", "{}");
}
END_TEST

START_TEST(a_refusal_of_the_parsers_reaches_the_client)
{
	ck_assert_str_eq(ask(400, "POST " B "/enc_keys", "{\"size\":257}"),
	    "{\"message\":\"size shall be a multiple of 8\"}");
	has(ask(400, "POST " B "/enc_keys",
	    "{\"extension_mandatory\":[{\"a\":1}]}"),
	    "\"not all extension_mandatory parameters are supported\","
	    "\"details\":[{");
	has(ask(400, "POST " B "/dec_keys", "{\"key_IDs\":[{\"key_ID\":"
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
		ask(all[i].code, "GET " B "/enc_keys", "");
		ask(all[i].code, "GET " B "/dec_keys?key_ID=" ID, "");
		fakesupply.detail = "the pool to KME-B is \"dry\"";
		has(ask(all[i].code, "GET " B "/enc_keys", ""),
		    "the pool to KME-B is \\\"dry\\\"");
	}
}
END_TEST

START_TEST(a_key_that_is_not_there_has_the_words_of_6_4)
{
	fakesupply.status = SUPPLY_NOT_FOUND;
	ck_assert_str_eq(ask(400, "GET " B "/dec_keys?key_ID=" ID, ""),
	    "{\"message\":\"" NOT_FOUND "\"}");
	fakesupply.detail = "expired";
	ck_assert_str_eq(ask(400, "GET " B "/dec_keys?key_ID=" ID, ""),
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
	struct conn *c = enter(cert);
	char	 body[1024];

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		request(c, lines[i], "");
		ck_assert_int_eq(answer(c, body, sizeof(body)), 401);
		has(body, "{\"message\":\"");
		has(body, words);
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
	struct conn *c = enter(bench.stranger);

	request(c, "GET " B "/status", "");
	has(fakeconn_output(c), "\r\nWWW-Authenticate: ");
}
END_TEST

START_TEST(a_connection_serves_many_requests)
{
	struct conn *c = enter(bench.a1);
	char	 body[1024];

	for (int i = 0; i < 100; i++) {
		request(c, "GET " B "/status", "");
		ck_assert_int_eq(answer(c, body, sizeof(body)), 200);
	}
	ck_assert(!fakeconn_finished(c));
}
END_TEST

START_TEST(a_client_that_wants_to_close_is_let_go)
{
	struct conn *c = enter(bench.a1);

	say(c, "GET " B "/status HTTP/1.1\r\nHost: k\r\n"
	    "Connection: close\r\n\r\n");
	ck_assert(fakeconn_finished(c));
	has(fakeconn_output(c), "\r\nConnection: close\r\n");
	c = enter(bench.a1);
	say(c, "GET " B "/status HTTP/1.0\r\n\r\n");
	ck_assert(fakeconn_finished(c));
	has(fakeconn_output(c), "\r\nConnection: close\r\n");
}
END_TEST

START_TEST(what_is_not_http_ends_the_connection)
{
	struct conn *c = enter(bench.a1);
	const char *out;

	say(c, "GET /\n\nGET " B "/status HTTP/1.1\r\nHost: k\r\n\r\n");
	ck_assert(fakeconn_finished(c));
	out = fakeconn_output(c);
	has(out, "HTTP/1.1 400 ");
	has(out, "\r\nConnection: close\r\n");
	has(out, "{\"message\":\"");
	ck_assert_ptr_null(strstr(out + 1, "HTTP/1.1 "));
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
	struct conn *c = enter(bench.a1);
	const char *out;

	fakesupply.later = true;
	say(c, "GET " B "/enc_keys?number=1 HTTP/1.1\r\nHost: k\r\n\r\n"
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
	has(out, "source_KME_ID");
	say(c, " " B "/status HTTP/1.1\r\nHost: k\r\n\r\n");
	has(fakeconn_output(c), "HTTP/1.1 200 ");
	ck_assert_ptr_null(fakeconn_deadline(c));
}
END_TEST

START_TEST(one_request_waits_without_a_pause)
{
	struct conn *c = enter(bench.a1);

	fakesupply.later = true;
	request(c, "GET " B "/enc_keys", "");
	ck_assert(!fakeconn_paused(c));
	ck_assert_str_eq(fakeconn_output(c), "");
	fakesupply_answer();
	has(fakeconn_output(c), "HTTP/1.1 200 ");
}
END_TEST

START_TEST(a_request_may_come_octet_by_octet)
{
	static const char text[] = "POST " B "/enc_keys HTTP/1.1\r\n"
	    "Host: k\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "c\r\n{\"number\":5}\r\n0\r\n\r\n";
	struct conn *c = enter(bench.a1);

	for (int i = 0; i < 3; i++) {
		for (const char *p = text; *p != '\0'; p++) {
			fakeconn_send(c, p, 1);
			if (p == strchr(text, '{'))
				ck_assert_str_eq(fakeconn_deadline(c),
				    "the request body takes too long");
		}
		ck_assert_str_eq(fakesupply.asked, "enc SAE-A1 SAE-B1 5 32");
		has(fakeconn_output(c), "HTTP/1.1 200 ");
		ck_assert_ptr_null(fakeconn_deadline(c));
	}
}
END_TEST

START_TEST(a_client_that_expects_100_gets_it)
{
	struct conn *c = enter(bench.a1);

	say(c, "POST " B "/enc_keys HTTP/1.1\r\nHost: k\r\n"
	    "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	ck_assert_str_eq(fakeconn_output(c), "HTTP/1.1 100 Continue\r\n\r\n");
	say(c, "{}");
	has(fakeconn_output(c), "HTTP/1.1 200 ");
}
END_TEST

START_TEST(a_client_that_goes_away_cancels_its_request)
{
	struct conn *c = enter(bench.a1);

	fakesupply.later = true;
	request(c, "GET " B "/enc_keys", "");
	fakeconn_hang_up(c);
	ck_assert_uint_eq(fakesupply.cancelled, 1);
}
END_TEST

START_TEST(a_client_that_sends_no_more_is_answered)
{
	struct conn *c = enter(bench.a1);
	char	 body[1024];

	fakesupply.later = true;
	request(c, "GET " B "/enc_keys", "");
	fakeconn_end(c);
	ck_assert_uint_eq(fakesupply.cancelled, 0);
	fakesupply_answer();
	ck_assert_int_eq(answer(c, body, sizeof(body)), 200);
	ck_assert(fakeconn_finished(c));
}
END_TEST

START_TEST(all_requests_before_the_end_are_answered)
{
	struct conn *c = enter(bench.a1);
	unsigned before = fakeconn_closed();

	fakesupply.later = true;
	say(c, "GET " B "/enc_keys?number=1 HTTP/1.1\r\nHost: k\r\n\r\n"
	    "GET " B "/enc_keys?number=2 HTTP/1.1\r\nHost: k\r\n\r\n");
	fakeconn_end(c);
	fakesupply_answer();
	ck_assert(!fakeconn_finished(c));
	fakesupply_answer();
	ck_assert(fakeconn_finished(c));
	c = enter(bench.a1);
	fakeconn_end(c);
	ck_assert_uint_eq(fakeconn_closed(), before + 1);
}
END_TEST

START_TEST(keys_that_may_not_have_arrived_are_counted)
{
	struct conn *c = enter(bench.a1);

	request(c, "GET " B "/enc_keys?number=3", "");
	fakeconn_hang_up(c);
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 0);
	c = enter(bench.a1);
	request(c, "GET " B "/enc_keys?number=3", "");
	request(c, "GET " B "/dec_keys?key_ID=" ID, "");
	request(c, "GET " B "/status", "");
	fakeconn_loses(c, 1);
	fakeconn_hang_up(c);
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 2);
	ck_assert_int_eq(doorbench_figure("keys_delivered_unknown"), 4);
}
END_TEST

START_TEST(of_many_answers_those_that_arrived_are_not_counted)
{
	struct conn *c = enter(bench.a1);
	size_t	 octets = 0;

	for (int i = 0; i < 20; i++) {
		request(c, "GET " B "/enc_keys", "");
		octets += i < 12 ? strlen(fakeconn_output(c)) : 0;
		fakeconn_loses(c, octets + (i < 12 ? 0 : 1));
	}
	fakeconn_hang_up(c);
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 8);
}
END_TEST

START_TEST(keys_committed_for_a_client_that_left_are_counted)
{
	struct conn *c = enter(bench.a1);

	fakesupply.later = fakesupply.committing = true;
	request(c, "GET " B "/enc_keys?number=2", "");
	fakeconn_hang_up(c);
	ck_assert_uint_eq(fakesupply.cancelled, 0);
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 0);
	fakesupply_answer();
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 1);
	ck_assert_int_eq(doorbench_figure("keys_delivered_unknown"), 2);
	c = enter(bench.a1);
	request(c, "GET " B "/enc_keys", "");
	fakeconn_hang_up(c);
	fakesupply.status = SUPPLY_UNAVAILABLE;
	fakesupply_answer();
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 1);
}
END_TEST

START_TEST(the_door_may_close_before_a_commit_ends)
{
	struct conn *c = enter(bench.a1);

	fakesupply.later = fakesupply.committing = true;
	request(c, "GET " B "/enc_keys", "");
	fakeconn_hang_up(c);
	door_free(&bench.door);
	ck_assert(!fakesupply_waits());
}
END_TEST

START_TEST(answers_not_taken_hold_up_the_next_request)
{
	struct conn *c = enter(bench.a1);
	const char *line = "GET " B "/enc_keys?number=128&size=65536 "
	    "HTTP/1.1\r\nHost: k\r\n\r\n";

	for (int i = 0; i < 4; i++)
		say(c, line);
	ck_assert_uint_eq(fakesupply.calls, 1);
	for (unsigned i = 1; i < 4; i++) {
		ck_assert_uint_eq(fakesupply.calls, i);
		has(fakeconn_output(c), "HTTP/1.1 200 ");
	}
	ck_assert_uint_eq(fakesupply.calls, 4);
}
END_TEST

START_TEST(an_answer_that_cannot_be_written_ends_the_connection)
{
	unsigned before = fakeconn_closed();
	struct conn *c = enter(bench.a1);

	fakeconn_no_memory();
	request(c, "GET " B "/enc_keys", "");
	ck_assert_uint_eq(fakeconn_closed(), before + 1);
	ck_assert_int_eq(doorbench_figure("answers_delivered_unknown"), 1);
	c = enter(bench.a1);
	fakesupply.later = true;
	request(c, "GET " B "/enc_keys", "");
	fakeconn_no_memory();
	fakesupply_answer();
	ck_assert_uint_eq(fakeconn_closed(), before + 2);
}
END_TEST

START_TEST(connections_are_limited_for_each_application)
{
	struct conn *a[3], *c;

	for (int i = 0; i < 3; i++)
		a[i] = enter(bench.a1);
	c = enter(bench.a1);
	ck_assert(fakeconn_finished(c));
	has(fakeconn_output(c), "HTTP/1.1 503 ");
	fakeconn_hang_up(c);
	c = enter(bench.a1);
	ck_assert(fakeconn_finished(c));
	has(fakeconn_output(c),
	    "{\"message\":\"too many connections of this application\"}");
	ck_assert(!fakeconn_finished(enter(bench.b1)));
	fakeconn_hang_up(a[0]);
	ck_assert(!fakeconn_finished(enter(bench.a1)));
}
END_TEST

/* Four may be in; three of them are of one application. */
START_TEST(in_a_full_house_who_has_most_gives_way)
{
	struct conn *a[3], *b[2], *c;
	unsigned before;

	for (int i = 0; i < 3; i++)
		a[i] = enter(bench.a1);
	b[0] = enter(bench.b1);
	request(a[0], "GET " B "/status", "");
	before = fakeconn_closed();
	b[1] = enter(bench.b1);		/* in the place of a[1] */
	ck_assert_uint_eq(fakeconn_closed(), before + 1);
	request(a[0], "GET " B "/status", "");
	request(a[2], "GET " B "/status", "");
	request(b[0], "GET " B "/status", "");
	has(fakeconn_output(b[0]), "HTTP/1.1 401 ");
	has(fakeconn_output(a[0]), "HTTP/1.1 200 ");
	has(fakeconn_output(a[2]), "HTTP/1.1 200 ");
	ck_assert(!fakeconn_finished(b[1]));
	c = enter(bench.b1);		/* would have most then */
	ck_assert(fakeconn_finished(c));
	has(fakeconn_output(c), "HTTP/1.1 503 ");
	ck_assert_uint_eq(fakeconn_closed(), before + 1);
}
END_TEST

START_TEST(who_waits_for_an_answer_gives_way_last)
{
	struct conn *a[3];

	for (int i = 0; i < 3; i++)
		a[i] = enter(bench.a1);
	fakesupply.later = true;
	request(a[0], "GET " B "/enc_keys", "");
	enter(bench.b1);
	enter(bench.b1);
	ck_assert_uint_eq(fakesupply.cancelled, 0);
	enter(bench.stranger);		/* a1 and b1 have two each */
	fakesupply_answer();
	has(fakeconn_output(a[0]), "HTTP/1.1 200 ");
	request(a[0], "GET " B "/enc_keys", "");
	ck_assert(fakesupply_waits());
	fakeconn_hang_up(a[0]);
	ck_assert_uint_eq(fakesupply.cancelled, 1);
}
END_TEST

/* Six may wait, four of them from one address. */
START_TEST(strangers_make_room_for_each_other)
{
	struct conn *c, *first = fakeconn_accept_from(1);
	unsigned before = fakeconn_closed();

	(void)first;
	for (int i = 0; i < 3; i++)
		ck_assert_ptr_nonnull(fakeconn_accept_from(1));
	ck_assert_uint_eq(fakeconn_closed(), before);
	ck_assert_ptr_nonnull(c = fakeconn_accept_from(1));
	ck_assert_uint_eq(fakeconn_closed(), before + 1);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_ptr_nonnull(fakeconn_accept_from(1));
	ck_assert_uint_eq(fakeconn_closed(), before + 21);
	ck_assert_ptr_nonnull(c = fakeconn_accept_from(2));
	ck_assert_ptr_nonnull(fakeconn_accept_from(3));
	ck_assert_uint_eq(fakeconn_closed(), before + 21);
	for (unsigned i = 4; i < 7; i++)	/* of address 1, then of any */
		ck_assert_ptr_nonnull(fakeconn_accept_from(i));
	ck_assert_uint_eq(fakeconn_closed(), before + 24);
	fakeconn_shake(c, bench.a1);
	request(c, "GET " B "/status", "");
	has(fakeconn_output(c), "HTTP/1.1 200 ");
}
END_TEST

START_TEST(those_who_were_let_in_do_not_count_as_strangers)
{
	unsigned before = fakeconn_closed();

	for (int i = 0; i < 3; i++)
		enter(bench.a1);
	for (int i = 0; i < 4; i++)
		ck_assert_ptr_nonnull(fakeconn_accept());
	ck_assert_uint_eq(fakeconn_closed(), before);
	ck_assert_int_eq(doorbench_figure("connections"), 7);
	ck_assert_int_eq(doorbench_figure("connections_in_handshake"), 4);
}
END_TEST

static void
on_gone(void *arg)
{
	++*(int *)arg;
}

START_TEST(at_the_end_what_is_open_is_answered)
{
	struct conn *idle = enter(bench.a1), *busy = enter(bench.a1);
	struct conn *shaking = fakeconn_accept();
	int	 gone = 0;

	fakesupply.later = true;
	request(busy, "GET " B "/enc_keys", "");
	door_stop(bench.door, on_gone, &gone);
	(void)shaking;		/* closed at once */
	ck_assert(!fakeconn_listening());
	ck_assert(fakeconn_finished(idle));
	ck_assert(!fakeconn_finished(busy));
	fakesupply_answer();
	ck_assert(fakeconn_finished(busy));
	has(fakeconn_output(busy), "\r\nConnection: close\r\n");
	fakeconn_hang_up(busy);
	ck_assert_int_eq(gone, 0);
	fakeconn_hang_up(idle);
	ck_assert_int_eq(gone, 1);
}
END_TEST

START_TEST(at_the_end_what_cannot_be_answered_is_refused)
{
	struct conn *busy = enter(bench.a1);
	int	 gone = 0;

	fakesupply.later = true;
	request(busy, "GET " B "/enc_keys", "");
	door_stop(bench.door, on_gone, &gone);
	event_base_loop(bench.base, EVLOOP_ONCE);
	ck_assert_uint_eq(fakesupply.cancelled, 1);
	ck_assert(fakeconn_finished(busy));
	has(fakeconn_output(busy), "HTTP/1.1 503 ");
	fakeconn_hang_up(busy);
	ck_assert_int_eq(gone, 1);
}
END_TEST

START_TEST(at_the_end_nobody_waits_for_a_client_that_does_not_read)
{
	struct conn *mute = enter(bench.a1), *busy = enter(bench.a1);
	int	 gone = 0;

	request(mute, "GET " B "/status", "");
	fakesupply.later = true;
	request(busy, "GET " B "/enc_keys", "");
	door_stop(bench.door, on_gone, &gone);
	event_base_loop(bench.base, EVLOOP_ONCE);
	ck_assert(fakeconn_finished(busy));
	ck_assert_int_eq(gone, 0);
	event_base_loop(bench.base, EVLOOP_ONCE);
	ck_assert_int_eq(gone, 1);
}
END_TEST

START_TEST(an_empty_house_is_gone_at_once)
{
	int	gone = 0;

	door_stop(bench.door, on_gone, &gone);
	ck_assert_int_eq(gone, 1);
}
END_TEST

START_TEST(figures_count_answers_and_connections)
{
	json_t	*o = json_object();

	ask(200, "GET " B "/status", "");
	ask(404, "GET /", "");
	enter(bench.a1);
	door_report(bench.door, o);
	ck_assert_int_eq(json_integer_value(json_object_get(o,
	    "connections")), 1);
	ck_assert_int_eq(json_integer_value(json_object_get(o,
	    "connections_accepted")), 3);
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(o,
	    "answers"), "404")), 1);
	json_decref(o);
}
END_TEST

START_TEST(before_each_request_it_is_enough_to_look_at_the_clock)
{
	struct conn *c = enter(bench.a1);
	unsigned n = fakeconn_verified();
	char	 body[1024];

	for (int i = 0; i < 3; i++) {
		request(c, "GET " B "/status", "");
		ck_assert_int_eq(answer(c, body, sizeof(body)), 200);
	}
	ck_assert_uint_eq(fakeconn_verified(), n);
}
END_TEST

START_TEST(when_its_time_has_come_a_certificate_is_verified_again)
{
	struct conn *c, *other;
	unsigned n;
	char	 body[1024];

	fakeconn_verdict(time(NULL) - 1, NULL);
	c = enter(bench.a1);
	other = enter(bench.a1);
	fakeconn_verdict(INT64_MAX, NULL);
	n = fakeconn_verified();
	request(other, "GET " B "/status", "");
	ck_assert_int_eq(answer(other, body, sizeof(body)), 200);
	ck_assert_uint_eq(fakeconn_verified(), n + 1);
	fakeconn_verdict(0, "revoked (CN=SAE-A1)");
	request(c, "GET " B "/status", "");
	ck_assert_int_eq(answer(c, body, sizeof(body)), 401);
	ck_assert_ptr_nonnull(strstr(body, "the certificate is refused: "
	    "revoked (CN=SAE-A1)"));
	ck_assert(fakeconn_finished(c));
	request(other, "GET " B "/status", "");
	ck_assert_int_eq(answer(other, body, sizeof(body)), 200);
}
END_TEST

/* A session resumed, say. */
START_TEST(who_is_refused_from_the_start_gets_one_401)
{
	struct conn *c;
	char	 body[1024];

	fakeconn_verdict(0, "revoked");
	c = enter(bench.a1);
	request(c, "GET " B "/status", "");
	ck_assert_int_eq(answer(c, body, sizeof(body)), 401);
	ck_assert(fakeconn_finished(c));
}
END_TEST

START_TEST(after_a_reload_who_is_no_longer_registered_gets_401)
{
	struct conn *a = enter(bench.a1), *x = enter(bench.stranger), *next;
	static struct ksa_application left[] = {
		{ .id = "SAE-A2", .km = "KME-A" },
		{ .id = "SAE-B1", .km = "KME-B" },
		{ .id = "SAE-X", .km = "KME-A" },
	};
	char	 body[1024];

	request(x, "GET " B "/status", "");
	ck_assert_int_eq(answer(x, body, sizeof(body)), 401);
	ck_assert(!fakeconn_finished(x));
	doorbench_reload(left, 3);
	request(a, "GET " B "/status", "");
	ck_assert_int_eq(answer(a, body, sizeof(body)), 401);
	ck_assert_ptr_nonnull(strstr(body, "not that of a registered"));
	ck_assert(fakeconn_finished(a));
	/* And who is now, is served on the connection that he has. */
	request(x, "GET " B "/status", "");
	ck_assert_int_eq(answer(x, body, sizeof(body)), 200);
	fakeconn_hang_up(x);
	doorbench_reload(doorbench_apps, DOORBENCH_APPS);
	next = enter(bench.a1);
	request(next, "GET " B "/status", "");
	ck_assert_int_eq(answer(next, body, sizeof(body)), 200);
}
END_TEST

START_TEST(a_certificate_that_changes_hands_must_connect_anew)
{
	struct conn *c = enter(bench.a1);
	char	*name = (char[]){ "cn:SAE-A1" };
	struct ksa_application moved[] = {
		{ .id = "SAE-A2", .km = "KME-A", .names = { 1, &name } },
		{ .id = "SAE-B1", .km = "KME-B" },
	};
	char	 body[1024];

	doorbench_reload(moved, 2);
	request(c, "GET " B "/status", "");
	ck_assert_int_eq(answer(c, body, sizeof(body)), 401);
	ck_assert_ptr_nonnull(strstr(body, "another application"));
	c = enter(bench.a1);
	request(c, "GET " B "/status", "");
	ck_assert_int_eq(answer(c, body, sizeof(body)), 200);
	ck_assert_ptr_nonnull(strstr(body, "\"master_SAE_ID\":\"SAE-A2\""));
}
END_TEST

START_TEST(a_request_under_way_ends_as_it_began)
{
	struct conn *c = enter(bench.a1);
	char	 body[4096];

	fakesupply.later = true;
	request(c, "GET " B "/enc_keys", "");
	doorbench_reload(doorbench_apps + 1, 2);
	fakesupply_answer();
	ck_assert_int_eq(answer(c, body, sizeof(body)), 200);
	request(c, "GET " B "/enc_keys", "");
	ck_assert_int_eq(answer(c, body, sizeof(body)), 401);
}
END_TEST

START_TEST(a_reload_that_fails_keeps_all_of_the_old)
{
	struct ksa_conf	fresh = bench.conf;
	struct conn *c = enter(bench.a1);
	unsigned n = fakeconn_verified();
	char	 body[1024];

	fresh.applications = (struct conf_list){ 1, doorbench_apps + 1 };
	strcpy(fresh.private_key, "/nonexistent");
	ck_assert_int_eq(door_reload(bench.door, &fresh), -E_TLS);
	strcpy(fresh.private_key, bench.conf.private_key);
	testpki_crl(&bench.pki, "crl", -60, NULL);
	testpki_path(&bench.pki, "crl", fresh.crl);
	ck_assert_int_eq(door_reload(bench.door, &fresh), -E_CONFIG);
	request(c, "GET " B "/status", "");
	ck_assert_int_eq(answer(c, body, sizeof(body)), 200);
	ck_assert_uint_eq(fakeconn_verified(), n);
	testpki_crl(&bench.pki, "crl", 3600, NULL);
	ck_assert_int_eq(door_reload(bench.door, &fresh), 0);
	request(c, "GET " B "/status", "");
	ck_assert_int_eq(answer(c, body, sizeof(body)), 401);
}
END_TEST

START_TEST(a_certificate_of_two_applications_gets_401)
{
	char	*name = (char[]){ "dns:a2.example" };
	struct ksa_application two[] = {
		{ .id = "SAE-A1", .km = "KME-A" },
		{ .id = "SAE-A2", .km = "KME-A", .names = { 1, &name } },
		{ .id = "SAE-B1", .km = "KME-B" },
	};
	struct conn *c;
	X509	*both;
	char	 body[1024];

	testpki_issue(&bench.pki, "both", "SAE-A1", "DNS:a2.example", 3600);
	both = testpki_load(&bench.pki, "both");
	doorbench_reload(two, 3);
	c = enter(both);
	request(c, "GET " B "/status", "");
	ck_assert_int_eq(answer(c, body, sizeof(body)), 401);
	ck_assert_ptr_nonnull(strstr(body, "two applications"));
	ck_assert_ptr_nonnull(strstr(body, "SAE-A2"));
	X509_free(both);
}
END_TEST

START_TEST(what_expires_soon_is_a_warning_and_then_missing)
{
	json_t	*missing = json_array(), *warnings = json_array();
	struct ksa_conf	fresh = bench.conf;

	door_expiry(bench.door, missing, warnings);
	ck_assert_uint_eq(json_array_size(missing), 0);
	ck_assert_uint_eq(json_array_size(warnings), 0);
	testpki_path(&bench.pki, "crl", fresh.crl);
	testpki_crl(&bench.pki, "crl", 600, NULL);	/* of 4,200 s */
	ck_assert_int_eq(door_reload(bench.door, &fresh), 0);
	door_expiry(bench.door, missing, warnings);
	ck_assert_uint_eq(json_array_size(missing), 0);
	ck_assert_uint_eq(json_array_size(warnings), 1);
	ck_assert_ptr_nonnull(strstr(json_string_value(json_array_get(
	    warnings, 0)), "CRL of CN=test CA will expire at 20"));
	/* At the start a list that is over does not keep ksa from starting. */
	testpki_crl(&bench.pki, "crl", -60, NULL);
	door_free(&bench.door);
	ck_assert_int_eq(door_open(&bench.door, bench.base, &fresh,
	    bench.book, NULL), 0);
	json_array_clear(warnings);
	door_expiry(bench.door, missing, warnings);
	ck_assert_uint_eq(json_array_size(warnings), 0);
	ck_assert_uint_eq(json_array_size(missing), 1);
	json_decref(missing);
	json_decref(warnings);
}
END_TEST

START_TEST(an_application_registered_twice_is_refused)
{
	struct ksa_application twice[] = { { .id = "A", .km = "KME-A" },
		{ .id = "A", .km = "KME-B" } };
	struct ksa_conf	c = { .kme_id = "KME-A",
		.applications = { 2, twice } };
	struct sae_book	*b;

	ck_assert_int_eq(sae_book_new(&b, &c), -E_EXISTS);
	ck_assert_ptr_null(b);
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
	an_answer_that_cannot_be_written_ends_the_connection,
	connections_are_limited_for_each_application,
	in_a_full_house_who_has_most_gives_way,
	who_waits_for_an_answer_gives_way_last,
	strangers_make_room_for_each_other,
	those_who_were_let_in_do_not_count_as_strangers,
	at_the_end_what_is_open_is_answered,
	at_the_end_what_cannot_be_answered_is_refused,
	at_the_end_nobody_waits_for_a_client_that_does_not_read,
	an_empty_house_is_gone_at_once,
	figures_count_answers_and_connections,
	before_each_request_it_is_enough_to_look_at_the_clock,
	when_its_time_has_come_a_certificate_is_verified_again,
	who_is_refused_from_the_start_gets_one_401,
	after_a_reload_who_is_no_longer_registered_gets_401,
	a_certificate_that_changes_hands_must_connect_anew,
	a_request_under_way_ends_as_it_began,
	a_reload_that_fails_keeps_all_of_the_old,
	a_certificate_of_two_applications_gets_401,
	what_expires_soon_is_a_warning_and_then_missing,
	an_application_registered_twice_is_refused)
