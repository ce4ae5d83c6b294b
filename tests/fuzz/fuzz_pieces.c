/* fuzz_pieces.c - lists of pieces: what decodes is walked whole, encoded same. */
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "ksa/pieces.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("\0\0\0\x40" "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\x40"),
	FUZZ_TEXT("\0\0\0\x30" "\0\0\0\0\0\0\0\1\0\0\0\x10\0\0\0\x10"
	    "\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\x20"),
	FUZZ_TEXT("\0\0\0\1" "\x7f\xff\xff\xff\xff\xff\xff\xff"
	    "\xff\xff\xff\xfe\0\0\0\1"),
	FUZZ_END
};

static void
walk(const struct pieces *p, uint64_t total)
{
	struct piece	piece;
	uint64_t	from = 0;
	uint32_t	n;

	while ((n = pieces_map(p, from, total - from, &piece)) > 0) {
		if (piece.octets != n || piece.offset + n < piece.offset)
			abort();
		from += n;
	}
	if (from != total)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pieces	*p;
	uint8_t		*out;
	uint64_t	 total;

	if (len < 4)
		return 0;
	total = get_be32(data);
	if (pieces_decode(&p, data + 4, len - 4, total) < 0)
		return 0;
	if ((out = malloc(len)) == NULL)
		abort();
	pieces_encode(p, out);
	if (p->n * PIECE_OCTETS != len - 4 || memcmp(out, data + 4, len - 4))
		abort();
	walk(p, total);
	free(out);
	free(p);
	return 0;
}
