/* fuzz_sae_session_key_response.c - 0x1209, Response to key request with
 * session ID. */
#include "tests/fuzz/saefuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"session_ID\":\"" SAEFUZZ_SESSION "\",\"keys\":"
	    SAEFUZZ_KEYS ",\"response\":\"success\"}"),
	FUZZ_TEXT("{\"session_ID\":\"\",\"keys\":[],\"response\":\"expired\""
	    "}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return saefuzz(AK_SESSION_KEY_RESPONSE, data, len);
}
