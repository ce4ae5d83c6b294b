/* fuzz_applist.c - lists of applications from a peer: what decodes are valid
 * IDs in order, and encodes to the same octets in any parts. */
#include <stdlib.h>
#include <string.h>

#include "ident.h"
#include "ksa/applist.h"
#include "tests/fuzz/replay.h"

#define MOST	64

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("\4\0\6SAE-A1\0\6SAE-A2"),
	FUZZ_TEXT("\x12\0\6SAE-A1\0\6SAE-A1"),
	FUZZ_TEXT("\0\0\1b\0\1a"),
	FUZZ_TEXT("\x09\0\1a\0\2ab\0\3abc\0\1b\0\2\xc3\xa4"),
	FUZZ_TEXT("\x05\0\0"),
	FUZZ_TEXT("\x05\xff\xff" "abc"),
	FUZZ_TEXT("\x05\0\3a\0b"),
	FUZZ_END
};

static void
check(const struct applist *l)
{
	const char	*id = NULL, *before = NULL;
	uint32_t	 n = 0;

	while ((id = applist_next(l, id)) != NULL) {
		if (!sae_id_valid(id, strlen(id)) ||
		    (before != NULL && strcmp(before, id) >= 0))
			abort();
		before = id;
		n++;
	}
	if (n != l->n || n > MOST || applist_digest(l) == 0 ||
	    applist_digest(l) > INT64_MAX)
		abort();
}

/* All of it is less than one part. */
static void
encodes_as(const struct applist *l, const uint8_t *p, size_t len)
{
	static uint8_t	out[APPLIST_PART];
	size_t		at = 0;

	if (len > APPLIST_PART)
		return;
	if (applist_encode(l, &at, out) != len || at != l->len ||
	    memcmp(out, p, len) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct applist	one = { .text = NULL }, two = { .text = NULL };
	size_t		cut;
	int		r;

	if (len == 0)
		return 0;
	cut = data[0] < len ? data[0] : len - 1;
	data++;
	len--;
	r = applist_decode(&one, data, len, MOST);
	check(&one);
	if (r == 0)
		encodes_as(&one, data, len);
	/* In two parts: the same, if no ID is cut. */
	if (applist_decode(&two, data, cut, MOST) == 0 &&
	    applist_decode(&two, data + cut, len - cut, MOST) == 0 &&
	    (r != 0 || applist_digest(&one) != applist_digest(&two)))
		abort();
	check(&two);
	applist_free(&one);
	applist_free(&two);
	return 0;
}
