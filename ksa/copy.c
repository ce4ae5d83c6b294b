/* copy.c - what the MAC of a copy covers; putting its parts together. */
#include "ksa/copy.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "err.h"

int
copy_mac(uint8_t mac[OTP_MAC], uint8_t key[OTP_MAC_KEY],
    const struct copy_way *way, const struct binding *b,
    const struct pieces *pieces)
{
	size_t		 len = pieces->n * PIECE_OCTETS;
	uint8_t		 numbers[16], *where = malloc(len);
	struct mac_field f[] = { MAC_STR("copy"), MAC_STR(way->source),
	    MAC_STR(way->destination), { numbers, sizeof(numbers) },
	    MAC_STR(b->master), MAC_STR(b->slaves),
	    { b->seed, KEYID_SEED }, { where, len },
	    { b->copy, binding_size(b) } };
	int		 r;

	if (where == NULL) {
		OPENSSL_cleanse(key, OTP_MAC_KEY);
		return -E_NO_MEMORY;
	}
	put_be64(numbers, b->request);
	put_be32(numbers + 8, b->keys);
	put_be32(numbers + 12, b->octets);
	pieces_encode(pieces, where);
	r = otp_mac(mac, key, f, sizeof(f) / sizeof(f[0]));
	free(where);
	return r;
}

/* ---- parts ---- */

void
copy_parts_free(struct copy_parts *c)
{
	free(c->p);
	*c = (struct copy_parts){ NULL, 0, 0, 0 };
}

/* It is ciphertext: realloc() may leave some behind. */
static int
make_room(struct copy_parts *c, size_t len)
{
	uint32_t	 room = c->room == 0 ? 16384 : c->room;
	uint8_t		*p;

	while (room - c->len < len)
		room *= 2;
	if (room == c->room)
		return 0;
	if ((p = realloc(c->p, room)) == NULL)
		return -E_NO_MEMORY;
	c->p = p;
	c->room = room;
	return 0;
}

int
copy_part(struct copy_parts *c, uint64_t request, uint64_t offset,
    const uint8_t *p, size_t len)
{
	int	r = 0;

	if (offset == 0) {
		copy_parts_free(c);
		c->request = request;
	}
	if (request != c->request || offset != c->len || len == 0 ||
	    len > BINDING_OCTETS_MAX - c->len)
		r = -E_BAD_FORMAT;
	else
		r = make_room(c, len);
	if (r < 0) {
		copy_parts_free(c);
		return r;
	}
	memcpy(c->p + c->len, p, len);
	c->len += (uint32_t)len;
	return 0;
}

uint8_t *
copy_parts_take(struct copy_parts *c, uint64_t request, uint32_t octets)
{
	uint8_t	*p = NULL;

	if (c->request == request && c->len == octets) {
		p = c->p;
		c->p = NULL;
	}
	copy_parts_free(c);
	return p;
}
