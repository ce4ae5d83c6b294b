/* span.c - text that comes in pieces. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "span.h"

void
span_clear(struct span *s)
{
	if (s->own != NULL) {
		OPENSSL_cleanse(s->own, s->room);
		free(s->own);
	}
	memset(s, 0, sizeof(*s));
}

/* Makes room for `more` octets behind what is there, in memory of its own. */
static int
own(struct span *s, size_t more)
{
	size_t	 room = s->room == 0 ? 256 : s->room;
	char	*new;

	while (room < s->len + more)
		room *= 2;
	if (s->own != NULL && room == s->room)
		return 0;
	if ((new = malloc(room)) == NULL)
		return -E_NO_MEMORY;
	if (s->len > 0)
		memcpy(new, s->p, s->len);
	if (s->own != NULL) {
		OPENSSL_cleanse(s->own, s->room);
		free(s->own);
	}
	s->p = s->own = new;
	s->room = room;
	return 0;
}

int
span_add(struct span *s, const char *at, size_t len)
{
	if (s->len == 0 && s->own == NULL) {
		s->p = at;
		s->len = len;
		return 0;
	}
	if (s->own != NULL || s->p + s->len != at) {
		if (own(s, len) < 0)
			return -E_NO_MEMORY;
		memcpy(s->own + s->len, at, len);
	}
	s->len += len;
	return 0;
}

int
span_keep(struct span *s)
{
	return s->len == 0 || s->own != NULL ? 0 : own(s, 0);
}
