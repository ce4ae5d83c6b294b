/* fuzz_sae_supply.c - 0x120A, Proactive key supply. */
#include "tests/fuzz/saefuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"session_ID\":\"" SAEFUZZ_SESSION "\",\"keys\":"
	    SAEFUZZ_KEYS "}"),
	FUZZ_TEXT("{\"session_ID\":\"" SAEFUZZ_SESSION "\",\"keys\":[{\"key_"
	    "ID\":\"" SAEFUZZ_A "\",\"key\":\"AAAA\"}],\"extension\":["
	    "]}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return saefuzz(AK_SUPPLY, data, len);
}
