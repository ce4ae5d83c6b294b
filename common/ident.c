/* ident.c - the names that travel: checked once, here, by pure functions. */
#include "ident.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "err.h"

static bool
km_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '.' || c == '_' || c == ':' ||
	    c == '-';
}

bool
km_id_valid(const char *s, size_t len)
{
	if (len == 0 || len > KM_ID_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!km_char(s[i]))
			return false;
	return true;
}

/* One UTF-8 character; its octets, or 0 if it is malformed (RFC 3629). */
static size_t
utf8_next(const unsigned char *s, size_t len, uint32_t *c)
{
	static const uint32_t	least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t			n;

	n = s[0] < 0x80 ? 1 : (s[0] & 0xe0) == 0xc0 ? 2 :
	    (s[0] & 0xf0) == 0xe0 ? 3 : (s[0] & 0xf8) == 0xf0 ? 4 : 0;
	if (n == 0 || n > len)
		return 0;
	*c = n == 1 ? s[0] : s[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	if (*c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return n;
}

/* Controls, and the separators that some programs take for a new line. */
static bool
printable(uint32_t c)
{
	return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && c != 0x2028 &&
	    c != 0x2029;
}

bool
sae_id_valid(const char *s, size_t len)
{
	const unsigned char	*p = (const unsigned char *)s;
	uint32_t		 c = 0;

	if (len == 0 || len > SAE_ID_MAX)
		return false;
	for (size_t i = 0, n; i < len; i += n)
		if ((n = utf8_next(p + i, len - i, &c)) == 0 || !printable(c))
			return false;
	return true;
}

int
route_parse(struct route *r, const char *text)
{
	const char	*p = text;
	size_t		 len;

	r->n = 0;
	if (strnlen(text, ROUTE_MAX + 1) > ROUTE_MAX)
		return -E_BAD_FORMAT;
	for (;;) {
		len = strcspn(p, ",");
		if (!km_id_valid(p, len) || r->n == ROUTE_HOPS_MAX)
			break;
		memcpy(r->km[r->n], p, len);
		r->km[r->n][len] = '\0';
		if (route_find(r, r->km[r->n]) >= 0)
			break;
		r->n++;
		if (p[len] == '\0')
			return 0;
		p += len + 1;
	}
	r->n = 0;
	return -E_BAD_FORMAT;
}

void
route_print(const struct route *r, route_text out)
{
	size_t	at = 0, len;

	for (unsigned i = 0; i < r->n; i++) {
		len = strlen(r->km[i]);
		if (at + len + 1 > ROUTE_MAX)
			break;
		if (i > 0)
			out[at++] = ',';
		memcpy(out + at, r->km[i], len);
		at += len;
	}
	out[at] = '\0';
}

void
route_reverse(struct route *r)
{
	km_id	tmp;

	for (unsigned i = 0, j = r->n; i + 1 < j; i++) {
		j--;
		memcpy(tmp, r->km[i], sizeof(tmp));
		memcpy(r->km[i], r->km[j], sizeof(tmp));
		memcpy(r->km[j], tmp, sizeof(tmp));
	}
}

int
route_find(const struct route *r, const char *km)
{
	for (unsigned i = 0; i < r->n; i++)
		if (strcmp(r->km[i], km) == 0)
			return (int)i;
	return -1;
}

int
uuid_random(uuid_text out)
{
	uint8_t	raw[16];

	if (RAND_bytes(raw, sizeof(raw)) != 1) {
		out[0] = '\0';
		return -E_RANDOM;
	}
	raw[6] = (raw[6] & 0x0f) | 0x40;
	raw[8] = (raw[8] & 0x3f) | 0x80;
	uuid_print(raw, out);
	return 0;
}

/* Where the two digits of each octet stand. */
static const uint8_t	uuid_place[16] = { 0, 2, 4, 6, 9, 11, 14, 16, 19, 21,
	24, 26, 28, 30, 32, 34 };

void
uuid_print(const uint8_t in[16], uuid_text out)
{
	static const char	hex[] = "0123456789abcdef";

	for (size_t i = 0; i < 16; i++) {
		out[uuid_place[i]] = hex[in[i] >> 4];
		out[uuid_place[i] + 1] = hex[in[i] & 15];
	}
	out[8] = out[13] = out[18] = out[23] = '-';
	out[UUID_TEXT] = '\0';
}

/* A digit's value and 16; 0 for what is none. */
static const uint8_t	digit[256] = {
	['0'] = 16, ['1'] = 17, ['2'] = 18, ['3'] = 19, ['4'] = 20,
	['5'] = 21, ['6'] = 22, ['7'] = 23, ['8'] = 24, ['9'] = 25,
	['a'] = 26, ['b'] = 27, ['c'] = 28, ['d'] = 29, ['e'] = 30, ['f'] = 31,
	['A'] = 26, ['B'] = 27, ['C'] = 28, ['D'] = 29, ['E'] = 30, ['F'] = 31,
};

int
uuid_parse(const char *text, size_t len, uint8_t out[16])
{
	const uint8_t	*p = (const uint8_t *)text;
	unsigned	 hi, lo, good = 16;

	if (len != UUID_TEXT || p[8] != '-' || p[13] != '-' ||
	    p[18] != '-' || p[23] != '-')
		return -E_BAD_FORMAT;
	for (size_t i = 0; i < 16; i++) {
		hi = digit[p[uuid_place[i]]];
		lo = digit[p[uuid_place[i] + 1]];
		good &= hi & lo;
		out[i] = (uint8_t)((hi & 15) << 4 | (lo & 15));
	}
	return good != 0 ? 0 : -E_BAD_FORMAT;
}

static uint64_t
clock_ms(clockid_t id)
{
	struct timespec	ts;

	clock_gettime(id, &ts);		/* cannot fail for these clocks */
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t
now_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

uint64_t
mono_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

uint64_t
serial_next(uint64_t *last, uint64_t floor)
{
	uint64_t	s = now_ms() << 20;

	if (s <= *last)
		s = *last + 1;
	if (s <= floor)
		s = floor + 1;
	return *last = s;
}
