/* akfuzz.h - what the fuzz targets of Q.4161's messages share. */
#ifndef FUZZ_AKFUZZ_H
#define FUZZ_AKFUZZ_H

#include "akmsg.h"
#include "tests/fuzz/replay.h"

#define AKFUZZ_KEY	"0192f0c1-7a00-7000-8000-000000000001"
#define AKFUZZ_KEY2	"0192f0c1-7a00-7000-8040-000000000002"
#define AKFUZZ_SESSION	"5f7c2c1e-93d4-4b0a-8e55-0123456789ab"

/* What is refused is told why; what is accepted is written, read again, and
 * written as before. What answers a notice of two keys is matched with it. */
int	akfuzz(enum ak_code, const uint8_t *, size_t);

#endif
