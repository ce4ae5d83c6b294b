/* fuzz_keyrequest.c - Key request (014 6.2): what passes is within limits. */
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "ksa/etsi014json.h"
#include "ksa/etsi014out.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("{\"number\": 3, \"size\": 1024}"),
	FUZZ_TEXT("number=3&size=1024&key_type=1"),
	FUZZ_TEXT("{\"number\":1,\"size\":4096,"
	    "\"additional_slave_SAE_IDs\":[\"ABCDEFGH\",\"HIJKLMN\"]}"),
	FUZZ_TEXT("{\"extension_mandatory\":[{\"abc_route_type\":\"direct\"},"
	    "{\"\\u00e4\\u2028\":{}}],\"extension_optional\":[{\"x\":[1e9]}]}"),
	FUZZ_TEXT("{\"additional_slave_SAE_IDs\":[],\"size\":-8}"),
	FUZZ_TEXT("{\"number\":99999999999999999999}"),
	FUZZ_TEXT("{\"extension_mandatory\":[{\"qkdnode_route_type\":\"direct\"},"
	    "{\"qkdnode_max_age\":30000}],\"extension_optional\":["
	    "{\"qkdnode_route_type\":\"any\",\"qkdnode_max_age\":[]},"
	    "{\"qkdnode_min_disjoint_paths\":2}]}"),
	FUZZ_TEXT(" "),
	FUZZ_END
};

static const struct supply_limits limits = { 256, 64, 65536, 128, 16 };

/* A refusal has words and can be written as JSON. */
static void
check_refusal(struct refusal *r)
{
	struct jsonout	count = { NULL, 0, 0 }, out;
	json_t	*back;

	if (r->message[0] == '\0')
		abort();
	etsi014_write_error(&count, r);
	out = (struct jsonout){ malloc(count.len), count.len, 0 };
	etsi014_write_error(&out, r);
	if (out.len != count.len)
		abort();
	back = json_loadb(out.p, out.len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_string(json_object_get(back, "message")))
		abort();
	json_decref(back);
	free(out.p);
	refusal_clear(r);
}

static void
check(int e, const struct key_request *k, struct refusal *r)
{
	if (e < 0)
		check_refusal(r);
	else if (k->number < 1 || k->number > 128 || k->size < 64 ||
	    k->size > 65536 || k->size % 8 != 0 || r->details != NULL ||
	    k->nslaves > 16 || (k->wish.mandatory & k->wish.optional) != 0 ||
	    (k->wish.mandatory | k->wish.optional) > 7 ||
	    k->wish.min_paths > BLOCK_PARTS_MAX)
		abort();
	for (uint32_t i = 0; e == 0 && i < k->nslaves; i++)
		if (!sae_id_valid(k->slaves[i], strlen(k->slaves[i])))
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *p = (const char *)data;
	struct refusal	r = { .details = NULL };
	struct key_request k;

	check(etsi014_read_request(&k, p, len, &limits, &r), &k, &r);
	check(etsi014_read_request_query(&k, p, len, &limits, &r), &k, &r);
	if (etsi014_read_post_query(p, len, &r) < 0)
		check_refusal(&r);
	return 0;
}
