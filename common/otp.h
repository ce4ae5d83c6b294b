/*
 * otp.h - one-time pads and one-time MACs. All keys here are used once and
 * wiped by the function that used them up.
 */
#ifndef QKD_OTP_H
#define QKD_OTP_H

#include <stddef.h>
#include <stdint.h>

#define OTP_MAC_KEY	32	/* octets, fresh for every message */
#define OTP_MAC		16	/* octets of a tag */

/* data ^= pad, then the pad is wiped. */
void	otp_apply(uint8_t *data, uint8_t *pad, size_t octets);

/*
 * What a MAC covers: fields one after the other, each preceded by its length
 * in octets as 4 big-endian octets.
 */
struct mac_field { const void *p; size_t len; };
#define MAC_STR(s)	{ (s), strlen(s) }
/* Poly1305 under a one-time key, which is wiped. 0 or -E_MAC (library). */
int	otp_mac(uint8_t tag[OTP_MAC], uint8_t key[OTP_MAC_KEY],
	    const struct mac_field *, size_t nfields);
/* HMAC-SHA-256 over the same encoding, for control messages. */
int	hmac_fields(uint8_t tag[32], const uint8_t key[32],
	    const struct mac_field *, size_t nfields);
/* Constant time; 0 or -E_MAC. */
int	mac_check(const uint8_t *a, const uint8_t *b, size_t octets);

#endif
