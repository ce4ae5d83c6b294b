/* confirm.c - the tags that confirm a pool block. */
#include "ksa/confirm.h"

#include <string.h>

#include "block.h"
#include "bytes.h"
#include "ksa/blocks.h"

static int
tag(uint8_t out[OTP_MAC], const char *what, const uint8_t *pool, size_t octets,
    size_t key_at, const char *source, const char *destination, uint64_t block)
{
	uint8_t			 name[8], key[OTP_MAC_KEY];
	struct mac_field	 f[] = { MAC_STR(what), MAC_STR(source),
	    MAC_STR(destination), { name, sizeof(name) },
	    { pool + POOL_CONTROL, octets - POOL_CONTROL } };

	put_be64(name, block);
	memcpy(key, pool + key_at, sizeof(key));
	return otp_mac(out, key, f, sizeof(f) / sizeof(f[0]));
}

int
confirm_tags(struct confirm_tags *t, const uint8_t *pool, size_t octets,
    const char *source, const char *destination, uint64_t block)
{
	int	r;

	if ((r = blocks_check_size(octets)) < 0)
		return r;
	if ((r = tag(t->out, "confirm", pool, octets, POOL_CHECK_OUT, source,
	    destination, block)) < 0)
		return r;
	return tag(t->back, "confirmed", pool, octets, POOL_CHECK_BACK, source,
	    destination, block);
}
