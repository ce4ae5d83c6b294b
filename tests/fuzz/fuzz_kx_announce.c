/* fuzz_kx_announce.c - an announcement that is accepted is in bounds. */
#include <stdlib.h>
#include <string.h>

#include "relayd/kxjson.h"
#include "tests/fuzz/replay.h"

#define RID	"01234567-89ab-4def-8123-456789abcdef"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"origin\":\"" RID "\",\"incarnation\":\"1790000000000\","
	    "\"sequence\":\"7\",\"neighbours\":[\"KME-B\",\"KME-C\"]}"),
	FUZZ_TEXT("{\"origin\":\"a\",\"incarnation\":1,\"sequence\":2,"
	    "\"neighbours\":[]}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct linkstate_ad	 ad, again;
	static uint8_t			 out[131072];
	const char			*why = NULL;
	size_t				 n;

	if (kxjson_announce(&ad, data, len, &why) < 0)
		return 0;
	n = kxjson_put_announce(out, sizeof(out), &ad);
	if (ad.n > LINKSTATE_LINKS_MAX || n == 0 ||
	    kxjson_announce(&again, out, n, &why) < 0 ||
	    again.incarnation != ad.incarnation ||
	    again.sequence != ad.sequence || again.n != ad.n)
		abort();
	for (unsigned i = 0; i < ad.n; i++)
		if (strcmp(again.links[i].peer, ad.links[i].peer) != 0)
			abort();
	return 0;
}
