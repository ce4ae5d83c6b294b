/* fuzz_ak_session.c - 0x2104, Session creation request. */
#include "tests/fuzz/akfuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"application_source_ID\":\"SAE-A1\",\"applicatio"
	    "n_destination_ID\":\"SAE-B1\",\"application_name\""
	    ":\"vpn\",\"number_of_keys\":100}"),
	FUZZ_TEXT("{\"application_source_ID\":\"A\",\"application_des"
	    "tination_ID\":\"B\",\"number_of_keys\":92233720368"
	    "54775807}"),
	FUZZ_TEXT("{\"application_source_ID\":\"A\",\"application_des"
	    "tination_ID\":\"\",\"application_name\":\"\\n\"}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return akfuzz(AK_SESSION_REQUEST, data, len);
}
