/* kxfuzz.h - what the fuzz targets of the messages about sessions share. */
#ifndef FUZZ_KXFUZZ_H
#define FUZZ_KXFUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "relayd/kxsession.h"

#define KXFUZZ_SESSION	"5f7c2c1e-93d4-4b0a-8e55-0123456789ab"
#define KXFUZZ_KEY	"0192f0c1-7a00-7000-8000-000000000001"
#define KXFUZZ_ROUTE	"\"source_KMA_ID\":\"KME-A\"," \
	"\"destination_KMA_ID\":\"KME-C\",\"transit_KMA_IDs\":[\"KME-B\"]"

/* What is accepted is in bounds; whatever came can be answered, and the
 * answer can be read. */
int	kxfuzz(enum kx_command, const uint8_t *, size_t);

#endif
