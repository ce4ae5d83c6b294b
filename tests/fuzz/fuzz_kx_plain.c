/* fuzz_kx_plain.c - keys of a plain peer: sizes and IDs fit each other. */
#include <stdlib.h>

#include "bytes.h"
#include "relayd/kxplain.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"source_KMA_ID\":\"X\",\"destination_KMA_ID\":\"A\","
	    "\"key_relay_request_ID\":\"r\",\"keys\":[{\"key_ID\":"
	    "\"01234567-89ab-4def-8123-456789abcdef\",\"key\":\"AAEC\","
	    "\"key_extension\":{\"hash\":\"x\"}},{\"key_ID\":"
	    "\"11234567-89ab-4def-8123-456789abcdef\",\"key\":\"AA==\"}],"
	    "\"extension\":[{\"application_source_ID\":\"s\"},"
	    "{\"application_destination_ID\":\"d\"}]}"),
	FUZZ_TEXT("{\"response\":\"success\",\"key_relay_request_ID\":\"r\"}"),
	FUZZ_TEXT("{\"session_ID\":\"01234567-89ab-4def-8123-456789abcdef\"}"),
	FUZZ_END
};

static void
check(const struct kx_plain *r)
{
	size_t	sum = 0;

	if (r->n == 0 || r->n > KXPLAIN_KEYS_MAX || r->route.n < 2)
		abort();
	for (uint32_t i = 0; i < r->n; i++) {
		uint32_t	octets = get_be32(r->sizes[i]);

		if (octets == 0 || octets > KXPLAIN_OCTETS_MAX)
			abort();
		sum += octets;
	}
	if (sum != r->keys->len || sum > r->keys->room)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct kx_plain	 r;
	struct kx_done		 d;
	uuid_text		 session;
	const char		*why = NULL;

	if (secret_init(1 << 20) < 0)
		abort();
	if (kxplain_read(&r, data, len, &why) == 0)
		check(&r);
	else if (why == NULL || r.keys != NULL)
		abort();
	secret_free(&r.keys);
	(void)kxplain_done(&d, data, len, &why);
	(void)kxplain_session(session, data, len, &why);
	return 0;
}
