/* fuzz_ak_key_ids.c - 0x2102, Key request with ID. */
#include "tests/fuzz/akfuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"application_source_ID\":\"SAE-A1\",\"applicatio"
	    "n_destination_ID\":\"SAE-B1\",\"application_name\""
	    ":\"vpn\",\"key_IDs\":[{\"key_ID\":\"" AKFUZZ_KEY
	    "\"},{\"key_ID\":\"0192f0c1-7a00-7000-8040-00000000"
	    "0002\"}]}"),
	FUZZ_TEXT("{\"application_source_ID\":\"A\",\"key_IDs\":[{\"k"
	    "ey_ID\":\"" AKFUZZ_KEY "\",\"key_ID_extension\":{}}]}"),
	FUZZ_TEXT("{\"application_source_ID\":\"A\",\"key_IDs\":[{\"k"
	    "ey_ID\":\"" AKFUZZ_KEY "\"},{}]}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return akfuzz(AK_KEY_REQUEST_WITH_ID, data, len);
}
