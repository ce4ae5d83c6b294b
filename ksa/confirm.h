/*
 * confirm.h - the check that both KSAs hold the same pool block:
 * information-theoretic, keyed by the block itself.
 */
#ifndef KSA_CONFIRM_H
#define KSA_CONFIRM_H

#include <stddef.h>
#include <stdint.h>

#include "otp.h"

struct confirm_tags {
	uint8_t	out[OTP_MAC];	/* source to destination */
	uint8_t	back[OTP_MAC];	/* destination to source */
};

/* Pure. `pool` is a pool block as in block.h. */
int	confirm_tags(struct confirm_tags *, const uint8_t *pool, size_t octets,
	    const char *source, const char *destination, uint64_t block);

#endif
