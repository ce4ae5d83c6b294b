/* fuzz_sae_session_response.c - 0x1205, Response to session creation
 * request. */
#include "tests/fuzz/saefuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"session_ID\":\"" SAEFUZZ_SESSION "\",\"response\":\"su"
	    "ccess\",\"source_KM_ID\":\"KME-A\"}"),
	FUZZ_TEXT("{\"session_ID\":\"\",\"response\":\"rejected: no\"}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return saefuzz(AK_SESSION_RESPONSE, data, len);
}
