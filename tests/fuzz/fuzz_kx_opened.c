/* fuzz_kx_opened.c - responses to sessions to be made, 0x11C5. */
#include "tests/fuzz/kxfuzz.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"session_ID\":\"" KXFUZZ_SESSION "\","
	    "\"response\":\"rejected: no\",\"extension\":[{"
	    KXFUZZ_ROUTE ",\"message\":\"aGVsbG8=\"}]}"),
	FUZZ_TEXT("{\"session_ID\":\"" KXFUZZ_SESSION "\","
	    "\"response\":\"unavailable\",\"extension\":[{"
	    KXFUZZ_ROUTE "}]}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return kxfuzz(KX_OPENED, data, len);
}
