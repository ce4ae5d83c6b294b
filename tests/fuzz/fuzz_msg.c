/* fuzz_msg.c - messages: what decodes is encoded to the same meaning. */
#include <stdlib.h>
#include <string.h>

#include "msg.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("\x96\1\1\7\0\5\x0a"),
	FUZZ_TEXT("\x96\3\1\xcf\0\0\0\0\0\0\0\1\0\xa5KME-B\x2a"),
	FUZZ_TEXT("\x96\6\2\1\0\1\xc4\4keys"),
	FUZZ_TEXT("\x94\6\2\1\x10"),
	FUZZ_TEXT("\x9b\x0b\0\0\0\xa5KME-B\xab" "KME-A,KME-B\xd9\x24"
	    "0123abcd-89ef-4fed-8cba-0011223344ff\1\2\xc4\2mm\xc4\3txt"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct msgbuf	a = { 0 }, b = { 0 };
	struct msg	m;
	size_t		used, again;

	if (secret_init(1 << 22) < 0)
		abort();
	if (msg_decode(&m, data, len, &used) < 0)
		return 0;
	if (used > len || msg_encode(&a, &m) < 0)
		abort();
	msg_wipe(&m);
	/* The second round is the canonical form. */
	if (msg_decode(&m, a.p, a.len, &again) < 0 || again != a.len ||
	    msg_encode(&b, &m) < 0 || a.len != b.len ||
	    memcmp(a.p, b.p, a.len) != 0)
		abort();
	msg_wipe(&m);
	msgbuf_free(&a);
	msgbuf_free(&b);
	return 0;
}
