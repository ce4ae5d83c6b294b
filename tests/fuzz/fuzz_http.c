/*
 * fuzz_http.c - HTTP: the same requests come out however the octets are cut,
 * and nothing exceeds its limit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "tests/fuzz/replay.h"

#define HEADER_MAX	512
#define BODY_MAX	256

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("GET /api/v1/keys/B/status HTTP/1.1\r\nHost: k\r\n\r\n"),
	FUZZ_TEXT("POST /api/v1/keys/B/enc_keys HTTP/1.1\r\nHost: k:8443\r\n"
	    "Content-Length: 12\r\n\r\n{\"number\":3}GET /x HTTP/1.0\r\n\r\n"),
	FUZZ_TEXT("POST /a HTTP/1.1\r\nHost: [::1]:1\r\nExpect: 100-continue"
	    "\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\n{    \r\n"
	    "1\r\n}\r\n0\r\nTrailer: x\r\n\r\n"),
	FUZZ_TEXT("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	FUZZ_TEXT("GET / HTTP/1.1\r\nHost: a\r\n folded\r\nUpgrade: h2c\r\n"
	    "Connection: upgrade, close\r\n\r\n"),
	FUZZ_TEXT("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nxyz"),
	FUZZ_END
};

static const struct http_limits limits = { HEADER_MAX, 8, BODY_MAX };

/* What came out, as one text. */
struct story {
	char	text[16384];
	size_t	len;
};

static void
tell(struct story *s, const void *p, size_t len)
{
	if (len > sizeof(s->text) - s->len)
		len = sizeof(s->text) - s->len;
	if (len > 0)
		memcpy(s->text + s->len, p, len);
	s->len += len;
}

static void
tell_request(struct story *s, const struct http_request *r)
{
	char	head[64];

	if (r->target_len > HEADER_MAX || r->body_len > BODY_MAX)
		abort();
	tell(s, head, (size_t)snprintf(head, sizeof(head), "%s %d %d ",
	    r->method_name, r->keep_alive, r->old));
	tell(s, r->target, r->target_len);
	tell(s, " ", 1);
	tell(s, r->body, r->body_len);
	tell(s, "\n", 1);
}

/* False when nothing more can come. */
static int
feed(struct http *h, struct story *s, const uint8_t *p, size_t n)
{
	size_t	used;

	for (; n > 0; p += used, n -= used) {
		switch (http_feed(h, p, n, &used)) {
		case HTTP_WHOLE:
			tell_request(s, http_request(h));
			if (!http_request(h)->keep_alive)
				return 0;
			http_next(h);
			break;
		case HTTP_FAULT:
			if (http_fault(h)[0] == '\0')
				abort();
			tell(s, "fault\n", 6);	/* which is met first may differ */
			return 0;
		case HTTP_CONTINUE:
		case HTTP_MORE:
			break;
		}
		if (used > n)
			abort();
	}
	return 1;
}

static void
read_in_pieces(struct story *s, const uint8_t *data, size_t len, size_t piece)
{
	struct http *h = http_new(&limits);
	size_t	n;

	s->len = 0;
	for (size_t at = 0; at < len; at += n) {
		uint8_t	*p;

		n = piece < len - at ? piece : len - at;
		if ((p = malloc(n)) == NULL)
			abort();
		memcpy(p, data + at, n);
		if (!feed(h, s, p, n))
			len = 0;
		free(p);
	}
	http_free(&h);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct story whole, pieces;

	read_in_pieces(&whole, data, len, len);
	for (size_t piece = 1; piece < 8; piece += 3) {
		read_in_pieces(&pieces, data, len, piece);
		if (pieces.len != whole.len ||
		    memcmp(pieces.text, whole.text, whole.len) != 0)
			abort();
	}
	return 0;
}
