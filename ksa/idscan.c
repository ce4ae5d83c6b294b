/* idscan.c - the common form of Key IDs, without a tree. */
#include <stdbool.h>
#include <string.h>

#include "ident.h"
#include "idscan.h"
#include "supply.h"

struct scan {
	const char	*p, *end;
};

static void
skip_blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' ||
	    *s->p == '\t' || *s->p == '\r'))
		s->p++;
}

/* This token comes next, after blanks. */
static bool
token(struct scan *s, const char *text)
{
	size_t	n = strlen(text);

	skip_blanks(s);
	if ((size_t)(s->end - s->p) < n || memcmp(s->p, text, n) != 0)
		return false;
	s->p += n;
	return true;
}

/* A UUID has no character that JSON would escape. */
static bool
uuid(struct scan *s, uint8_t id[16])
{
	if (!token(s, "\"") || s->end - s->p < UUID_TEXT + 1 ||
	    uuid_parse(s->p, UUID_TEXT, id) < 0 || s->p[UUID_TEXT] != '"')
		return false;
	s->p += UUID_TEXT + 1;
	return true;
}

static bool
group(struct scan *s, uint8_t id[16])
{
	return token(s, "{") && token(s, "\"key_ID\"") && token(s, ":") &&
	    uuid(s, id) && token(s, "}");
}

uint32_t
idscan(const char *p, size_t len, uint8_t (*ids)[16], uint32_t room)
{
	struct scan s = { p, p + len };
	uint32_t n = 0;

	if (len == 0 || !token(&s, "{") || !token(&s, "\"key_IDs\"") ||
	    !token(&s, ":") || !token(&s, "["))
		return 0;
	do
		if (n == room || !group(&s, ids[n++]))
			return 0;
	while (token(&s, ","));
	if (!token(&s, "]") || !token(&s, "}"))
		return 0;
	skip_blanks(&s);
	return s.p == s.end ? n : 0;
}

/*
 * Open addressing over the places of the IDs, so that a batch is checked in
 * one pass.
 */
#define SLOTS	(SUPPLY_KEYS_MAX * 2)

uint32_t
idscan_repeated(const uint8_t (*ids)[16], uint32_t n)
{
	uint16_t	slots[SLOTS] = { 0 };

	for (uint32_t i = 0; i < n; i++) {
		const uint8_t	*id = ids[i];
		unsigned	 at = (id[15] << 8 | id[14]) ^ id[7] << 3 ^
				    id[6];

		for (at %= SLOTS; slots[at] != 0; at = (at + 1) % SLOTS)
			if (memcmp(ids[slots[at] - 1], id, 16) == 0)
				return i;
		slots[at] = (uint16_t)(i + 1);
	}
	return n;
}
