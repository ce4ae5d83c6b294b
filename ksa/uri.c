/* uri.c - request targets, RFC 3986 and RFC 7230 5.3. */
#include <string.h>
#include <strings.h>

#include "err.h"
#include "uri.h"

static const struct uri_text none = { NULL, 0 };

/* Skips "https://authority" of an absolute-form target. */
static int
skip_authority(const char **p, size_t *len)
{
	static const char *const schemes[] = { "https://", "http://" };
	const char *slash;

	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(schemes[i]);

		if (*len <= n || strncasecmp(*p, schemes[i], n) != 0)
			continue;
		if ((slash = memchr(*p + n, '/', *len - n)) == NULL ||
		    slash == *p + n)
			return -E_BAD_FORMAT;
		*len -= slash - *p;
		*p = slash;
		return 0;
	}
	return -E_BAD_FORMAT;
}

int
uri_split(const char *target, size_t len, struct uri_text *path,
    struct uri_text *query)
{
	const char *mark;

	*path = *query = none;
	if (len == 0 || memchr(target, '#', len) != NULL)
		return -E_BAD_FORMAT;
	if (*target != '/' && skip_authority(&target, &len) < 0)
		return -E_BAD_FORMAT;
	path->p = target;
	path->len = len;
	if ((mark = memchr(target, '?', len)) != NULL) {
		path->len = mark - target;
		query->p = mark + 1;
		query->len = len - path->len - 1;
	}
	return 0;
}

/* Cuts `from` at the first `c`; the rest, without c, stays in `from`. */
static struct uri_text
cut(struct uri_text *from, char c)
{
	struct uri_text	 head = *from;
	const char	*at = from->len == 0 ? NULL :
	    memchr(from->p, c, from->len);

	if (at == NULL) {
		*from = none;
		return head;
	}
	head.len = at - head.p;
	from->p = at + 1;
	from->len -= head.len + 1;
	return head;
}

bool
uri_segment(struct uri_text *path, struct uri_text *segment)
{
	const char *end;

	if (path->len == 0 || *path->p != '/')
		return false;
	path->p++;
	path->len--;
	end = memchr(path->p, '/', path->len);
	segment->p = path->p;
	segment->len = end == NULL ? path->len : (size_t)(end - path->p);
	path->p += segment->len;
	path->len -= segment->len;
	return true;
}

bool
uri_pair(struct uri_text *query, struct uri_text *name, struct uri_text *value)
{
	while (query->len > 0) {
		*value = cut(query, '&');
		if (value->len == 0)	/* "a&&b" */
			continue;
		*name = cut(value, '=');
		return true;
	}
	return false;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One octet, encoded or not; returns the characters it took, 0: broken. */
static size_t
octet(const char *p, size_t len, char *out)
{
	int	hi, lo;

	if (*p != '%') {
		*out = *p;
		return 1;
	}
	if (len < 3 || (hi = hex_digit(p[1])) < 0 || (lo = hex_digit(p[2])) < 0)
		return 0;
	*out = (char)(hi << 4 | lo);
	return 3;
}

int
uri_decode(const struct uri_text *t, char *out, size_t room)
{
	size_t	n = 0, took;

	for (size_t i = 0; i < t->len; i += took) {
		char	c;

		took = octet(t->p + i, t->len - i, &c);
		if (took == 0 || c == '\0')
			return -E_BAD_FORMAT;
		if (n + 1 >= room)
			return -E_TOO_LARGE;
		out[n++] = c;
	}
	out[n] = '\0';
	return 0;
}

bool
uri_is(const struct uri_text *t, const char *word)
{
	char	text[64];

	return uri_decode(t, text, sizeof(text)) == 0 &&
	    strcmp(text, word) == 0;
}
