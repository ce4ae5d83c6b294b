/* keyid.c - key_IDs made and taken apart. */
#include "ksa/keyid.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <string.h>

#include "bytes.h"
#include "err.h"
#include "otp.h"

#define PLACES	1024
#define SEEDS	128		/* drawn at once: one costs as much */
#define TAG	0x000fffffffffffffULL		/* 52 bits */
#define VARIANT	0x8000000000000000ULL

uint64_t
keyid_serial(uint64_t *last, uint64_t now_ms)
{
	uint64_t	s = (now_ms & 0xffffffffffffULL) << 12;

	if (s <= *last)
		s = *last + 1;
	return *last = s;
}

int
keyid_seed(uint8_t seed[KEYID_SEED])
{
	static uint8_t	seeds[SEEDS][KEYID_SEED];	/* as in halves() */
	static unsigned	left;

	if (left == 0) {
		if (RAND_bytes(seeds[0], sizeof(seeds)) != 1)
			return -E_RANDOM;
		left = SEEDS;
	}
	memcpy(seed, seeds[--left], KEYID_SEED);
	OPENSSL_cleanse(seeds[left], KEYID_SEED);
	return 0;
}

/* The second halves of the IDs of places first..first+n-1. */
static int
halves(uint8_t (*out)[16], uint32_t first, uint32_t n,
    const uint8_t seed[KEYID_SEED])
{
	static EVP_CIPHER_CTX	*ctx;	/* only the event loop comes here */
	static uint8_t		 last[KEYID_SEED];	/* the key in ctx */
	static bool		 valid;
	int			 len = 0;

	if (ctx == NULL && (ctx = EVP_CIPHER_CTX_new()) == NULL)
		return -E_NO_MEMORY;
	for (uint32_t i = 0; i < n; i++) {
		memset(out[i], 0, 12);
		put_be32(out[i] + 12, first + i);
	}
	/* Keys of one request come together: its key schedule is kept; and
	 * to look the cipher up takes OpenSSL longer than all the rest. */
	if (!valid || memcmp(last, seed, sizeof(last)) != 0) {
		valid = EVP_EncryptInit_ex(ctx, valid ? NULL :
		    EVP_aes_128_ecb(), NULL, seed, NULL) == 1 &&
		    EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;
		memcpy(last, seed, sizeof(last));
	}
	if (!valid || EVP_EncryptUpdate(ctx, out[0], &len, out[0], (int)n * 16) != 1 ||
	    len != (int)n * 16)
		return -E_SYSTEM;
	return 0;
}

int
keyid_make(uint8_t (*ids)[KEYID_OCTETS], uint32_t n, uint64_t serial,
    const uint8_t seed[KEYID_SEED])
{
	uint64_t	head = (serial >> 12) << 16 | 0x7000 | (serial & 0xfff);
	int		r;

	if (n == 0 || n > PLACES)
		return -E_RANGE;
	if ((r = halves(ids, 0, n, seed)) < 0)
		return r;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t	tag = get_be64(ids[i]) >> 12;

		put_be64(ids[i], head);
		put_be64(ids[i] + 8, VARIANT | (uint64_t)i << 52 | tag);
	}
	return 0;
}

int
keyid_parse(const uint8_t id[KEYID_OCTETS], uint64_t *serial, uint32_t *place)
{
	uint64_t	head = get_be64(id), tail = get_be64(id + 8);

	if ((head & 0xf000) != 0x7000 || tail >> 62 != 2)
		return -E_BAD_FORMAT;
	*serial = (head >> 16) << 12 | (head & 0xfff);
	*place = (uint32_t)(tail >> 52) & (PLACES - 1);
	return *serial == 0 ? -E_BAD_FORMAT : 0;
}

int
keyid_check(const uint8_t id[KEYID_OCTETS], const uint8_t seed[KEYID_SEED])
{
	uint8_t		out[1][16], want[8];
	uint64_t	tail = get_be64(id + 8);
	int		r;

	if ((r = halves(out, (uint32_t)(tail >> 52) & (PLACES - 1), 1,
	    seed)) < 0)
		return r;
	put_be64(want, (tail & ~TAG) | get_be64(out[0]) >> 12);
	return mac_check(want, id + 8, 8);
}
