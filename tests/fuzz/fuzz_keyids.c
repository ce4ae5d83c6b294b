/* fuzz_keyids.c - Key IDs (014 6.4): what passes is few and distinct. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ident.h"
#include "ksa/etsi014json.h"
#include "ksa/idscan.h"
#include "tests/fuzz/replay.h"

#define A	"bc490419-7d60-487f-adc1-4ddcc177c139"
#define B	"0A782FB5-3434-48FE-AA4D-14F41D46CF92"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"key_IDs\":[{\"key_ID\":\"" A "\"}]}"),
	FUZZ_TEXT("{\"key_IDs\":[{\"key_ID\":\"" A "\",\"master_SAE_ID\":1},"
	    "{\"key_ID\":\"" B "\",\"key_ID_extension\":{}}],"
	    "\"key_IDs_extension\":{}}"),
	FUZZ_TEXT(" { \"key_IDs\" :\t[ {\"key_ID\" : \"" A "\" } ,\r\n"
	    "{ \"key_ID\":\"" B "\"}]}\n"),
	FUZZ_TEXT("key_ID=" A),
	FUZZ_TEXT("x=1&key_ID=" B "&key_ID="),
	FUZZ_TEXT("{\"key_IDs\":[]}"),
	FUZZ_END
};

static const struct supply_limits limits = { 256, 64, 65536, 4, 0 };

static void
check(int e, const struct key_ids *k, uint32_t most, struct refusal *r)
{
	if (e < 0) {
		if (r->message[0] == '\0')
			abort();
		refusal_clear(r);
		return;
	}
	if (k->n < 1 || k->n > most)
		abort();
	for (uint32_t i = 0; i < k->n; i++)
		for (uint32_t j = 0; j < i; j++)
			if (memcmp(k->id[i], k->id[j], 16) == 0)
				abort();
}

/* The short way takes nothing that the long way would read differently. */
static void
check_scan(const char *p, size_t len)
{
	static uint8_t	ids[8][16];
	uint32_t n = idscan(p, len, ids, 8);
	json_t	*root, *array, *id;
	uuid_text text;

	if (n == 0)
		return;
	root = json_loadb(p, len, JSON_REJECT_DUPLICATES, NULL);
	array = json_object_get(root, "key_IDs");
	if (json_object_size(root) != 1 || json_array_size(array) != n)
		abort();
	for (uint32_t i = 0; i < n; i++) {
		uuid_print(ids[i], text);
		id = json_object_get(json_array_get(array, i), "key_ID");
		if (strcasecmp(json_string_value(id), text) != 0)
			abort();
	}
	json_decref(root);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct key_ids k;
	const char *p = (const char *)data;
	struct refusal	r = { .details = NULL };

	check_scan(p, len);
	check(etsi014_read_ids(&k, p, len, &limits, &r), &k, 4, &r);
	check(etsi014_read_ids_query(&k, p, len, &r), &k, 1, &r);
	return 0;
}
