/* fuzz_idxset.c - ranges of indices: what is accepted comes back the same. */
#include <stdlib.h>
#include <string.h>

#include "kma/idxset.h"
#include "tests/fuzz/replay.h"

#define MAX	1000

#define N(x)	"\0\0\0\0\0\0\0" x
const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT(N("\2") N("\x20")),
	FUZZ_TEXT(N("\1") N("\1") N("\5") N("\x09")),
	FUZZ_TEXT(N("\2") "\x7f\xff\xff\xff\xff\xff\xff\xfe"),
	FUZZ_TEXT("\xff\xff\xff\xff\xff\xff\xff\xfe"
	    "\xff\xff\xff\xff\xff\xff\xff\xfe"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct idxset	s = { 0 }, again = { 0 };
	uint8_t		out[4096];
	size_t		n;

	for (unsigned parity = 0; parity < 2; parity++) {
		if (idxset_parse(&s, data, len, parity, MAX) < 0)
			continue;
		n = idxset_ranges(&s, parity, out, sizeof(out));
		/* Neighbouring ranges become one, so it never grows. */
		if (n > len || IDXSET_COUNT(&s) > MAX ||
		    idxset_parse(&again, out, n, parity, MAX) < 0 ||
		    (n < sizeof(out) &&
		    IDXSET_COUNT(&again) != IDXSET_COUNT(&s)))
			abort();
		IDXSET_FOREACH(&again, p)
			if (*p % 2 != parity || !idxset_has(&s, *p))
				abort();
	}
	if (s.room > 4 * MAX)
		abort();
	idxset_free(&s);
	idxset_free(&again);
	return 0;
}
