/* agree.c - the check of one link key block, and its lists on the wire. */
#include "kma/agree.h"

#include <string.h>

#include "block.h"
#include "bytes.h"
#include "err.h"

static int
one_tag(uint8_t tag[OTP_MAC], const char *what, const char *link,
    uint64_t idx, const uint8_t *block, size_t octets, size_t key_at)
{
	uint8_t			key[OTP_MAC_KEY], n[8];
	struct mac_field	f[] = { MAC_STR(what), MAC_STR(link),
	    { n, sizeof(n) }, { block + LINK_MAC, octets - LINK_MAC } };

	put_be64(n, idx);
	memcpy(key, block + key_at, sizeof(key));
	return otp_mac(tag, key, f, 4);		/* wipes key */
}

int
agree_check(struct block_check *c, const char *link, uint64_t idx,
    const uint8_t *block, size_t octets)
{
	int	r;

	if ((r = one_tag(c->out, "offer", link, idx, block, octets,
	    LINK_CHECK_OUT)) < 0)
		return r;
	return one_tag(c->back, "accept", link, idx, block, octets,
	    LINK_CHECK_BACK);
}

void
agree_put_offer(uint8_t *out, size_t *len, uint64_t idx,
    const uint8_t tag[OTP_MAC])
{
	put_be64(out + *len, idx);
	memcpy(out + *len + 8, tag, OTP_MAC);
	*len += OFFER_ITEM;
}

void
agree_put_answer(uint8_t *out, size_t *len, uint64_t idx, enum verdict v,
    const uint8_t tag[OTP_MAC])
{
	static const uint8_t	none[OTP_MAC];

	put_be64(out + *len, idx);
	out[*len + 8] = (uint8_t)v;
	memcpy(out + *len + 9, tag != NULL ? tag : none, OTP_MAC);
	*len += ANSWER_ITEM;
}

int
agree_get(const uint8_t *p, size_t len, size_t item, size_t i, uint64_t first,
    uint64_t last, struct agree_item *out)
{
	const uint8_t	*at = p + i * item;

	if (len % item != 0 || len / item > OFFER_MAX)
		return -E_BAD_FORMAT;
	if (i >= len / item)
		return 0;
	out->idx = get_be64(at);
	if (out->idx == 0 || out->idx < first || out->idx > last ||
	    (i > 0 && get_be64(at - item) >= out->idx))
		return -E_BAD_FORMAT;
	out->verdict = VERDICT_ACCEPTED;
	at += 8;
	if (item == ANSWER_ITEM) {
		if (*at >= VERDICT_MAX)
			return -E_BAD_FORMAT;
		out->verdict = (enum verdict)*at++;
	}
	memcpy(out->tag, at, OTP_MAC);
	return 1;
}
