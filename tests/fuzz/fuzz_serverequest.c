/* fuzz_serverequest.c - octets to the status page: parsed, then judged. */
#include <stdlib.h>
#include <string.h>

#include "serverequest.h"
#include "tests/fuzz/replay.h"

#define GET(path)	"GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT(GET("/")), FUZZ_TEXT(GET("/api/history?since=17")),
	FUZZ_TEXT(GET("/metrics")), FUZZ_TEXT(GET("/page.css?x")),
	FUZZ_TEXT("HEAD / HTTP/1.0\r\nHost: [::1]:8446\r\n\r\n"),
	FUZZ_TEXT("POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: 1\r\n\r\nx"),
	FUZZ_END
};

static void
judge(const struct http_request *r)
{
	static const struct serverequest_hosts	hosts = { { "a.b", NULL } };
	struct serverequest			q;
	int	code = serverequest_read(&q, r, &hosts);

	if (code != 200 && code != 400 && code != 404 && code != 405 &&
	    code != 421)
		abort();
	if (code == 200 && (r->body_len > 0 || r->host[0] == '\0' ||
	    (q.what == SERVE_FILE) != (q.file != NULL)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct http_limits	limits = { 1024, 16, 0 };
	struct http			*h = http_new(&limits);
	size_t				 used;

	if (h == NULL)
		abort();
	if (http_feed(h, data, len, &used) == HTTP_WHOLE)
		judge(http_request(h));
	http_free(&h);
	return 0;
}
