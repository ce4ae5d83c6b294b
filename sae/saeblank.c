#include "saeblank.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "err.h"

struct copy {
	char	*p;
	size_t	 room, len;
};

static int
copy_add(struct copy *c, const char *p, size_t n)
{
	if (n > c->room - c->len)
		return -E_TOO_LARGE;
	if (n > 0)
		memcpy(c->p + c->len, p, n);
	c->len += n;
	return 0;
}

/* The index of the quote that ends the string from there; len: none. */
static size_t
string_end(const char *text, size_t len, size_t from)
{
	while (from < len && text[from] != '"')
		from += text[from] == '\\' ? 2 : 1;
	return from < len ? from : len;
}

static bool
is_name(const char *text, size_t len, size_t behind)
{
	while (behind < len && memchr(" \t\r\n", text[behind], 4) != NULL)
		behind++;
	return behind < len && text[behind] == ':';
}

static int
copy_string(struct copy *c, const char *text, size_t len, size_t at,
    size_t end)
{
	char	place[48];
	int	n;

	if (is_name(text, len, end + 1))
		return copy_add(c, text + at, end + 1 - at);
	n = snprintf(place, sizeof(place), "\"%zu:%zu\"", at + 1,
	    end - at - 1);
	return copy_add(c, place, (size_t)n);
}

int
saeblank(char *out, size_t room, size_t *outlen, const char *text, size_t len)
{
	struct copy	c = { out, room, 0 };
	size_t		end;
	int		r = 0;

	*outlen = 0;
	for (size_t i = 0; r == 0 && i < len; i = end + 1) {
		end = i;
		if (text[i] != '"') {
			r = copy_add(&c, text + i, 1);
			continue;
		}
		if ((end = string_end(text, len, i + 1)) == len)
			return -E_BAD_FORMAT;
		r = copy_string(&c, text, len, i, end);
	}
	*outlen = c.len;
	return r;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What "\..." at p stands for; its length goes to *used. -1: not for us. */
static int
unescape(const char *p, size_t left, size_t *used)
{
	int	hi, lo;

	*used = 2;
	if (left >= 2 && (p[1] == '/' || p[1] == '\\' || p[1] == '"'))
		return p[1];
	if (left < 6 || memcmp(p, "\\u00", 4) != 0)
		return -1;
	*used = 6;
	hi = hex_digit(p[4]);
	lo = hex_digit(p[5]);
	return hi < 0 || hi > 7 || lo < 0 ? -1 : hi * 16 + lo;
}

static bool
read_place(const char *place, size_t len, size_t *begin, size_t *n)
{
	return sscanf(place, "%zu:%zu", begin, n) == 2 && *begin >= 1 &&
	    *begin <= len && *n <= len - *begin;
}

int
saeblank_find(const char *place, char *text, size_t len, char **at,
    size_t *octets)
{
	size_t	 begin, n, used, put = 0;
	char	*s;
	int	 c;

	if (!read_place(place, len, &begin, &n))
		return -E_BAD_FORMAT;
	s = text + begin;
	for (size_t i = 0; i < n; i += used, put++) {
		used = 1;
		c = (unsigned char)s[i];
		if (c == '\\' && (c = unescape(s + i, n - i, &used)) < 0)
			return -E_BAD_FORMAT;
		s[put] = (char)c;
	}
	*at = s;
	*octets = put;
	return 0;
}

static json_t *
restore_string(json_t *place, const char *text, size_t len)
{
	size_t	begin, n;

	if (!read_place(json_string_value(place), len, &begin, &n) ||
	    n == len - begin)
		return NULL;
	/* With its quotes: then the parser checks and undoes the escapes. */
	return json_loadb(text + begin - 1, n + 2, JSON_DECODE_ANY, NULL);
}

static json_t *
restore_array(json_t *from, const char *text, size_t len)
{
	json_t	*to = json_array(), *value;
	size_t	 i;

	json_array_foreach(from, i, value)
		if (json_array_append_new(to, saeblank_restore(value, text,
		    len)) < 0) {
			json_decref(to);
			return NULL;
		}
	return to;
}

static json_t *
restore_object(json_t *from, const char *text, size_t len)
{
	json_t		*to = json_object(), *value;
	const char	*name;

	json_object_foreach(from, name, value)
		if (json_object_set_new(to, name, saeblank_restore(value,
		    text, len)) < 0) {
			json_decref(to);
			return NULL;
		}
	return to;
}

json_t *
saeblank_restore(json_t *from, const char *text, size_t len)
{
	switch (json_typeof(from)) {
	case JSON_STRING:
		return restore_string(from, text, len);
	case JSON_ARRAY:
		return restore_array(from, text, len);
	case JSON_OBJECT:
		return restore_object(from, text, len);
	default:
		return json_incref(from);
	}
}
