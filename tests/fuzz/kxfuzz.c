#include "tests/fuzz/kxfuzz.h"

#include <stdlib.h>
#include <string.h>

static struct kx_session	in, again;

static void
bounds(enum kx_command c)
{
	if (strlen(in.response) > MSG_TEXT_MAX || in.len > sizeof(in.body) ||
	    in.route.n == 1 || in.route.n > ROUTE_HOPS_MAX ||
	    (in.len > 0 && in.route.n == 0))
		abort();
	if (kxsession_is_request(c) && (in.len == 0 ||
	    strlen(in.session) != UUID_TEXT || in.response[0] != '\0'))
		abort();
	if (c == KX_NOTIFY && strlen(in.key) != UUID_TEXT)
		abort();
}

int
kxfuzz(enum kx_command c, const uint8_t *data, size_t len)
{
	static uint8_t		 out[131072];
	struct msg_session_out	 m = { .command = kxsession_response(c) };
	const char		*why = NULL;
	uint8_t			 key[16];
	size_t			 n;

	if (kxsession_read(&in, c, data, len, &why) == 0)
		bounds(c);
	else if (why == NULL)
		abort();
	strcpy(m.session, in.session);
	strcpy(m.response, in.response[0] != '\0' ? in.response :
	    "bad_request: x");
	if (uuid_parse(in.key, strlen(in.key), key) == 0)
		m.ids = (struct msg_view){ key, sizeof(key) };
	m.body = (struct msg_view){ in.body, in.len };
	n = kxsession_put(out, sizeof(out), in.route.n < 2 ? NULL : &in.route,
	    &m);
	if (n == 0 || kxsession_read(&again, kxsession_response(c), out, n,
	    &why) < 0 || strcmp(in.session, again.session) != 0 ||
	    strcmp(m.response, again.response) != 0)
		abort();
	return 0;
}
