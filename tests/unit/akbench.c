/* akbench.c - frames in and out of the door. */
#include "akbench.h"

#include <stdio.h>
#include <string.h>

#include "frame.h"

struct conn *
akbench_enter(X509 *cert)
{
	return doorbench_shake(fakeconn_accept_second(), cert);
}

size_t
akbench_make(char *out, unsigned code, uint32_t id, const char *payload)
{
	size_t	len = strlen(payload);

	frame_header((uint8_t *)out, id, (uint16_t)code, (uint16_t)len);
	memcpy(out + FRAME_HEADER, payload, len);
	return FRAME_HEADER + len;
}

void
akbench_say(struct conn *c, unsigned code, uint32_t id, const char *payload)
{
	static char	text[FRAME_HEADER + FRAME_PAYLOAD_MAX];

	fakeconn_send(c, text, akbench_make(text, code, id, payload));
}

const char *
akbench_output(struct conn *c)
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

void
akbench_told(struct conn *c, const char *part)
{
	const char	*text = akbench_output(c);

	ck_assert_msg(strstr(text, part) != NULL, "\"%s\" lacks \"%s\"",
	    text, part);
}

void
akbench_turn(void)
{
	event_base_loop(bench.base, EVLOOP_NONBLOCK);
}
