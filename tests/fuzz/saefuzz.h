/* saefuzz.h - what the fuzz targets of a KM's messages share. */
#ifndef FUZZ_SAEFUZZ_H
#define FUZZ_SAEFUZZ_H

#include "akmsg.h"
#include "tests/fuzz/replay.h"

#define SAEFUZZ_A	"bc490419-7d60-487f-adc1-4ddcc177c139"
#define SAEFUZZ_B	"0A782FB5-3434-48FE-AA4D-14F41D46CF92"
#define SAEFUZZ_SESSION	"5f7c2c1e-93d4-4b0a-8e55-0123456789ab"
#define SAEFUZZ_KEYS	"[{\"key_ID\":\"" SAEFUZZ_A "\",\"key\":\"AAECAwQ=\"" \
			"},{\"key\":\"\\/\\u002f79\\/Ps=\",\"key_ID\":\"" \
			SAEFUZZ_B "\",\"key_extension\":{\"key\":\"AA\"}}]"

/*
 * What is refused is told why. What passes says the same to a parser that is
 * shown the keys: every member, and two keys, or any number of them where
 * nothing was asked for.
 */
int	saefuzz(enum ak_code, const uint8_t *, size_t);

#endif
