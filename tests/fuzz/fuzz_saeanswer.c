/*
 * fuzz_saeanswer.c - a KME's answers: what passes says the same to a JSON
 * parser that sees all of it, and no more keys come out than were asked for.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "sae/saeanswer.h"
#include "tests/fuzz/replay.h"

#define A	"bc490419-7d60-487f-adc1-4ddcc177c139"
#define B	"0A782FB5-3434-48FE-AA4D-14F41D46CF92"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"keys\":[{\"key_ID\":\"" A "\",\"key\":\"AAECAwQ=\"},"
	    "{\"key_ID\":\"" B "\",\"key\":\"//79/Ps=\"}]}"),
	FUZZ_TEXT("{\"key_container_extension\":{\"a\":[1,\"x\\\"y\"]},"
	    "\"keys\" : [ {\"key\":\"\\/\\u002f79\\/Ps=\",\"key_ID\":\"" B
	    "\", \"key_extension\":{\"key\":\"AAAA\"}}, {\"key_ID\":\"" A
	    "\",\"key\":\"AAECAwQ=\"} ] }\n"),
	FUZZ_TEXT("{\"source_KME_ID\":\"K1\",\"target_KME_ID\":\"K2\","
	    "\"key_size\":256,\"max_SAE_ID_count\":0}"),
	FUZZ_TEXT("{\"message\":\"no\",\"details\":[{\"a\":\"b\"},{\"c\":{}}"
	    "]}"),
	FUZZ_END
};

static int
same_extension(const json_t *wanted, const char *text)
{
	json_t	*got = text != NULL ? json_loads(text, 0, NULL) : NULL;
	int	 same = wanted == NULL ? text == NULL :
		    json_equal(wanted, got);

	json_decref(got);
	return same;
}

/* Everything read again by a parser that is shown the keys. */
static void
compare(const char *text, size_t len, const struct saekeys *keys)
{
	json_t	*root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	json_t	*array = json_object_get(root, "keys");
	char	 encoded[BASE64_LEN(8192) + 1];

	/* Strings that nobody looks into may be no UTF-8: the parser that
	 * sees them refuses the whole. */
	if (root != NULL && json_array_size(array) != keys->n)
		abort();
	for (size_t i = 0; root != NULL && i < keys->n; i++) {
		const struct saekey *k = &keys->key[i];
		json_t	*one = json_array_get(array, i);
		size_t	 n = base64_encode(encoded, k->bytes, k->octets);

		encoded[n] = '\0';
		if (strcmp(json_string_value(json_object_get(one, "key")),
		    encoded) != 0 || k->octets != keys->key[0].octets ||
		    !same_extension(json_object_get(one, "key_extension"),
		    k->extension))
			abort();
	}
	json_decref(root);
}

static void
check_keys(const uint8_t *data, size_t len, size_t n, size_t octets)
{
	const struct saewanted	 want = { n, NULL, octets };
	struct saewhy		 why = { "" };
	struct saekeys		*keys;
	char			*body = malloc(len > 0 ? len : 1);

	if (body == NULL)
		abort();
	memcpy(body, data, len);
	if (saeanswer_keys(body, len, &want, &keys, &why) < 0) {
		if (keys != NULL || why.text[0] == '\0')
			abort();
	} else {
		if (keys->n != n ||
		    (octets != 0 && keys->key[0].octets != octets))
			abort();
		compare((const char *)data, len, keys);
	}
	saekeys_free(&keys);
	free(body);
}

/* Asked for A and B: these come, in this order, or nothing. */
static void
check_fetched(const uint8_t *data, size_t len)
{
	static const uint8_t	 ids[2][16] = {
		{ 0xbc, 0x49, 0x04, 0x19, 0x7d, 0x60, 0x48, 0x7f, 0xad, 0xc1,
		    0x4d, 0xdc, 0xc1, 0x77, 0xc1, 0x39 },
		{ 0x0a, 0x78, 0x2f, 0xb5, 0x34, 0x34, 0x48, 0xfe, 0xaa, 0x4d,
		    0x14, 0xf4, 0x1d, 0x46, 0xcf, 0x92 },
	};
	const struct saewanted	 want = { 2, ids, 0 };
	struct saewhy		 why;
	struct saekeys		*keys;
	char			*body = malloc(len > 0 ? len : 1);
	uint8_t			 id[16];

	if (body == NULL)
		abort();
	memcpy(body, data, len);
	saeanswer_keys(body, len, &want, &keys, &why);
	for (size_t i = 0; keys != NULL && i < 2; i++)
		if (uuid_parse(keys->key[i].id, UUID_TEXT, id) < 0 ||
		    memcmp(id, ids[i], 16) != 0)
			abort();
	saekeys_free(&keys);
	free(body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct saestatus	s;
	struct saewhy		why = { "" };
	char			text[64];

	check_keys(data, len, 2, 0);
	check_keys(data, len, 1, 5);
	check_fetched(data, len);
	if (saeanswer_status((const char *)data, len, &s, &why) == 0 &&
	    (s.key_size < SAE_NO_NUMBER || strlen(s.slave_sae) > SAE_ID_MAX))
		abort();
	saeanswer_error((const char *)data, len, text, sizeof(text));
	if (strlen(text) >= sizeof(text))
		abort();
	return 0;
}
