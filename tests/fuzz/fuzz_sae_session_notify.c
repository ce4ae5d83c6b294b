/* fuzz_sae_session_notify.c - 0x1206, Session creation notification. */
#include "tests/fuzz/saefuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"application_source_ID\":\"SAE-A\",\"application_destin"
	    "ation_ID\":\"SAE-B\",\"application_name\":\"x\\\"y\",\"se"
	    "ssion_ID\":\"" SAEFUZZ_SESSION "\",\"number_of_keys\":7}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return saefuzz(AK_SESSION_NOTIFY, data, len);
}
