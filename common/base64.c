/* base64.c - strict RFC 4648. No branch or table look-up by a key's bits. */
#include "base64.h"

#include "err.h"

/* (a - b) >> 8 is all ones where a < b, for the small numbers here. */
static char
sextet_char(int v)
{
	int	c = 'A' + v;

	c += ((25 - v) >> 8) & ('a' - 'Z' - 1);
	c += ((51 - v) >> 8) & ('0' - 'z' - 1);
	c += ((61 - v) >> 8) & ('+' - '9' - 1);
	c += ((62 - v) >> 8) & ('/' - '+' - 1);
	return (char)c;
}

/* Its value, or -1. */
static int
char_sextet(unsigned char ch)
{
	int	c = ch, v = -1;

	v += ((('A' - 1 - c) & (c - 'Z' - 1)) >> 8) & (c - 'A' + 1);
	v += ((('a' - 1 - c) & (c - 'z' - 1)) >> 8) & (c - 'a' + 27);
	v += ((('0' - 1 - c) & (c - '9' - 1)) >> 8) & (c - '0' + 53);
	v += ((('+' - 1 - c) & (c - '+' - 1)) >> 8) & 63;
	v += ((('/' - 1 - c) & (c - '/' - 1)) >> 8) & 64;
	return v;
}

static void
encode_quad(char out[4], uint32_t v)
{
	for (int i = 3; i >= 0; i--, v >>= 6)
		out[i] = sextet_char(v & 63);
}

size_t
base64_encode(char *out, const uint8_t *in, size_t len)
{
	char	*o = out;
	size_t	 i;

	for (i = 0; len - i >= 3; i += 3, o += 4)
		encode_quad(o, (uint32_t)in[i] << 16 |
		    (uint32_t)in[i + 1] << 8 | in[i + 2]);
	if (len - i == 1) {
		encode_quad(o, (uint32_t)in[i] << 16);
		o[2] = o[3] = '=';
		o += 4;
	} else if (len - i == 2) {
		encode_quad(o, (uint32_t)in[i] << 16 |
		    (uint32_t)in[i + 1] << 8);
		o[3] = '=';
		o += 4;
	}
	return (size_t)(o - out);
}

/* Four characters, of which the last `pad` are '='; negative: not base64. */
static int32_t
decode_quad(const char *in, size_t pad)
{
	int32_t	v = 0;
	int	s, bad = 0;

	for (size_t i = 0; i < 4; i++) {
		s = i < 4 - pad ? char_sextet((unsigned char)in[i]) : 0;
		bad |= s;
		v = v << 6 | (s & 63);
	}
	bad |= -(v & ((1 << 8 * pad) - 1));	/* stray bits */
	return bad < 0 ? -1 : v;
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
	size_t	pad, octets, at = 0;
	int32_t	v, bad = 0;

	*len = 0;
	if (inlen % 4 != 0)
		return -E_BAD_FORMAT;
	pad = padding(in, inlen);
	octets = inlen / 4 * 3 - pad;
	if (octets > room)
		return -E_TOO_LARGE;
	for (size_t i = 0; i < inlen; i += 4) {
		v = decode_quad(in + i, i + 4 == inlen ? pad : 0);
		bad |= v;
		for (int shift = 16; shift >= 0 && at < octets; shift -= 8)
			out[at++] = (uint8_t)(v >> shift);
	}
	if (bad < 0)
		return -E_BAD_FORMAT;
	*len = octets;
	return 0;
}
