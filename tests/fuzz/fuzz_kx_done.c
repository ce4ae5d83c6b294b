/* fuzz_kx_done.c - a completion that is accepted can be written and read again. */
#include <stdlib.h>
#include <string.h>

#include "relayd/kxjson.h"
#include "tests/fuzz/replay.h"

#define RID	"01234567-89ab-4def-8123-456789abcdef"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"response\":\"success\",\"key_relay_request_ID\":\""
	    RID "\",\"extension\":[{\"source_KMA_ID\":\"KME-A\","
	    "\"destination_KMA_ID\":\"KME-C\",\"transit_KMA_IDs\":[\"B\"],"
	    "\"mac\":\"AAECAwQFBgcICQoLDA0ODw==\"}]}"),
	FUZZ_TEXT("{\"response\":\"bad_request: \\u00e9\"}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t	 out[131072];
	struct kx_done	 d, again;
	const char	*why = NULL;
	size_t		 n;

	if (kxjson_done(&d, data, len, &why) < 0)
		return 0;
	n = kxjson_put_done(out, sizeof(out), d.response, d.request,
	    d.route.n > 0 ? &d.route : NULL,
	    (struct msg_view){ d.mac, d.maclen });
	if (n == 0 || kxjson_done(&again, out, n, &why) < 0 ||
	    strcmp(d.response, again.response) != 0 ||
	    strcmp(d.request, again.request) != 0 ||
	    d.route.n != again.route.n)
		abort();
	return 0;
}
