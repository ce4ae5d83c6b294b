#include "saeanswer.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "err.h"
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
	return saewhy_set(w, E_BAD_FORMAT, "the KME's answer: %s", what);
}

/* Duplicate members and what is not JSON end here. */
static json_t *
parse(const char *text, size_t len, struct saewhy *w)
{
	json_error_t	 e;
	json_t		*j = json_loadb(text, len, JSON_REJECT_DUPLICATES,
			    &e);

	if (json_is_object(j))
		return j;
	saewhy_set(w, E_BAD_FORMAT, "the KME's answer: %s", j != NULL ?
	    "a JSON object was expected" : e.text);
	json_decref(j);
	return NULL;
}

/* The container without its strings; the parser never sees a key. */
static int
parse_blank(const char *body, size_t len, json_t **out, struct saewhy *w)
{
	size_t	 room = SAEBLANK_ROOM(len), n;
	char	*copy = malloc(room);
	int	 r;

	*out = NULL;
	if (copy == NULL)
		return saewhy_set(w, E_NO_MEMORY, "out of memory");
	if ((r = saeblank(copy, room, &n, body, len)) == -E_TOO_LARGE)
		saewhy_set(w, E_TOO_LARGE,
		    "the KME's answer: too many strings");
	else if (r < 0)
		bad(w, "a string does not end");
	else if ((*out = parse(copy, n, w)) == NULL)
		r = -E_BAD_FORMAT;
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
		return saewhy_set(w, E_BAD_FORMAT, "the KME's answer: a key "
		    "of %zu bits, %zu expected", got * 8, octets * 8);
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
	if (place == want->n)
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

	for (size_t i = 0; i < want->n; i++) {
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
saeanswer_keys(char *body, size_t len, const struct saewanted *want,
    struct saekeys **out, struct saewhy *w)
{
	struct part	*parts = NULL;
	json_t		*root, *array;
	int		 r;

	*out = NULL;
	if ((r = parse_blank(body, len, &root, w)) < 0)
		return r;
	array = json_object_get(root, "keys");
	if (!json_is_array(array)) {
		r = bad(w, "no array \"keys\"");
	} else if (json_array_size(array) != want->n) {
		r = saewhy_set(w, E_BAD_FORMAT, "the KME's answer: %zu keys, "
		    "%zu expected", json_array_size(array), want->n);
	} else if ((parts = calloc(want->n, sizeof(*parts))) == NULL) {
		r = saewhy_set(w, E_NO_MEMORY, "out of memory");
	} else if ((r = read_parts(parts, array, body, len, want, w)) == 0) {
		if ((r = decode(parts, want->n, out, w)) == 0 &&
		    (r = add_extensions(parts, body, len, *out, w)) < 0)
			saekeys_free(out);
	}
	free(parts);
	json_decref(root);
	return r;
}

static const struct {
	const char	*name;
	size_t		 at;
} texts[] = {
#define T(name, field) { name, offsetof(struct saestatus, field) }
	T("source_KME_ID", source_kme), T("target_KME_ID", target_kme),
	T("master_SAE_ID", master_sae), T("slave_SAE_ID", slave_sae),
}, numbers[] = {
	T("key_size", key_size), T("stored_key_count", stored_key_count),
	T("max_key_count", max_key_count),
	T("max_key_per_request", max_key_per_request),
	T("max_key_size", max_key_size), T("min_key_size", min_key_size),
	T("max_SAE_ID_count", max_sae_id_count),
#undef T
};
#define N(array)	(sizeof(array) / sizeof((array)[0]))

static int
read_text(char *out, json_t *j, const char *name, struct saewhy *w)
{
	const char	*s = j != NULL ? json_string_value(j) : "";

	if (s == NULL || (s[0] != '\0' && !sae_id_valid(s, strlen(s))))
		return saewhy_set(w, E_BAD_FORMAT, "the KME's answer: %s is "
		    "not the text of an ID", name);
	strcpy(out, s);
	return 0;
}

static int
read_number(int64_t *out, json_t *j, const char *name, struct saewhy *w)
{
	*out = j != NULL ? json_integer_value(j) : SAE_NO_NUMBER;
	if (j != NULL && (!json_is_integer(j) || *out < 0))
		return saewhy_set(w, E_BAD_FORMAT, "the KME's answer: %s is "
		    "not a number", name);
	return 0;
}

int
saeanswer_status(const char *body, size_t len, struct saestatus *s,
    struct saewhy *w)
{
	json_t	*root = parse(body, len, w);
	int	 r = root != NULL ? 0 : -E_BAD_FORMAT;

	for (size_t i = 0; r == 0 && i < N(texts); i++)
		r = read_text((char *)s + texts[i].at,
		    json_object_get(root, texts[i].name), texts[i].name, w);
	for (size_t i = 0; r == 0 && i < N(numbers); i++)
		r = read_number((int64_t *)((char *)s + numbers[i].at),
		    json_object_get(root, numbers[i].name),
		    numbers[i].name, w);
	json_decref(root);
	return r;
}

static void
append(char *text, size_t room, const char *a, const char *b, const char *c)
{
	size_t	len = strlen(text);

	snprintf(text + len, room - len, "%s%s%s", a, b, c);
}

static void
append_details(char *text, size_t room, json_t *details)
{
	const char	*name, *before = " (";
	json_t		*one, *value;
	size_t		 i;

	json_array_foreach(details, i, one) {
		json_object_foreach(one, name, value) {
			char	*s = json_is_string(value) ?
				    strdup(json_string_value(value)) :
				    json_dumps(value, JSON_ENCODE_ANY |
				    JSON_COMPACT);

			append(text, room, before, name, ": ");
			append(text, room, s != NULL ? s : "?", "", "");
			before = ", ";
			free(s);
		}
	}
	if (before[0] == ',')
		append(text, room, ")", "", "");
}

void
saeanswer_error(const char *body, size_t len, char *text, size_t room)
{
	json_t		*root = json_loadb(body, len, JSON_REJECT_DUPLICATES,
			    NULL);
	const char	*m = json_string_value(json_object_get(root,
			    "message"));

	text[0] = '\0';
	if (m != NULL) {
		append(text, room, m, "", "");
		append_details(text, room, json_object_get(root, "details"));
	}
	json_decref(root);
}
