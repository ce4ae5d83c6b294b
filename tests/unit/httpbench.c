#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpbench.h"

struct conn *
app_enter(X509 *cert)
{
	return doorbench_shake(fakeconn_accept(), cert);
}

void
app_say(struct conn *c, const char *text)
{
	fakeconn_send(c, text, strlen(text));
}

void
app_request(struct conn *c, const char *line, const char *body)
{
	char	text[4096];

	snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: kme\r\n"
	    "Content-Length: %zu\r\n\r\n%s", line, strlen(body), body);
	app_say(c, text);
}

int
app_answer(struct conn *c, char *body, size_t room)
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

const char *
app_ask(int code, const char *line, const char *body)
{
	static char text[65536];
	struct conn *c = app_enter(bench.a1);
	int	 got;

	app_request(c, line, body);
	got = app_answer(c, text, sizeof(text));
	ck_assert_msg(got == code, "%s: %d %s", line, got, text);
	if (code != 200)
		ck_assert_msg(strncmp(text, "{\"message\":\"", 12) == 0, "%s",
		    text);
	fakeconn_hang_up(c);
	return text;
}

void
app_has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "\"%s\" lacks \"%s\"", text,
	    part);
}
