/* fuzz_ak_key_request.c - 0x2101, Key request. */
#include "tests/fuzz/akfuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"application_source_ID\":\"SAE-A1\",\"applicatio"
	    "n_destination_ID\":\"SAE-B1\",\"application_name\""
	    ":\"vpn\",\"number_of_keys\":2,\"size_of_key\":256,"
	    "\"extension\":[{\"extension_mandatory\":[{\"qkdnod"
	    "e_route_type\":\"direct\"}]},{\"extension_optional"
	    "\":[{\"qkdnode_max_age\":30000}]}]}"),
	FUZZ_TEXT("{\"application_destination_ID\":\"B\"}"),
	FUZZ_TEXT("{\"application_destination_ID\":\"\\u00e4\",\"numb"
	    "er_of_keys\":0,\"extension\":[]}"),
	FUZZ_TEXT("{\"application_destination_ID\":\"B\",\"extension"
	    "\":[{\"extension_mandatory\":[{\"a\":{}}],\"x\":[]"
	    "},{\"extension_mandatory\":[]}]}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return akfuzz(AK_KEY_REQUEST, data, len);
}
