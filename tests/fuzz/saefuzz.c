/* saefuzz.c - one message of a KM, read without and with its keys. */
#include "tests/fuzz/saefuzz.h"

#include <stdlib.h>
#include <string.h>

#include "akread.h"
#include "base64.h"
#include "sae/saeakread.h"

#define KEY_MAX	65536

static bool
same_members(const struct ak_message *a, const struct ak_message *b)
{
	return strcmp(a->source, b->source) == 0 &&
	    strcmp(a->destination, b->destination) == 0 &&
	    strcmp(a->name, b->name) == 0 && a->number == b->number &&
	    a->size == b->size && strcmp(a->session, b->session) == 0 &&
	    strcmp(a->key_id, b->key_id) == 0 &&
	    strcmp(a->response, b->response) == 0 &&
	    strcmp(a->km, b->km) == 0;
}

static bool
same_key(const struct saekey *k, const json_t *one)
{
	static char	 text[BASE64_LEN(KEY_MAX) + 1];
	const char	*key = json_string_value(json_object_get(one, "key"));
	const char	*id = json_string_value(json_object_get(one,
			    "key_ID"));
	json_t		*ext = json_object_get(one, "key_extension"), *got;
	uint8_t		 raw[16];
	uuid_text	 lower;
	bool		 same;

	if (k->octets > KEY_MAX || id == NULL || key == NULL ||
	    uuid_parse(id, strlen(id), raw) < 0)
		return false;
	uuid_print(raw, lower);
	text[base64_encode(text, k->bytes, k->octets)] = '\0';
	got = k->extension != NULL ? json_loads(k->extension, 0, NULL) : NULL;
	same = ext == NULL ? k->extension == NULL : json_equal(ext, got);
	json_decref(got);
	return same && strcmp(text, key) == 0 && strcmp(lower, k->id) == 0;
}

static void
compare(const struct saeaknews *n, const struct ak_command *c,
    const uint8_t *data, size_t len)
{
	static struct ak_message m;
	json_t		*root, *array;
	char		 why[AKREAD_WHY];

	/* Strings that nobody looks into may be no UTF-8: the parser that
	 * sees them refuses the whole. */
	root = json_loadb((const char *)data, len, JSON_REJECT_DUPLICATES,
	    NULL);
	if (root == NULL)
		return;
	if (akread(&m, c, data, len, why) < 0 || !same_members(&n->m, &m))
		abort();
	array = json_object_get(root, "keys");
	for (size_t i = 0; n->keys != NULL && i < n->keys->n; i++)
		if (!same_key(&n->keys->key[i], json_array_get(array, i)))
			abort();
	if (n->keys != NULL && n->keys->n != json_array_size(array))
		abort();
	akmsg_clear(&m);
	json_decref(root);
}

/* Keys where they belong and nowhere else, as many as were wanted. */
static bool
sound(const struct saeaknews *n, const struct ak_command *c,
    const struct saewanted *want)
{
	bool	success = strcmp(n->m.response, "success") == 0;
	bool	expected = c->code == AK_SUPPLY || ((c->code ==
		    AK_KEY_RESPONSE || c->code == AK_SESSION_KEY_RESPONSE) &&
		    success);

	if (expected != (n->keys != NULL))
		return false;
	if (n->keys == NULL)
		return n->m.nids == 0;
	return n->m.nids == n->keys->n && n->keys->n > 0 &&
	    (want->n == 0 || n->keys->n == want->n);
}

int
saefuzz(enum ak_code code, const uint8_t *data, size_t len)
{
	static struct saeaknews		 n;
	const struct ak_command		*c = akmsg_find(code);
	const struct saewanted		 want = { c->answer == 0 ? 2 : 0,
					    NULL, 0 };
	struct saewhy			 why = { "" };
	char				*body = malloc(len > 0 ? len : 1);

	if (body == NULL)
		abort();
	if (len > 0)
		memcpy(body, data, len);
	if (saeakread(&n, c, body, len, &want, &why) < 0) {
		if (n.keys != NULL || why.text[0] == '\0')
			abort();
	} else {
		if (!sound(&n, c, &want))
			abort();
		compare(&n, c, data, len);
		if (c->answer == 0 && (saeakread_verdict(n.m.response, "x",
		    &why) == 0) != (strcmp(n.m.response, "success") == 0))
			abort();
	}
	saeaknews_clear(&n);
	free(body);
	return 0;
}
