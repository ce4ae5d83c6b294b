/* fuzz_ak_session_key.c - 0x2108, Key request with session ID. */
#include "tests/fuzz/akfuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"session_ID\":\"" AKFUZZ_SESSION
	    "\",\"number_of_keys\":2,\"size_of_key\":256}"),
	FUZZ_TEXT("{\"session_ID\":\"5F7C2C1E-93D4-4B0A-8E55-01234567"
	    "89AB\",\"extension\":[{\"extension_optional\":[{\""
	    "a\":1}]}]}"),
	FUZZ_TEXT("{\"session_ID\":\"" AKFUZZ_SESSION
	    "\",\"size_of_key\":-8}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return akfuzz(AK_SESSION_KEY_REQUEST, data, len);
}
