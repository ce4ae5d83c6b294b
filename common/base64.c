/* base64.c - strict RFC 4648. No branch or table look-up by a key's bits. */
#include "base64.h"

#include <openssl/crypto.h>
#include <string.h>

#include "err.h"

/*
 * Whole blocks are translated in loops of fixed length over octets, which
 * compilers turn into vector instructions.
 */
#define OCTETS	48
#define CHARS	64
#define BAD	0x80		/* in place of a sextet */

/* All ones where a > b. */
#define ABOVE(a, b)	((uint8_t)-((a) > (b)))
#define WITHIN(c, a, z)	(ABOVE(c, (a) - 1) & ABOVE((z) + 1, c))

static void
to_chars(uint8_t *p)
{
	for (int i = 0; i < CHARS; i++) {
		uint8_t	v = p[i], c = (uint8_t)(v + 'A');

		c = (uint8_t)(c + (ABOVE(v, 25) & ('a' - 'Z' - 1)));
		c = (uint8_t)(c - (ABOVE(v, 51) & ('z' + 1 - '0')));
		c = (uint8_t)(c - (ABOVE(v, 61) & ('9' + 1 - '+')));
		c = (uint8_t)(c + (ABOVE(v, 62) & ('/' - '+' - 1)));
		p[i] = c;
	}
}

/* Returns BAD if any is none of the alphabet. */
static uint8_t
to_sextets(uint8_t *p)
{
	uint8_t	bad = 0;

	for (int i = 0; i < CHARS; i++) {
		uint8_t	c = p[i], v = BAD;

		v ^= WITHIN(c, 'A', 'Z') & ((uint8_t)(c - 'A') ^ BAD);
		v ^= WITHIN(c, 'a', 'z') & ((uint8_t)(c - 'a' + 26) ^ BAD);
		v ^= WITHIN(c, '0', '9') & ((uint8_t)(c - '0' + 52) ^ BAD);
		v ^= WITHIN(c, '+', '+') & (62 ^ BAD);
		v ^= WITHIN(c, '/', '/') & (63 ^ BAD);
		bad |= v;
		p[i] = v;
	}
	return bad & BAD;
}

static void
split(uint8_t out[CHARS], const uint8_t in[OCTETS])
{
	for (int i = 0; i < OCTETS / 3; i++, in += 3, out += 4) {
		out[0] = in[0] >> 2;
		out[1] = (uint8_t)((in[0] << 4 | in[1] >> 4) & 63);
		out[2] = (uint8_t)((in[1] << 2 | in[2] >> 6) & 63);
		out[3] = in[2] & 63;
	}
}

static void
join(uint8_t out[OCTETS], const uint8_t in[CHARS])
{
	for (int i = 0; i < OCTETS / 3; i++, in += 4, out += 3) {
		out[0] = (uint8_t)(in[0] << 2 | in[1] >> 4);
		out[1] = (uint8_t)(in[1] << 4 | in[2] >> 2);
		out[2] = (uint8_t)(in[2] << 6 | in[3]);
	}
}

size_t
base64_encode(char *out, const uint8_t *in, size_t len)
{
	uint8_t	octets[OCTETS] = { 0 }, chars[CHARS];
	size_t	total = BASE64_LEN(len), n;

	for (; len >= OCTETS; len -= OCTETS, in += OCTETS, out += CHARS) {
		split(chars, in);
		to_chars(chars);
		memcpy(out, chars, CHARS);
	}
	if (len > 0) {
		memcpy(octets, in, len);
		split(chars, octets);
		to_chars(chars);
		n = BASE64_LEN(len);
		memcpy(out, chars, n);
		for (size_t pad = (3 - len % 3) % 3; pad > 0; pad--)
			out[n - pad] = '=';
	}
	OPENSSL_cleanse(octets, sizeof(octets));
	OPENSSL_cleanse(chars, sizeof(chars));
	return total;
}

static size_t
padding(const char *in, size_t inlen)
{
	if (inlen == 0 || in[inlen - 1] != '=')
		return 0;
	return in[inlen - 2] == '=' ? 2 : 1;
}

int
base64_decode(uint8_t *out, size_t room, size_t *len, const char *in,
    size_t inlen)
{
	uint8_t	octets[OCTETS], chars[CHARS], bad = 0;
	size_t	pad, left, total, n;

	*len = 0;
	if (inlen % 4 != 0)
		return -E_BAD_FORMAT;
	pad = padding(in, inlen);
	total = left = inlen / 4 * 3 - pad;
	if (total > room)
		return -E_TOO_LARGE;
	for (inlen -= pad; inlen > 0; inlen -= n, in += n) {
		n = inlen < CHARS ? inlen : CHARS;
		memset(chars, 'A', CHARS);	/* padding is zeros */
		memcpy(chars, in, n);
		bad |= to_sextets(chars);
		join(octets, chars);
		n = left < OCTETS ? left : OCTETS;
		memcpy(out, octets, n);
		if (n < OCTETS)		/* stray bits behind the end */
			bad |= octets[n];
		out += n;
		left -= n;
		n = inlen < CHARS ? inlen : CHARS;
	}
	OPENSSL_cleanse(octets, sizeof(octets));
	OPENSSL_cleanse(chars, sizeof(chars));
	if (bad != 0)
		return -E_BAD_FORMAT;
	*len = total;
	return 0;
}
