#include "saeparts.h"

#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "err.h"
#include "payload.h"
#include "saeblank.h"

/* One key of the answer, as text inside the body. */
struct part {
	uint8_t	 id[16];
	char	*key;
	size_t	 len;
	size_t	 place;		/* among the keys wanted */
	json_t	*extension;	/* without its strings; or NULL */
};

static int
bad(struct saewhy *w, const char *what)
{
	return saewhy_set(w, E_BAD_FORMAT, "the KME's message: %s", what);
}

int
saeparts_blank(const char *body, size_t len, json_t **out, struct saewhy *w)
{
	size_t		 room = SAEBLANK_ROOM(len), n;
	char		*copy = malloc(room);
	const char	*fault;
	int		 r;

	*out = NULL;
	if (copy == NULL)
		return saewhy_set(w, E_NO_MEMORY, "out of memory");
	if ((r = saeblank(copy, room, &n, body, len)) == -E_TOO_LARGE)
		saewhy_set(w, E_TOO_LARGE,
		    "the KME's message: too many strings");
	else if (r < 0)
		bad(w, "a string does not end");
	else if ((r = payload_parse(out, (uint8_t *)copy, n, &fault)) < 0)
		bad(w, fault);
	free(copy);
	return r;
}

static int
find(json_t *object, const char *name, char *body, size_t len, char **at,
    size_t *octets)
{
	json_t	*place = json_object_get(object, name);

	return json_is_string(place) ? saeblank_find(
	    json_string_value(place), body, len, at, octets) : -E_NOT_FOUND;
}

static int
read_part(struct part *p, json_t *object, char *body, size_t len,
    struct saewhy *w)
{
	size_t	 n;
	char	*id;

	if (find(object, "key_ID", body, len, &id, &n) < 0 ||
	    uuid_parse(id, n, p->id) < 0)
		return bad(w, "a key without key_ID, or it is no UUID");
	if (find(object, "key", body, len, &p->key, &p->len) < 0 ||
	    p->len == 0 || p->len % 4 != 0)
		return bad(w, "a key that is not in base64");
	p->extension = json_object_get(object, "key_extension");
	return 0;
}

static size_t
decoded(const struct part *p)
{
	return p->len / 4 * 3 - (p->key[p->len - 1] == '=') -
	    (p->key[p->len - 2] == '=');
}

static int
check_size(const struct part *p, size_t octets, struct saewhy *w)
{
	size_t	got = decoded(p);

	if (got > SAE_KEY_OCTETS)
		return bad(w, "a key that is too long");
	if (octets != 0 && got != octets)
		return saewhy_set(w, E_BAD_FORMAT, "the KME's message: a "
		    "key of %zu bits, %zu expected", got * 8, octets * 8);
	return 0;
}

/* Where the key was in the request; no key comes twice. */
static int
find_place(struct part *parts, size_t i, const struct saewanted *want,
    struct saewhy *w)
{
	size_t	place = want->ids == NULL ? i : 0;

	while (want->ids != NULL && place < want->n &&
	    memcmp(want->ids[place], parts[i].id, 16) != 0)
		place++;
	if (want->ids != NULL && place == want->n)
		return bad(w, "a key with a key_ID that was not asked for");
	for (size_t k = 0; k < i; k++)
		if (memcmp(parts[k].id, parts[i].id, 16) == 0)
			return bad(w, "the same key_ID twice");
	parts[i].place = place;
	return 0;
}

static int
read_parts(struct part *parts, json_t *array, char *body, size_t len,
    const struct saewanted *want, struct saewhy *w)
{
	size_t	octets = want->octets;
	int	r;

	for (size_t i = 0; i < json_array_size(array); i++) {
		if ((r = read_part(&parts[i], json_array_get(array, i), body,
		    len, w)) < 0 ||
		    (r = check_size(&parts[i], octets, w)) < 0 ||
		    (r = find_place(parts, i, want, w)) < 0)
			return r;
		/* Keys of one request are of one size, whichever it is. */
		if (want->ids == NULL)
			octets = decoded(&parts[i]);
	}
	return 0;
}

static int
decode(const struct part *parts, size_t n, struct saekeys **out,
    struct saewhy *w)
{
	size_t	 total = 0, got;
	uint8_t	*room;

	for (size_t i = 0; i < n; i++)
		total += decoded(&parts[i]);
	if ((*out = saekeys_new(n, total)) == NULL)
		return saewhy_set(w, E_NO_MEMORY, "no locked memory for the "
		    "keys: is RLIMIT_MEMLOCK (ulimit -l) too low?");
	room = saekeys_room(*out);
	for (const struct part *p = parts; p < parts + n; p++) {
		struct saekey	*k = &(*out)->key[p->place];

		if (base64_decode(room, decoded(p), &got, p->key,
		    p->len) < 0) {
			saekeys_free(out);
			return bad(w, "a key that is not in base64");
		}
		uuid_print(p->id, k->id);
		k->octets = got;
		k->bytes = room;
		room += got;
	}
	return 0;
}

/* What the KME says of its keys is no secret. */
static int
add_extensions(const struct part *parts, const char *body, size_t len,
    struct saekeys *keys, struct saewhy *w)
{
	json_t	*j;
	char	*text;

	for (size_t i = 0; i < keys->n; i++) {
		if (parts[i].extension == NULL)
			continue;
		j = saeblank_restore(parts[i].extension, body, len);
		text = json_is_object(j) ? json_dumps(j, JSON_COMPACT |
		    JSON_ENSURE_ASCII) : NULL;
		json_decref(j);
		if (text == NULL)
			return bad(w, "a key_extension that is no object");
		keys->key[parts[i].place].extension = text;
	}
	return 0;
}

int
saeparts_keys(json_t *array, char *body, size_t len,
    const struct saewanted *want, struct saekeys **out, struct saewhy *w)
{
	size_t		 n = json_array_size(array);
	struct part	*parts;
	int		 r;

	*out = NULL;
	if (!json_is_array(array))
		return bad(w, "no array \"keys\"");
	if (want->n != 0 && n != want->n)
		return saewhy_set(w, E_BAD_FORMAT, "the KME's message: %zu "
		    "keys, %zu expected", n, want->n);
	if (n == 0 || n > SAE_KEYS_MAX)
		return saewhy_set(w, E_BAD_FORMAT, "the KME's message: %zu "
		    "keys, 1 to %d expected", n, SAE_KEYS_MAX);
	if ((parts = calloc(n, sizeof(*parts))) == NULL)
		return saewhy_set(w, E_NO_MEMORY, "out of memory");
	if ((r = read_parts(parts, array, body, len, want, w)) == 0 &&
	    (r = decode(parts, n, out, w)) == 0 &&
	    (r = add_extensions(parts, body, len, *out, w)) < 0)
		saekeys_free(out);
	free(parts);
	return r;
}
