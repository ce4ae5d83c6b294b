/* fuzz_ak_session_notified.c - 0x2107, Response to session notification. */
#include "tests/fuzz/akfuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"session_ID\":\"" AKFUZZ_SESSION
	    "\",\"response\":\"success\"}"),
	FUZZ_TEXT("{\"session_ID\":\"" AKFUZZ_SESSION
	    "\",\"response\":\"rejected: busy\",\"extension\":[" "{}]}"),
	FUZZ_TEXT("{\"session_ID\":\"\",\"response\":\"success\"}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return akfuzz(AK_SESSION_NOTIFIED, data, len);
}
