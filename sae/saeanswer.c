#include "saeanswer.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "saeparts.h"

int
saeanswer_keys(char *body, size_t len, const struct saewanted *want,
    struct saekeys **out, struct saewhy *w)
{
	json_t	*root;
	int	 r;

	*out = NULL;
	if ((r = saeparts_blank(body, len, &root, w)) == 0)
		r = saeparts_keys(json_object_get(root, "keys"), body, len,
		    want, out, w);
	json_decref(root);
	return r;
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
	saewhy_set(w, E_BAD_FORMAT, "the KME's message: %s", j != NULL ?
	    "a JSON object was expected" : e.text);
	json_decref(j);
	return NULL;
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
		return saewhy_set(w, E_BAD_FORMAT, "the KME's message: %s is "
		    "not the text of an ID", name);
	strcpy(out, s);
	return 0;
}

static int
read_number(int64_t *out, json_t *j, const char *name, struct saewhy *w)
{
	*out = j != NULL ? json_integer_value(j) : SAE_NO_NUMBER;
	if (j != NULL && (!json_is_integer(j) || *out < 0))
		return saewhy_set(w, E_BAD_FORMAT, "the KME's message: %s is "
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
