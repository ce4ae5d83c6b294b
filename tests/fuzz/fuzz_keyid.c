/* fuzz_keyid.c - key_IDs: what parses is in range; made ones are known again. */
#include <stdlib.h>
#include <string.h>

#include "ksa/keyid.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("\x01\xa2\x01\x07\x36\x24\x70\x00\x80\x00\x6d\xeb\x76\xc3"
	    "\xc7\x47" "0123456789abcdef"),
	FUZZ_TEXT("\xff\xff\xff\xff\xff\xff\x7f\xff\xbf\xff\xff\xff\xff\xff"
	    "\xff\xff" "0123456789abcdef"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t	ids[1024][KEYID_OCTETS];
	uint64_t	serial, again;
	uint32_t	place, same;

	if (len < KEYID_OCTETS + KEYID_SEED)
		return 0;
	(void)keyid_check(data, data + KEYID_OCTETS);
	if (keyid_parse(data, &serial, &place) < 0)
		return 0;
	if (place >= 1024 || serial == 0 || serial >> 60 != 0)
		abort();
	if (keyid_make(ids, place + 1, serial, data + KEYID_OCTETS) < 0 ||
	    keyid_parse(ids[place], &again, &same) < 0 || again != serial ||
	    same != place || keyid_check(ids[place], data + KEYID_OCTETS) < 0)
		abort();
	return 0;
}
