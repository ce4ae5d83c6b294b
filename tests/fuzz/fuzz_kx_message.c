/* fuzz_kx_message.c - a control message that is accepted can be written. */
#include <stdlib.h>
#include <string.h>

#include "relayd/kxjson.h"
#include "tests/fuzz/replay.h"

#define RID	"01234567-89ab-4def-8123-456789abcdef"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"source_KMA_ID\":\"KME-A\",\"destination_KMA_ID\":\"C\","
	    "\"transit_KMA_IDs\":[\"B\"],\"extension\":[{\"x\":1},"
	    "{\"message\":\"aGVsbG8=\"}]}"),
	FUZZ_TEXT("{\"source_KMA_ID\":\"a\",\"destination_KMA_ID\":\"b\","
	    "\"extension\":[{\"message\":\"" RID "\"}]}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct kx_message	 m;
	static uint8_t			 out[131072];
	const char			*why = NULL;
	bool				 kma;

	if (kxjson_message(&m, data, len, &why) == 0 &&
	    (m.len == 0 || kxjson_put_message(out, sizeof(out), &m.route,
	    (struct msg_view){ m.body, m.len }) == 0))
		abort();
	(void)kxjson_alive(&kma, data, len, &why);
	return 0;
}
