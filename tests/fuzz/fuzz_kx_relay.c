/* fuzz_kx_relay.c - a relay that is accepted can be written. */
#include <stdlib.h>
#include <string.h>

#include "relayd/kxjson.h"
#include "tests/fuzz/replay.h"

/* What is long enough is read in another way. */
#define A64	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define A512	A64 A64 A64 A64 A64 A64 A64 A64
#define RID	"01234567-89ab-4def-8123-456789abcdef"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"source_KMA_ID\":\"KME-A\",\"destination_KMA_ID\":\"C\","
	    "\"transit_KMA_IDs\":[\"B\"],\"key_relay_request_ID\":\"" RID
	    "\",\"keys\":[{\"key_ID\":\"" RID "\",\"key\":\"AAAA\","
	    "\"key_extension\":{\"protection\":\"otp\",\"pad\":\"12\","
	    "\"block\":34,\"mac\":\"AAECAwQFBgcICQoLDA0ODw==\"}}]}"),
	FUZZ_TEXT("{\"source_KMA_ID\":\"a\",\"destination_KMA_ID\":\"b\","
	    "\"key_relay_request_ID\":\"" RID
	    "\",\"keys\":[{\"key_ID\":\"" RID "\",\"key\":\"AAAA\","
	    "\"key_extension\":{\"protection\":\"otp\",\"pad\":\"12\","
	    "\"block\":34,\"part\":2,\"parts\":3,"
	    "\"mac\":\"AAECAwQFBgcICQoLDA0ODw==\"}}]}"),
	FUZZ_TEXT("{\"source_KMA_ID\":\"a\",\"destination_KMA_ID\":\"b\","
	    "\"keys\":[{\"key_ID\":\"k\",\"key\":\"AA==\"}]}"),
	FUZZ_TEXT("{\"source_KMA_ID\":\"a\",\"destination_KMA_ID\":\"b\","
	    "\"key_relay_request_ID\":\"" RID
	    "\",\"keys\":[{\"key_ID\":\"" RID "\",\"key\":\"" A512 "\","
	    "\"key_extension\":{\"protection\":\"otp\",\"pad\":\"12\","
	    "\"block\":34,\"mac\":\"AAECAwQFBgcICQoLDA0ODw==\"}}]}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct kx_relay	 r;
	static uint8_t		 out[131072];
	struct msg_relay_out	 m = { .pad = 1 };
	const char		*why = NULL;

	if (kxjson_relay(&r, data, len, &why) < 0) {
		if (why == NULL || strlen(r.request) > KXJSON_ID_MAX)
			abort();
		return 0;
	}
	if (r.route.n < 2 || r.route.n > ROUTE_HOPS_MAX || r.plain)
		return 0;
	memcpy(m.request, r.request, sizeof(m.request));
	m.pad = r.pad;
	m.block = r.block;
	if (r.parts > 8 || r.parts == 1 || r.part > r.parts ||
	    (r.part == 0) != (r.parts == 0))
		abort();
	m.part = r.part;
	m.parts = r.parts;
	m.mac = (struct msg_view){ r.mac, sizeof(r.mac) };
	m.text = (struct msg_view){ r.text, r.len };
	if (kxjson_put_relay(out, sizeof(out), &r.route, &m) == 0)
		abort();
	return 0;
}
