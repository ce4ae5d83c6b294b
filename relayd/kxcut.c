/* kxcut.c - see kxcut.h. */
#include "kxcut.h"

#include <string.h>

static const char	mark[] = "true";

/*
 * The end of a string whose first character is at p: its closing quotation
 * mark. NULL: none. *plain: without escapes.
 */
static const uint8_t *
string_end(const uint8_t *p, const uint8_t *end, bool *plain)
{
	const uint8_t	*q = memchr(p, '"', (size_t)(end - p));

	*plain = q != NULL && memchr(p, '\\', (size_t)(q - p)) == NULL;
	if (*plain || q == NULL)
		return q;
	for (; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p < end ? p : NULL;
}

/* The first long string, from its quotation mark; *end: behind the other. */
static const uint8_t *
find(const uint8_t *p, const uint8_t *stop, const uint8_t **end)
{
	const uint8_t	*found = NULL, *q;
	bool		 plain;

	for (; p < stop; p++) {
		if (*p == mark[0])	/* outside of strings: true */
			return NULL;
		if (*p != '"')
			continue;
		if ((q = string_end(p + 1, stop, &plain)) == NULL)
			return NULL;
		if (found == NULL && plain && q - p - 1 >= KXCUT_MIN) {
			found = p;
			*end = q + 1;
		}
		p = q;
	}
	return found;
}

bool
kxcut_make(struct kxcut *c, const uint8_t *p, size_t len)
{
	const uint8_t	*end = NULL, *s = find(p, p + len, &end);
	size_t		 before, after, n = sizeof(mark) - 1;

	if (s == NULL)
		return false;
	before = (size_t)(s - p);
	after = (size_t)(p + len - end);
	if (before > sizeof(c->rest) - n || after > sizeof(c->rest) - n - before)
		return false;
	memcpy(c->rest, p, before);
	memcpy(c->rest + before, mark, n);
	memcpy(c->rest + before + n, end, after);
	c->restlen = before + n + after;
	c->text = (const char *)s + 1;
	c->len = (size_t)(end - s) - 2;
	return true;
}

bool
kxcut_is(const struct kxcut *c, const json_t *v)
{
	return c != NULL && json_is_true(v);
}
