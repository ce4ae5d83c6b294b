/* fuzz_frame.c - a stream of frames: each inside what came, none twice. */
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("\0\1\0\0\0\7\x11\1\0\2{}"),
	FUZZ_TEXT("\0\1\xff\xff\xff\xff\x21\1\0\0\0\1\0\0\0\1\x12\3\0\1x"),
	FUZZ_TEXT("\0\2\0\0\0\0\x11\xc0\xff\xff"),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t		header[FRAME_HEADER];
	struct frame	f;
	size_t		at = 0, n;

	while ((n = frame_parse(&f, data + at, len - at)) > 0) {
		if (n != FRAME_HEADER + (size_t)f.length || n > len - at ||
		    f.payload != data + at + FRAME_HEADER)
			abort();
		frame_header(header, f.message_id, f.command, f.length);
		if (f.version == FRAME_VERSION &&
		    memcmp(header, data + at, FRAME_HEADER) != 0)
			abort();
		at += n;
	}
	return 0;
}
