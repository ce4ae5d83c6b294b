/*
 * fuzz_saehttp.c - HTTP responses: the same comes out however the octets are
 * cut, and nothing exceeds its limit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sae/saehttp.h"
#include "tests/fuzz/replay.h"

#define BODY_MAX	64

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
	FUZZ_TEXT("HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "1;a=b\r\n{\r\n1\r\n}\r\n0\r\nT: x\r\n\r\n"),
	FUZZ_TEXT("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
	    "Content-Length: 1\r\n\r\n7HTTP/1.1"),
	FUZZ_TEXT("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n{}"),
	FUZZ_TEXT("HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: upgrade\r\n"
	    "\r\nPRI"),
	FUZZ_TEXT("HTTP/1.1 204 x\r\n\r\nHTTP/1.1 304 y\r\n\r\n"),
	FUZZ_END
};

struct story {
	unsigned	status;
	size_t		len;
	char		body[BODY_MAX];
};

static void
read_in_pieces(struct story *s, const uint8_t *data, size_t len,
    size_t piece)
{
	struct saehttp		*h = saehttp_new(BODY_MAX);
	enum saehttp_event	 ev = SAEHTTP_MORE;
	const char		*body;
	size_t			 n;

	memset(s, 0, sizeof(*s));
	for (size_t at = 0; at < len && ev == SAEHTTP_MORE; at += n) {
		char	*p;

		n = piece < len - at ? piece : len - at;
		if ((p = malloc(n)) == NULL)
			abort();
		memcpy(p, data + at, n);
		ev = saehttp_feed(h, p, n);
		free(p);
	}
	if (ev == SAEHTTP_MORE && (ev = saehttp_end(h)) == SAEHTTP_MORE)
		abort();
	if (ev == SAEHTTP_FAULT && saehttp_fault(h)[0] == '\0')
		abort();
	body = saehttp_body(h, &n);
	if (n > BODY_MAX)
		abort();
	if (ev == SAEHTTP_WHOLE) {
		s->status = saehttp_status(h);
		s->len = n;
		if (n > 0)
			memcpy(s->body, body, n);
		if (s->status < 200)
			abort();
	}
	saehttp_free(&h);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct story	whole, pieces;

	read_in_pieces(&whole, data, len, len);
	for (size_t piece = 1; piece < 8; piece += 3) {
		read_in_pieces(&pieces, data, len, piece);
		if (memcmp(&whole, &pieces, sizeof(whole)) != 0)
			abort();
	}
	return 0;
}
