/* fuzz_kx_notify.c - key supply notifications and their responses. */
#include <stdlib.h>
#include <string.h>

#include "relayd/kxjson.h"
#include "tests/fuzz/replay.h"

#define RID	"01234567-89ab-4def-8123-456789abcdef"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"session_ID\":\"" RID "\",\"number_of_keys\":3,"
	    "\"size_of_key\":256,\"extension\":[{\"a\":1}]}"),
	FUZZ_TEXT("{\"session_ID\":\"s\",\"key_ID\":\"k\","
	    "\"response\":\"rejected: no\"}"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t	 out[131072];
	struct kx_notify n;
	const char	*why = NULL;

	(void)kxjson_notify(&n, true, data, len, &why);
	if (kxjson_notify(&n, false, data, len, &why) == 0 &&
	    n.session[0] == '\0')
		abort();
	if (kxjson_put_notified(out, sizeof(out), n.session, "x") == 0)
		abort();
	return 0;
}
