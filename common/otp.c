/* otp.c - one-time pads, Poly1305 as a one-time MAC, HMAC-SHA-256. */
#include "otp.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>

#include "err.h"

static pthread_once_t	once = PTHREAD_ONCE_INIT;
static EVP_MAC		*poly1305, *hmac;	/* fetching them is slow */

static void
fetch(void)
{
	poly1305 = EVP_MAC_fetch(NULL, "POLY1305", NULL);
	hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
}

void
otp_apply(uint8_t *data, uint8_t *pad, size_t octets)
{
	for (size_t i = 0; i < octets; i++)
		data[i] ^= pad[i];
	OPENSSL_cleanse(pad, octets);
}

static int
update_fields(EVP_MAC_CTX *ctx, const struct mac_field *f, size_t nfields)
{
	uint8_t	len[4];

	for (size_t i = 0; i < nfields; i++) {
		if (f[i].len > UINT32_MAX)
			return -E_MAC;
		for (int k = 0; k < 4; k++)
			len[k] = (uint8_t)(f[i].len >> (24 - 8 * k));
		if (EVP_MAC_update(ctx, len, sizeof(len)) != 1 ||
		    (f[i].len > 0 &&
		    EVP_MAC_update(ctx, f[i].p, f[i].len) != 1))
			return -E_MAC;
	}
	return 0;
}

/*
 * A context for each call: its parts that hold the key are wiped by
 * OpenSSL when it finishes (Poly1305) or is freed (HMAC).
 */
static int
mac_fields(EVP_MAC *mac, const OSSL_PARAM *params, uint8_t *tag, size_t taglen,
    const uint8_t *key, const struct mac_field *f, size_t nfields)
{
	EVP_MAC_CTX	*ctx = NULL;
	size_t		 len = 0;
	int		 r = -E_MAC;

	if (mac == NULL || (ctx = EVP_MAC_CTX_new(mac)) == NULL ||
	    EVP_MAC_init(ctx, key, 32, params) != 1)
		goto out;
	r = update_fields(ctx, f, nfields);
	/* Also after a failure: finishing wipes. */
	if (EVP_MAC_final(ctx, tag, &len, taglen) != 1 || len != taglen)
		r = -E_MAC;
out:
	EVP_MAC_CTX_free(ctx);
	if (r < 0)
		OPENSSL_cleanse(tag, taglen);
	return r;
}

int
otp_mac(uint8_t tag[OTP_MAC], uint8_t key[OTP_MAC_KEY],
    const struct mac_field *f, size_t nfields)
{
	int	r;

	pthread_once(&once, fetch);
	r = mac_fields(poly1305, NULL, tag, OTP_MAC, key, f, nfields);
	OPENSSL_cleanse(key, OTP_MAC_KEY);
	return r;
}

int
hmac_fields(uint8_t tag[32], const uint8_t key[32], const struct mac_field *f,
    size_t nfields)
{
	char		name[] = "SHA256";
	OSSL_PARAM	params[2] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name,
		    0),
		OSSL_PARAM_construct_end()
	};

	pthread_once(&once, fetch);
	return mac_fields(hmac, params, tag, 32, key, f, nfields);
}

int
mac_check(const uint8_t *a, const uint8_t *b, size_t octets)
{
	return CRYPTO_memcmp(a, b, octets) == 0 ? 0 : -E_MAC;
}
