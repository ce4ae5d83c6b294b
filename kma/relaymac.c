/* relaymac.c - what the MACs of key relay cover. */
#include "kma/relaymac.h"

#include <string.h>

#include "bytes.h"

int
relaymac_hop(uint8_t tag[OTP_MAC], const uint8_t *key, const char *from,
    const char *to, const struct relay_names *n)
{
	uint8_t			once[OTP_MAC_KEY], block[8], pad[8];
	struct mac_field	f[] = { MAC_STR("relay"), MAC_STR(from),
	    MAC_STR(to), MAC_STR(n->route), MAC_STR(n->request),
	    { block, 8 }, { pad, 8 }, { n->text.p, n->text.len } };

	put_be64(block, n->block);
	put_be64(pad, n->pad);
	memcpy(once, key, sizeof(once));
	return otp_mac(tag, once, f, sizeof(f) / sizeof(f[0]));
}

int
relaymac_done(uint8_t tag[OTP_MAC], const uint8_t *key,
    const struct relay_names *n, const char *response)
{
	uint8_t			once[OTP_MAC_KEY], block[8];
	struct mac_field	f[] = { MAC_STR("done"), MAC_STR(n->route),
	    MAC_STR(n->request), { block, 8 }, MAC_STR(response) };

	put_be64(block, n->block);
	memcpy(once, key, sizeof(once));
	return otp_mac(tag, once, f, sizeof(f) / sizeof(f[0]));
}
