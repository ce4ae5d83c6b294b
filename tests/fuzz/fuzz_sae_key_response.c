/* fuzz_sae_key_response.c - 0x1203, Response to key request. */
#include "tests/fuzz/saefuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"keys\":" SAEFUZZ_KEYS ",\"response\":\"success\"}"),
	FUZZ_TEXT("{\"response\":\"not_found: x\",\"keys\":[],\"extension\":"
	    "[{\"a\":\"b\\u00e4\"}]}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return saefuzz(AK_KEY_RESPONSE, data, len);
}
