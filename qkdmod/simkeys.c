#include "config.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "secret.h"
#include "simkeys.h"

struct simkeys {
	EVP_CIPHER_CTX	*ctx;		/* AES-256-CTR, keyed for the link */
};

/* A seed that serves two links by mistake still gives them other keys. */
static int
link_key(uint8_t key[SEAL_KEY], const uint8_t seed[SEAL_KEY],
    const char *link)
{
	const struct mac_field	f[] = {
		MAC_STR("qkdnode simulated link"), MAC_STR(link)
	};

	return hmac_fields(key, seed, f, 2);
}

int
simkeys_new(struct simkeys **out, const uint8_t seed[SEAL_KEY],
    const char *link)
{
	struct simkeys	*k;
	uint8_t		*key = NULL;
	int		 r = -E_NO_MEMORY;

	if ((k = calloc(1, sizeof(*k))) == NULL ||
	    (key = secure_calloc(SEAL_KEY)) == NULL ||
	    (k->ctx = EVP_CIPHER_CTX_new()) == NULL)
		goto out;
	if ((r = link_key(key, seed, link)) < 0)
		goto out;
	if (EVP_EncryptInit_ex(k->ctx, EVP_aes_256_ctr(), NULL, key,
	    NULL) != 1)
		r = -E_RANDOM;
out:
	secure_free(key, SEAL_KEY);
	if (r < 0)
		simkeys_free(&k);
	*out = k;
	return r;
}

static void
put_u64(uint8_t out[8], uint64_t v)
{
	for (int i = 7; i >= 0; i--, v >>= 8)
		out[i] = v & 0xff;
}

/* The index is the upper half of the counter block: streams never meet. */
int
simkeys_block(struct simkeys *k, uint64_t index, uint8_t *out, size_t octets)
{
	uint8_t	iv[16] = { 0 };
	int	n;

	put_u64(iv, index);
	memset(out, 0, octets);
	if (EVP_EncryptInit_ex(k->ctx, NULL, NULL, NULL, iv) != 1 ||
	    EVP_EncryptUpdate(k->ctx, out, &n, out, (int)octets) != 1)
		return -E_RANDOM;
	return 0;
}

/*
 * Three bits whose places walk through the block with the index: sometimes
 * in the octets that key a check, mostly in those that it covers.
 */
void
simkeys_disturb(uint64_t index, uint8_t *block, size_t octets)
{
	uint64_t	x = index * 0x9e3779b97f4a7c15u;

	block[index % octets] ^= 0x01;
	block[(x >> 16) % octets] ^= 0x02;
	block[(x >> 40) % octets] ^= 0x04;
}

void
simkeys_free(struct simkeys **k)
{
	if (*k == NULL)
		return;
	EVP_CIPHER_CTX_free((*k)->ctx);		/* wipes */
	free(*k);
	*k = NULL;
}
