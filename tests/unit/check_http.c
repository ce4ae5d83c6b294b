/* HTTP/1.1: which octets are a request, and which are refused. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "ksa/httphead.h"

#define G	"GET /a HTTP/1.1\r\n"
#define P	"POST /a HTTP/1.1\r\n"
#define H	"Host: kme\r\n"
#define CHUNKED	"Transfer-Encoding: chunked\r\n"

static const struct http_limits limits = { 1024, 8, 64 };
static struct http	*h;
static char		 story[4096];	/* one line for each event */

static void
setup(void)
{
	h = http_new(&limits);
	story[0] = '\0';
}

static void
teardown(void)
{
	http_free(&h);
	ck_assert_ptr_null(h);
}

static void
tell(const char *event, const char *p, size_t len)
{
	size_t	n = strlen(story);

	snprintf(story + n, sizeof(story) - n, "%s%.*s\n", event, (int)len,
	    p ? p : "");
}

static bool
feed(const char *p, size_t n)
{
	const struct http_request *r = http_request(h);
	size_t	used;

	for (; n > 0; p += used, n -= used)
		switch (http_feed(h, (const uint8_t *)p, n, &used)) {
		case HTTP_WHOLE:
			tell(r->method_name, NULL, 0);
			tell(r->keep_alive ? "keep " : "close ", r->target,
			    r->target_len);
			tell("body ", r->body, r->body_len);
			http_next(h);
			break;
		case HTTP_CONTINUE:
			tell("continue", NULL, 0);
			break;
		case HTTP_FAULT:
			tell("fault ", http_fault(h), strlen(http_fault(h)));
			return false;
		case HTTP_MORE:
			ck_assert_uint_eq(used, n);
			break;
		}
	return true;
}

static const char *
told(const char *octets)
{
	teardown();
	setup();
	feed(octets, strlen(octets));
	return story;
}

static const char *
told_slowly(const char *octets)
{
	char	c;

	teardown();
	setup();
	for (; (c = *octets) != '\0'; octets++)
		if (!feed(&c, 1))
			break;
	return story;
}

#define ONE(octets, expected) do {					\
	ck_assert_str_eq(told(octets), expected);			\
	ck_assert_str_eq(told_slowly(octets), expected);		\
} while (0)

START_TEST(a_request_comes_out_whole)
{
	ONE(G H "\r\n", "GET\nkeep /a\nbody \n");
	ONE(P H "Content-Length: 3\r\n\r\n{ }",
	    "POST\nkeep /a\nbody { }\n");
	ONE("\r\n\r\n" G H "\r\n", "GET\nkeep /a\nbody \n");
	ONE("HEAD /x HTTP/1.1\r\n" H "\r\n", "HEAD\nkeep /x\nbody \n");
	ONE(G "hOST:kme:8443  \r\n\r\n", "GET\nkeep /a\nbody \n");
}
END_TEST

START_TEST(pipelined_requests_come_out_in_order)
{
	ONE(P H "Content-Length: 1\r\n\r\n1" "GET /b HTTP/1.1\r\n" H "\r\n"
	    P H "Content-Length: 1\r\n\r\n2",
	    "POST\nkeep /a\nbody 1\nGET\nkeep /b\nbody \n"
	    "POST\nkeep /a\nbody 2\n");
}
END_TEST

START_TEST(a_chunked_body_is_put_together)
{
	ONE(P H CHUNKED "\r\n2;x=y\r\n{ \r\n1\r\n}\r\n0\r\n\r\n",
	    "POST\nkeep /a\nbody { }\n");
	ONE(P H CHUNKED "\r\n0\r\nHost: x\r\n\r\n",
	    "POST\nkeep /a\nbody \n");
}
END_TEST

START_TEST(a_connection_stays_or_ends_as_the_version_has_it)
{
	ONE(G H "Connection: close\r\n\r\n", "GET\nclose /a\nbody \n");
	ONE("GET /a HTTP/1.0\r\n\r\n", "GET\nclose /a\nbody \n");
	ONE("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	    "GET\nkeep /a\nbody \n");
}
END_TEST

START_TEST(an_upgrade_is_ignored)
{
	ONE(G H "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" G H "\r\n",
	    "GET\nkeep /a\nbody \nGET\nkeep /a\nbody \n");
	ONE("CONNECT kme:1 HTTP/1.1\r\n" H "\r\n" G H "\r\n",
	    "CONNECT\nkeep kme:1\nbody \nGET\nkeep /a\nbody \n");
}
END_TEST

#define EXPECT "Expect: 100-Continue\r\n"

START_TEST(a_client_that_waits_is_told_to_continue)
{
	static const char head[] = P H EXPECT "Content-Length: 2\r\n\r\n";

	ck_assert(feed(head, sizeof(head) - 1));
	ck_assert_str_eq(story, "continue\n");
	ck_assert(feed("{}", 2));
	ck_assert_str_eq(story, "continue\nPOST\nkeep /a\nbody {}\n");
}
END_TEST

START_TEST(a_client_that_does_not_wait_is_not_told)
{
	ck_assert_str_eq(told(P H EXPECT "Content-Length: 2\r\n\r\n{}"),
	    "POST\nkeep /a\nbody {}\n");
	ONE(P H EXPECT "\r\n", "POST\nkeep /a\nbody \n");
	ck_assert_str_eq(told("POST /a HTTP/1.0\r\n" EXPECT
	    "Content-Length: 2\r\n\r\n"), "");
}
END_TEST

START_TEST(what_smugglers_send_is_refused)
{
	static const char *const bad[] = {
		P H "Content-Length: 3\r\n" CHUNKED "\r\n0\r\n\r\n",
		P H CHUNKED "Content-Length: 3\r\n\r\n0\r\n\r\n",
		P H "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
		P H "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
		P H "Content-Length: 3, 3\r\n\r\nabc",
		P H "Content-Length: +3\r\n\r\nabc",
		P H "Content-Length: -1\r\n\r\nabc",
		P H "Content-Length: 0x3\r\n\r\nabc",
		P H "Content-Length: 3 3\r\n\r\nabc",
		P H "Content-Length:\r\n\r\n",
		P H "Content-Length: 99999999999999999999999\r\n\r\nabc",
		P H "Content-Length : 3\r\n\r\nabc",
		P H "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
		P H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		P H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		P H "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		P H CHUNKED "\r\nx\r\n{}\r\n0\r\n\r\n",
		P H CHUNKED "\r\n-1\r\n{}\r\n0\r\n\r\n",
		P H CHUNKED "\r\n2\r\n{}0\r\n\r\n",
		P H CHUNKED "\r\n2\n{}\r\n0\r\n\r\n",
		P H CHUNKED "\r\nfffffffffffffffff\r\n{}",
		"POST /a HTTP/1.0\r\n" CHUNKED "\r\n0\r\n\r\n",
		G H "a: b\rc: d\r\n\r\n",
		"GET /a HTTP/1.1\r" H "\r\n",
		G H "a: b\n\r\n",
		G H " folded: x\r\n\r\n",
		G H "a: b\r\n folded\r\n\r\n",
		G H "a b: c\r\n\r\n",
		G H "a\x01: c\r\n\r\n",
		G H "a: \x01\r\n\r\n",
		G H "nocolon\r\n\r\n",
		"GET /a b HTTP/1.1\r\n" H "\r\n",
		"GET /a\r\n" H "\r\n",
		"GET /a HTTP/0.9\r\n" H "\r\n",
		"GET /a HTTP/2.0\r\n" H "\r\n",
		"GET /a HTTP/1.2\r\n" H "\r\n",
		"GET /a http/1.1\r\n" H "\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"FOO /a HTTP/1.1\r\n" H "\r\n",
		"get /a HTTP/1.1\r\n" H "\r\n",
		"\x16\x03\x01\x02",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_msg(strncmp(told(bad[i]), "fault ", 6) == 0,
		    "%s gives %s", bad[i], story);
		ck_assert_msg(strncmp(told_slowly(bad[i]), "fault ", 6) == 0,
		    "%s gives %s", bad[i], story);
	}
}
END_TEST

START_TEST(there_is_exactly_one_valid_host)
{
	static const char *const bad[] = {
		G "\r\n", G H H "\r\n", G "Host:\r\n\r\n",
		G "Host: a b\r\n\r\n", G "Host: a/b\r\n\r\n",
		G "Host: a@b\r\n\r\n", G "Host: a:b\r\n\r\n",
		G "Host: [::1\r\n\r\n", G "Host: [x]\r\n\r\n",
		G "Host: :443\r\n\r\n", "GET /a HTTP/1.0\r\n" H H "\r\n",
	};
	static const char *const good[] = {
		G "Host: 127.0.0.1:8443\r\n\r\n", G "Host: [::1]:8443\r\n\r\n",
		G "Host: kme_a.example.\r\n\r\n", G "Host: a:\r\n\r\n",
		"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(strncmp(told(bad[i]), "fault ", 6) == 0,
		    "%s gives %s", bad[i], story);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert_msg(strncmp(told(good[i]), "GET\nkeep", 8) == 0,
		    "%s gives %s", good[i], story);
}
END_TEST

START_TEST(the_host_is_that_of_this_request)
{
	const char	*one = G "Host: kme.example:8443 \r\nX: y\r\n\r\n";
	const char	*none = "GET /a HTTP/1.0\r\n\r\n";
	size_t		 used;

	ck_assert_int_eq(http_feed(h, (const uint8_t *)one, strlen(one),
	    &used), HTTP_WHOLE);
	ck_assert_str_eq(http_request(h)->host, "kme.example:8443");
	http_next(h);
	ck_assert_int_eq(http_feed(h, (const uint8_t *)none, strlen(none),
	    &used), HTTP_WHOLE);
	ck_assert_str_eq(http_request(h)->host, "");
}
END_TEST

START_TEST(a_large_header_is_refused)
{
	char	big[2048];
	int	n;

	n = snprintf(big, sizeof(big), G H "a: ");
	memset(big + n, 'x', 1100);
	ck_assert(!feed(big, n + 1100));
	ck_assert_str_eq(story, "fault the request header is too large\n");
	teardown();
	setup();
	n = snprintf(big, sizeof(big), "GET /");
	memset(big + n, 'x', 1100);
	ck_assert(!feed(big, n + 1100));
	ck_assert_str_eq(story, "fault the request header is too large\n");
}
END_TEST

START_TEST(many_header_fields_are_refused)
{
	ONE(G H "a:1\r\na:2\r\na:3\r\na:4\r\na:5\r\na:6\r\na:7\r\n\r\n",
	    "GET\nkeep /a\nbody \n");
	ONE(G H "a:1\r\na:2\r\na:3\r\na:4\r\na:5\r\na:6\r\na:7\r\na:8\r\n\r\n",
	    "fault too many header fields\n");
	ONE(P H CHUNKED "\r\n0\r\na:1\r\na:2\r\na:3\r\na:4\r\na:5\r\na:6\r\n"
	    "a:7\r\n\r\n", "fault too many header fields\n");
}
END_TEST

START_TEST(a_large_body_is_refused)
{
	char	text[512], x[80];

	memset(x, 'x', sizeof(x));
	ONE(P H "Content-Length: 65\r\n\r\n",
	    "fault the request body is too large\n");
	snprintf(text, sizeof(text), P H CHUNKED "\r\n40\r\n%.64s\r\n", x);
	ONE(text, "");
	snprintf(text, sizeof(text), P H CHUNKED "\r\n40\r\n%.64s\r\n1\r\nx",
	    x);
	ONE(text, "fault the request body is too large\n");
	snprintf(text, sizeof(text), P H "Content-Length: 64\r\n\r\n%.64s",
	    x);
	ck_assert_int_eq(strncmp(told(text), "POST", 4), 0);
}
END_TEST

START_TEST(endless_chunk_headers_are_refused)
{
	char	big[2000], slow[64 * 6 + 1] = "";
	int	n = snprintf(big, sizeof(big), P H CHUNKED "\r\n1;");

	memset(big + n, 'x', 1100);
	ck_assert(!feed(big, n + 1100));
	ck_assert_str_eq(story,
	    "fault this is more chunk header than body\n");
	for (int i = 0; i < 64; i++)
		strcat(slow, "1\r\nx\r\n");
	snprintf(big, sizeof(big), P H CHUNKED "\r\n%s0\r\n\r\n", slow);
	ck_assert_int_eq(strncmp(told(big), "POST\nkeep", 9), 0);
	ck_assert_int_eq(strncmp(told_slowly(big), "POST\nkeep", 9), 0);
}
END_TEST

START_TEST(a_parser_that_is_reset_is_as_new)
{
	feed(P H "Content-Length: 9\r\n\r\nab", 44);
	http_reset(h);
	ck_assert_int_eq(http_phase(h), HTTP_IDLE);
	feed("\x16\x03", 2);
	ck_assert_int_eq(strncmp(story, "fault", 5), 0);
	http_reset(h);
	ck_assert_str_eq(http_fault(h), "");
	story[0] = '\0';
	feed(G H "\r\n", sizeof(G H) + 1);
	ck_assert_str_eq(story, "GET\nkeep /a\nbody \n");
}
END_TEST

START_TEST(the_phase_tells_which_deadline_applies)
{
	static const char rest[] = "ET /a HTTP/1.1\r\n" H
	    "Content-Length: 2\r\n\r\n";

	ck_assert_int_eq(http_phase(h), HTTP_IDLE);
	feed("\r\n", 2);
	ck_assert_int_eq(http_phase(h), HTTP_IDLE);
	feed("G", 1);
	ck_assert_int_eq(http_phase(h), HTTP_HEADER);
	feed(rest, sizeof(rest) - 1);
	ck_assert_int_eq(http_phase(h), HTTP_BODY);
	feed("{}", 2);
	ck_assert_int_eq(http_phase(h), HTTP_IDLE);
}
END_TEST

START_TEST(the_head_of_an_answer_says_all_that_is_needed)
{
	char	head[HTTPHEAD_MAX];
	size_t	n = httphead(head, 405, 17, "Allow: GET\r\n", false, false);

	ck_assert_uint_lt(n, sizeof(head));
	head[n] = '\0';
	ck_assert_ptr_eq(strstr(head, "HTTP/1.1 405 Method Not Allowed\r\n"),
	    head);
	ck_assert_ptr_nonnull(strstr(head, "\r\nAllow: GET\r\n"));
	ck_assert_ptr_nonnull(strstr(head, "\r\nConnection: close\r\n"));
	ck_assert_ptr_nonnull(strstr(head, "\r\nCache-Control: no-store\r\n"));
	ck_assert_ptr_nonnull(strstr(head,
	    "\r\nContent-Type: application/json\r\n"));
	ck_assert_ptr_nonnull(strstr(head, "\r\nContent-Length: 17\r\n"));
	ck_assert_ptr_null(strstr(head, "Server"));
	ck_assert_str_eq(head + n - 4, "\r\n\r\n");
	head[httphead(head, 200, 0, NULL, true, true)] = '\0';
	ck_assert_ptr_nonnull(strstr(head, "\r\nConnection: keep-alive\r\n"));
	head[httphead(head, 200, 0, NULL, true, false)] = '\0';
	ck_assert_ptr_null(strstr(head, "Connection"));
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("http");
	TCase	*t = tcase_create("http");
	SRunner	*r = srunner_create(s);
	int	 failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_request_comes_out_whole);
	tcase_add_test(t, pipelined_requests_come_out_in_order);
	tcase_add_test(t, a_chunked_body_is_put_together);
	tcase_add_test(t, a_connection_stays_or_ends_as_the_version_has_it);
	tcase_add_test(t, an_upgrade_is_ignored);
	tcase_add_test(t, a_client_that_waits_is_told_to_continue);
	tcase_add_test(t, a_client_that_does_not_wait_is_not_told);
	tcase_add_test(t, what_smugglers_send_is_refused);
	tcase_add_test(t, there_is_exactly_one_valid_host);
	tcase_add_test(t, the_host_is_that_of_this_request);
	tcase_add_test(t, a_large_header_is_refused);
	tcase_add_test(t, many_header_fields_are_refused);
	tcase_add_test(t, a_large_body_is_refused);
	tcase_add_test(t, endless_chunk_headers_are_refused);
	tcase_add_test(t, a_parser_that_is_reset_is_as_new);
	tcase_add_test(t, the_phase_tells_which_deadline_applies);
	tcase_add_test(t, the_head_of_an_answer_says_all_that_is_needed);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
