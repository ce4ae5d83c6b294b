/* check_saehttp.c - tests sae/saehttp.c. */
#include <stdio.h>
#include <string.h>

#include "sae/saehttp.h"
#include "unit.h"

#define BODY_MAX	100

static char	fault[128];

/* Fed in pieces; the body as text, NULL for a fault. */
static const char *
feed(const char *text, size_t len, size_t piece, unsigned *status, bool *keep)
{
	static char		 body[BODY_MAX + 1];
	struct saehttp		*h = saehttp_new(BODY_MAX);
	enum saehttp_event	 ev = SAEHTTP_MORE;
	const char		*p;
	size_t			 n;

	for (size_t at = 0; at < len && ev == SAEHTTP_MORE; at += n) {
		n = piece < len - at ? piece : len - at;
		ev = saehttp_feed(h, text + at, n);
	}
	if (ev == SAEHTTP_MORE)
		ev = saehttp_end(h);
	ck_assert_int_ne(ev, SAEHTTP_MORE);
	snprintf(fault, sizeof(fault), "%s", saehttp_fault(h));
	p = saehttp_body(h, &n);
	if (ev == SAEHTTP_WHOLE) {
		memcpy(body, p, n);
		body[n] = '\0';
		*status = saehttp_status(h);
		*keep = saehttp_keep_alive(h);
	}
	saehttp_free(&h);
	return ev == SAEHTTP_WHOLE ? body : NULL;
}

static void
expect(const char *text, unsigned status, const char *body, bool keep)
{
	size_t		 len = strlen(text);
	unsigned	 got;
	bool		 kept;
	const char	*s;

	for (size_t piece = 1; piece <= len; piece += piece < 4 ? 1 : len) {
		s = feed(text, len, piece, &got, &kept);
		ck_assert_msg(s != NULL, "%s: %s", text, fault);
		ck_assert_str_eq(s, body);
		ck_assert_uint_eq(got, status);
		ck_assert(kept == keep);
	}
}

START_TEST(responses_are_read_however_they_are_cut)
{
	expect("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}",
	    true);
	expect("HTTP/1.1 503 \r\nConnection: close\r\nContent-Length: 0\r\n"
	    "\r\n", 503, "", false);
	expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "1;x=y\r\n{\r\n1\r\n}\r\n0\r\nA: b\r\n\r\n", 200, "{}", true);
	expect("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
	    "Content-Length: 1\r\n\r\n7", 200, "7", true);
	expect("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", 401,
	    "", true);
}
END_TEST

START_TEST(a_body_may_end_with_the_connection)
{
	expect("HTTP/1.0 200 OK\r\n\r\n{\"a\":1}", 200, "{\"a\":1}", false);
	expect("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", 200, "{}",
	    false);
}
END_TEST

static void
refused(const char *text, const char *why)
{
	size_t		len = strlen(text);
	unsigned	status;
	bool		keep;

	for (size_t piece = 1; piece <= len; piece += len / 2 + 1) {
		ck_assert_msg(feed(text, len, piece, &status, &keep) == NULL,
		    "%s: taken", text);
		ck_assert_msg(strstr(fault, why) != NULL, "%s: %s", text,
		    fault);
	}
}

START_TEST(what_is_no_answer_is_refused)
{
	refused("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", "");
	refused("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
	    "too large");
	refused("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: "
	    "chunked\r\n\r\n0\r\n\r\n", "not HTTP");
	refused("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n"
	    "\r\n12", "not HTTP");
	refused("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", "protocol");
	refused("HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "version");
	refused("SSH-2.0-OpenSSH\r\n", "not HTTP");
	refused("HTTP/1.1 200 OK\r\nContent-Le", "ended before");
	refused(" ", "");
}
END_TEST

START_TEST(nothing_grows_without_bound)
{
	char	text[40000];
	size_t	n;

	n = (size_t)sprintf(text, "HTTP/1.1 200 OK\r\nA: ");
	memset(text + n, 'x', 17000);
	text[n + 17000] = '\0';
	refused(text, "header is too large");
	n = (size_t)sprintf(text, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 101; i++)
		n += (size_t)sprintf(text + n, "A: b\r\n");
	refused(text, "too many header fields");
	n = (size_t)sprintf(text, "HTTP/1.0 200 OK\r\n\r\n");
	memset(text + n, ' ', BODY_MAX + 1);
	text[n + BODY_MAX + 1] = '\0';
	refused(text, "too large");
	text[0] = '\0';
	for (int i = 0; i < 9; i++)
		strcat(text, "HTTP/1.1 100 Continue\r\n\r\n");
	refused(text, "too many interim");
}
END_TEST

START_TEST(what_follows_an_answer_ends_the_connection)
{
	static const char	text[] = "HTTP/1.1 200 OK\r\nContent-Length: "
				    "2\r\n\r\n{}HTTP/1.1 200 OK\r\n";
	unsigned		status;
	bool			keep;

	ck_assert_str_eq(feed(text, sizeof(text) - 1, sizeof(text), &status,
	    &keep), "{}");
	ck_assert(!keep);
}
END_TEST

UNIT_MAIN("saehttp", responses_are_read_however_they_are_cut,
    a_body_may_end_with_the_connection, what_is_no_answer_is_refused,
    nothing_grows_without_bound, what_follows_an_answer_ends_the_connection)
