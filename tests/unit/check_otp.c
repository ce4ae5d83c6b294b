/* One-time pads and MACs. */
#include "config.h"

#include <openssl/evp.h>
#include <string.h>

#include "err.h"
#include "otp.h"
#include "unit.h"

/* RFC 8439, 2.5.2. */
static const uint8_t	rfc_key[32] = {
	0x85, 0xd6, 0xbe, 0x78, 0x57, 0x55, 0x6d, 0x33, 0x7f, 0x44, 0x52,
	0xfe, 0x42, 0xd5, 0x06, 0xa8, 0x01, 0x03, 0x80, 0x8a, 0xfb, 0x0d,
	0xb2, 0xfd, 0x4a, 0xbf, 0xf6, 0xaf, 0x41, 0x49, 0xf5, 0x1b };
static const uint8_t	rfc_tag[16] = {
	0xa8, 0x06, 0x1d, 0xc1, 0x30, 0x51, 0x36, 0xc6, 0xc2, 0x2b, 0x8b,
	0xaf, 0x0c, 0x01, 0x27, 0xa9 };
static const char	rfc_text[] = "Cryptographic Forum Research Group";

static void
poly1305(uint8_t tag[16], const uint8_t key[32], const void *p, size_t len)
{
	EVP_MAC		*mac = EVP_MAC_fetch(NULL, "POLY1305", NULL);
	EVP_MAC_CTX	*ctx = EVP_MAC_CTX_new(mac);
	size_t		 n;

	ck_assert_int_eq(EVP_MAC_init(ctx, key, 32, NULL), 1);
	ck_assert_int_eq(EVP_MAC_update(ctx, p, len), 1);
	ck_assert_int_eq(EVP_MAC_final(ctx, tag, &n, 16), 1);
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
}

START_TEST(the_mac_is_poly1305_of_length_prefixed_fields)
{
	/* The vector's own text, to be sure which Poly1305 this is ... */
	uint8_t			key[32], tag[16], expected[16];
	static const uint8_t	encoded[] = "\0\0\0\2ab\0\0\0\0\0\0\0\3cde";
	const struct mac_field	f[] = { MAC_STR("ab"), { NULL, 0 },
		MAC_STR("cde") };

	poly1305(tag, rfc_key, rfc_text, strlen(rfc_text));
	ck_assert_mem_eq(tag, rfc_tag, 16);
	/* ... and then our encoding. */
	poly1305(expected, rfc_key, encoded, sizeof(encoded) - 1);
	memcpy(key, rfc_key, 32);
	ck_assert_int_eq(otp_mac(tag, key, f, 3), 0);
	ck_assert_mem_eq(tag, expected, 16);
}
END_TEST

START_TEST(a_mac_key_is_gone_after_one_use)
{
	static const uint8_t	zero[32];
	const struct mac_field	f = MAC_STR(rfc_text);
	uint8_t			key[32], tag[16];

	memcpy(key, rfc_key, 32);
	ck_assert_int_eq(otp_mac(tag, key, &f, 1), 0);
	ck_assert_mem_eq(key, zero, 32);
}
END_TEST

START_TEST(fields_cannot_be_shifted)
{
	const struct mac_field	a[] = { MAC_STR("ab"), MAC_STR("c") };
	const struct mac_field	b[] = { MAC_STR("a"), MAC_STR("bc") };
	uint8_t			key[32], t1[32], t2[32];

	memcpy(key, rfc_key, 32);
	otp_mac(t1, key, a, 2);
	memcpy(key, rfc_key, 32);
	otp_mac(t2, key, b, 2);
	ck_assert_int_eq(mac_check(t1, t2, OTP_MAC), -E_MAC);
	ck_assert_int_eq(hmac_fields(t1, rfc_key, a, 2), 0);
	ck_assert_int_eq(hmac_fields(t2, rfc_key, b, 2), 0);
	ck_assert_int_eq(mac_check(t1, t2, 32), -E_MAC);
	ck_assert_int_eq(hmac_fields(t2, rfc_key, a, 2), 0);
	ck_assert_int_eq(mac_check(t1, t2, 32), 0);
}
END_TEST

START_TEST(the_hmac_is_hmac_sha256)
{
	static const uint8_t	encoded[] = "\0\0\0\2ab";
	const struct mac_field	f = MAC_STR("ab");
	uint8_t			tag[32], expected[32];
	size_t			n;

	ck_assert_int_eq(hmac_fields(tag, rfc_key, &f, 1), 0);
	ck_assert_ptr_nonnull(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL,
	    rfc_key, 32, encoded, sizeof(encoded) - 1, expected, 32, &n));
	ck_assert_mem_eq(tag, expected, 32);
}
END_TEST

START_TEST(a_pad_is_spent_by_its_use)
{
	uint8_t			data[5] = "hallo", pad[5] = { 1, 2, 3, 4, 5 };
	uint8_t			again[5] = { 1, 2, 3, 4, 5 };
	static const uint8_t	zero[5];

	otp_apply(data, pad, 5);
	ck_assert_mem_eq(pad, zero, 5);
	ck_assert_mem_ne(data, "hallo", 5);
	otp_apply(data, again, 5);
	ck_assert_mem_eq(data, "hallo", 5);
}
END_TEST

UNIT_MAIN("otp", the_mac_is_poly1305_of_length_prefixed_fields,
    a_mac_key_is_gone_after_one_use, fields_cannot_be_shifted,
    the_hmac_is_hmac_sha256, a_pad_is_spent_by_its_use)
