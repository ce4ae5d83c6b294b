/* relaymac.c - what the MACs of key relay cover. */
#include "kma/relaymac.h"

#include <string.h>

#include "bytes.h"

/* What a frame with a whole block has not. */
static size_t
part_field(uint8_t room[8], struct mac_field *f, const struct relay_names *n)
{
	put_be32(room, n->part);
	put_be32(room + 4, n->parts);
	*f = (struct mac_field){ room, 8 };
	return n->parts != 0;
}

int
relaymac_hop(uint8_t tag[OTP_MAC], const uint8_t *key, const char *from,
    const char *to, const struct relay_names *n)
{
	uint8_t			once[OTP_MAC_KEY], block[8], pad[8], part[8];
	struct mac_field	f[9] = { MAC_STR("relay"), MAC_STR(from),
	    MAC_STR(to), MAC_STR(n->route), MAC_STR(n->request),
	    { block, 8 }, { pad, 8 }, { n->text.p, n->text.len } };

	put_be64(block, n->block);
	put_be64(pad, n->pad);
	memcpy(once, key, sizeof(once));
	return otp_mac(tag, once, f, 8 + part_field(part, &f[8], n));
}

int
relaymac_done(uint8_t tag[OTP_MAC], const uint8_t *key,
    const struct relay_names *n, const char *response)
{
	uint8_t			once[OTP_MAC_KEY], block[8], part[8];
	struct mac_field	f[6] = { MAC_STR("done"), MAC_STR(n->route),
	    MAC_STR(n->request), { block, 8 }, MAC_STR(response) };

	put_be64(block, n->block);
	memcpy(once, key, sizeof(once));
	return otp_mac(tag, once, f, 5 + part_field(part, &f[5], n));
}
