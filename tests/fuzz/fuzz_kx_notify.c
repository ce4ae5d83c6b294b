/* fuzz_kx_notify.c - key supply notifications, 0x1103. */
#include "tests/fuzz/kxfuzz.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"session_ID\":\"" KXFUZZ_SESSION "\",\"number_of_keys\":2,"
	    "\"size_of_key\":256,\"extension\":[{" KXFUZZ_ROUTE
	    ",\"key_IDs\":[\"" KXFUZZ_KEY "\",{\"key_ID\":\"" KXFUZZ_KEY
	    "\"}],\"message\":\"aGVsbG8=\"}]}"),
	FUZZ_TEXT("{\"session_ID\":\"" KXFUZZ_SESSION "\",\"extension\":"
	    "[{\"x\":1},{" KXFUZZ_ROUTE ",\"message\":\"AA==\","
	    "\"key_IDs\":[\"" KXFUZZ_KEY "\"]}]}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return kxfuzz(KX_NOTIFY, data, len);
}
