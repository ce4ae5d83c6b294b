/* fuzz_kx_notified.c - responses to key supply notifications, 0x1104. */
#include "tests/fuzz/kxfuzz.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"session_ID\":\"" KXFUZZ_SESSION "\",\"key_ID\":\""
	    KXFUZZ_KEY "\",\"response\":\"success\",\"extension\":[{"
	    KXFUZZ_ROUTE ",\"key_IDs\":[\"" KXFUZZ_KEY "\"],"
	    "\"message\":\"aGVsbG8=\"}]}"),
	FUZZ_TEXT("{\"session_ID\":\"\",\"key_ID\":\"\","
	    "\"response\":\"bad_request: no\"}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return kxfuzz(KX_NOTIFIED, data, len);
}
