/* base64.c - strict RFC 4648. No branch or table look-up by a key's bits. */
#include "base64.h"

#include <endian.h>
#include <openssl/crypto.h>
#include <stdbool.h>
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

#define ALL(x)	((uint64_t)(x) * 0x0101010101010101)

/* The upper 48 bits to eight sextets. */
static uint64_t
spread(uint64_t w)
{
	w >>= 16;
	w = (w << 8 & 0x00ffffff00000000) | (w & 0x0000000000ffffff);
	w = (w << 4 & 0x0fff00000fff0000) | (w & 0x00000fff00000fff);
	return (w << 2 & 0x3f003f003f003f00) | (w & 0x003f003f003f003f);
}

/* 1 in each octet of v, all below 128, that is above the limit. */
static uint64_t
above(uint64_t v, unsigned limit)
{
	return (v + ALL(127 - limit)) >> 7 & ALL(1);
}

/* As to_chars(), in one register: no octet over- or underflows. */
static uint64_t
eight_chars(uint64_t w)
{
	uint64_t	v = spread(w);

	return htobe64(v + ALL('A') + above(v, 25) * ('a' - 'Z' - 1) -
	    above(v, 51) * ('z' + 1 - '0') - above(v, 61) * ('9' + 1 - '+') +
	    above(v, 62) * ('/' - '+' - 1));
}

/* Six octets or less, and the padding. */
static void
encode_rest(char *out, const uint8_t *in, size_t len)
{
	uint64_t	w = 0;
	size_t		n = BASE64_LEN(len);

	memcpy(&w, in, len);
	w = eight_chars(be64toh(w));
	memcpy(out, &w, n);
	for (size_t pad = (3 - len % 3) % 3; pad > 0; pad--)
		out[n - pad] = '=';
}

/* Most keys are shorter than a block, or little longer. */
size_t
base64_encode(char *out, const uint8_t *in, size_t len)
{
	uint8_t		chars[CHARS];
	size_t		total = BASE64_LEN(len);
	bool		blocks = len >= 2 * OCTETS;
	uint64_t	w;

	for (; blocks && len >= OCTETS; len -= OCTETS, in += OCTETS) {
		split(chars, in);
		to_chars(chars);
		memcpy(out, chars, CHARS);
		out += CHARS;
	}
	if (blocks)
		OPENSSL_cleanse(chars, sizeof(chars));
	for (; len >= sizeof(w); len -= 6, in += 6, out += 8) {
		memcpy(&w, in, sizeof(w));	/* uses six of eight */
		w = eight_chars(be64toh(w));
		memcpy(out, &w, sizeof(w));
	}
	for (; len > 0; len -= w, in += w, out += BASE64_LEN(w)) {
		w = len < 6 ? len : 6;
		encode_rest(out, in, w);
	}
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
