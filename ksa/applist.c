/* applist.c - application IDs in order, in parts. */
#include "ksa/applist.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "err.h"
#include "ident.h"

void
applist_free(struct applist *l)
{
	free(l->text);
	*l = (struct applist){ NULL, 0, 0, 0, 0 };
}

static int
make_room(struct applist *l, size_t more)
{
	size_t	room = l->room == 0 ? 1024 : l->room;
	char	*p;

	while (room - l->len < more)
		room *= 2;
	if (room == l->room)
		return 0;
	if ((p = realloc(l->text, room)) == NULL)
		return -E_NO_MEMORY;
	l->text = p;
	l->room = room;
	return 0;
}

/* Both have a NUL behind them, and none inside. */
static int
compare(const char *a, const uint8_t *b, size_t len)
{
	size_t	n = strlen(a);
	int	r = memcmp(a, b, n < len ? n : len);

	return r != 0 ? r : n < len ? -1 : n > len;
}

int
applist_add(struct applist *l, const char *id, size_t len, uint32_t most)
{
	int	r;

	if (!sae_id_valid(id, len) || (l->n > 0 &&
	    compare(l->text + l->last, (const uint8_t *)id, len) >= 0))
		return -E_BAD_FORMAT;
	if (l->n >= most)
		return -E_TOO_LARGE;
	if ((r = make_room(l, len + 1)) < 0)
		return r;
	l->last = l->len;
	memcpy(l->text + l->len, id, len);
	l->text[l->len + len] = '\0';
	l->len += len + 1;
	l->n++;
	return 0;
}

const char *
applist_next(const struct applist *l, const char *id)
{
	if (id == NULL)
		return l->n > 0 ? l->text : NULL;
	id += strlen(id) + 1;
	return id < l->text + l->len ? id : NULL;
}

size_t
applist_encode(const struct applist *l, size_t *at, uint8_t out[APPLIST_PART])
{
	size_t	used = 0, n;

	for (; *at < l->len; *at += n + 1) {
		n = strlen(l->text + *at);
		if (used + 2 + n > APPLIST_PART)
			break;
		out[used] = (uint8_t)(n >> 8);
		out[used + 1] = (uint8_t)n;
		memcpy(out + used + 2, l->text + *at, n);
		used += 2 + n;
	}
	return used;
}

int
applist_decode(struct applist *l, const uint8_t *p, size_t len, uint32_t most)
{
	size_t	n;
	int	r;

	for (; len > 0; p += n, len -= n) {
		if (len < 2)
			return -E_BAD_FORMAT;
		n = (size_t)p[0] << 8 | p[1];
		p += 2;
		len -= 2;
		if (n > len)
			return -E_BAD_FORMAT;
		if ((r = applist_add(l, (const char *)p, n, most)) < 0)
			return r;
	}
	return 0;
}

uint64_t
applist_digest(const struct applist *l)
{
	static const uint8_t	none;
	uint8_t			md[SHA256_DIGEST_LENGTH];
	uint64_t		v;

	SHA256(l->n > 0 ? (const uint8_t *)l->text : &none, l->len, md);
	v = get_be64(md) >> 1;
	return v != 0 ? v : 1;
}
