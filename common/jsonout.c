/* jsonout.c - append-only JSON writer. */
#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "jsonout.h"

void
jsonout_raw(struct jsonout *o, const char *text, size_t len)
{
	if (o->len < o->room)
		memcpy(o->p + o->len, text,
		    len < o->room - o->len ? len : o->room - o->len);
	o->len += len;
}

/* Octets of the UTF-8 character at p, 0 if there is none. RFC 3629. */
static size_t
utf8_len(const unsigned char *p)
{
	size_t	n = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 :
	    (*p & 0xf0) == 0xe0 ? 3 : *p >= 0xf0 && *p < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

static void
escape(struct jsonout *o, unsigned char c)
{
	char	text[8];

	if (c == '"' || c == '\\')
		snprintf(text, sizeof(text), "\\%c", c);
	else
		snprintf(text, sizeof(text), "\\u%04x", c);
	jsonout_raw(o, text, strlen(text));
}

void
jsonout_string(struct jsonout *o, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t	 n;

	jsonout_text(o, "\"");
	for (; *p != '\0'; p += n) {
		if ((n = utf8_len(p)) == 0) {
			jsonout_text(o, "?");
			n = 1;
		} else if (*p < 0x20 || *p == '"' || *p == '\\' || *p == 0x7f)
			escape(o, *p);
		else
			jsonout_raw(o, (const char *)p, n);
	}
	jsonout_text(o, "\"");
}

void
jsonout_uint(struct jsonout *o, uint64_t v)
{
	char	digits[20];
	size_t	n = sizeof(digits);

	do
		digits[--n] = '0' + v % 10;
	while ((v /= 10) > 0);
	jsonout_raw(o, digits + n, sizeof(digits) - n);
}

void
jsonout_u64(struct jsonout *o, uint64_t v)
{
	jsonout_text(o, "\"");
	jsonout_uint(o, v);
	jsonout_text(o, "\"");
}

void
jsonout_base64(struct jsonout *o, const uint8_t *data, size_t len)
{
	jsonout_text(o, "\"");
	if (o->len <= o->room && BASE64_LEN(len) <= o->room - o->len)
		base64_encode(o->p + o->len, data, len);
	o->len += BASE64_LEN(len);
	jsonout_text(o, "\"");
}

size_t
jsonout_end(const struct jsonout *o)
{
	return o->len <= o->room ? o->len : 0;
}

void
jsonout_tree(struct jsonout *o, const json_t *tree)
{
	size_t	room = o->len < o->room ? o->room - o->len : 0;

	o->len += json_dumpb(tree, room > 0 ? o->p + o->len : NULL, room,
	    JSON_COMPACT | JSON_ENCODE_ANY);
}
