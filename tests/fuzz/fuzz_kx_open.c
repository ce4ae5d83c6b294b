/* fuzz_kx_open.c - sessions to be made, 0x11C4. */
#include "tests/fuzz/kxfuzz.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"session_ID\":\"" KXFUZZ_SESSION "\","
	    "\"application_source_ID\":\"SAE-A1\","
	    "\"application_destination_ID\":\"SAE-\\u00e9\","
	    "\"number_of_keys\":9223372036854775807,\"extension\":[{"
	    KXFUZZ_ROUTE ",\"message\":\"aGVsbG8=\"}]}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return kxfuzz(KX_OPEN, data, len);
}
