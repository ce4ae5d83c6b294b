/*
 * simkeys.h - what the two ends of a simulated link have in common: block
 * `index` is a function of a shared seed and the link's name. Whoever knows
 * the seed knows every key, so this is for tests only.
 */
#ifndef QKDMOD_SIMKEYS_H
#define QKDMOD_SIMKEYS_H

#include <stddef.h>
#include <stdint.h>

#include "otp.h"
#include "seal.h"

struct simkeys;

int	simkeys_new(struct simkeys **, const uint8_t seed[SEAL_KEY],
	    const char *link);
int	simkeys_block(struct simkeys *, uint64_t index, uint8_t *out,
	    size_t octets);
/* What a noisy channel does to a block: at least one bit differs. */
#define SIMKEYS_DISTURBED	3	/* bits of a block */
void	simkeys_disturb(uint64_t index, uint8_t *block, size_t octets);
void	simkeys_free(struct simkeys **);

#endif
