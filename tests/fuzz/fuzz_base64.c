/* fuzz_base64.c - what is accepted is what the encoder would have written. */
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT(""), FUZZ_TEXT("Zg=="), FUZZ_TEXT("Zm8="),
	FUZZ_TEXT("Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm8="),
	FUZZ_TEXT("+/+/AAAA////"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t	 room = len / 4 * 3, n;
	uint8_t	*out = malloc(room + 1);
	char	*again = malloc(len + 1);

	if (out == NULL || again == NULL)
		abort();
	if (base64_decode(out, room, &n, (const char *)data, len) == 0 &&
	    (n > room || base64_encode(again, out, n) != len ||
	    memcmp(again, data, len) != 0))
		abort();
	if (base64_decode(out, 4, &n, (const char *)data, len) == 0 && n > 4)
		abort();
	free(out);
	free(again);
	return 0;
}
