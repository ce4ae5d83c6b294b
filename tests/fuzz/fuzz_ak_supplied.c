/* fuzz_ak_supplied.c - 0x210B, Response to proactive key supply. */
#include "tests/fuzz/akfuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"session_ID\":\"" AKFUZZ_SESSION "\",\"key_ID\":\""
	    AKFUZZ_KEY
	    "\",\"response\":\"success\",\"extension\":[{\"key_"
	    "IDs\":[\"" AKFUZZ_KEY "\",\"" AKFUZZ_KEY2 "\"]}]}"),
	FUZZ_TEXT("{\"session_ID\":\"" AKFUZZ_SESSION "\",\"key_ID\":\""
	    AKFUZZ_KEY2 "\",\"response\":\"success: x\",\"extension\":"
	    "[{\"key_IDs\":[\"" AKFUZZ_KEY2 "\",\"" AKFUZZ_SESSION
	    "\"]}]}"),
	FUZZ_TEXT("{\"session_ID\":\"" AKFUZZ_SESSION "\",\"key_ID\":\""
	    AKFUZZ_KEY "\",\"response\":\"success\"}"),
	FUZZ_TEXT("{\"session_ID\":\"" AKFUZZ_SESSION "\",\"key_ID\":\""
	    AKFUZZ_KEY
	    "\",\"response\":\"rejected\",\"extension\":[{\"key"
	    "_IDs\":[{\"key_ID\":\"" AKFUZZ_KEY "\"}]},{\"key_IDs\":[]}]}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return akfuzz(AK_SUPPLIED, data, len);
}
