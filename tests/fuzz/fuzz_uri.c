/* fuzz_uri.c - request targets: pieces stay inside, texts within room. */
#include <stdlib.h>
#include <string.h>

#include "ksa/uri.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("/api/v1/keys/SAE-B1/enc_keys?number=3&size=1024"),
	FUZZ_TEXT("https://kme:8443/api/v1/keys/a%20b/dec_keys?key_ID=%41"),
	FUZZ_TEXT("/api/v1/keys/CN%3DA%2CO%3dB%2f/status?&&=&a&a=%zz#x"),
	FUZZ_TEXT("//?%00%"),
	FUZZ_END
};

static void
inside(const struct uri_text *t, const char *p, size_t len)
{
	char	out[32];

	if (t->len > 0 && (t->p < p || t->p + t->len > p + len))
		abort();
	memset(out, 1, sizeof(out));
	if (uri_decode(t, out, sizeof(out)) == 0 &&
	    memchr(out, '\0', sizeof(out)) == NULL)
		abort();
	uri_is(t, "keys");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *p = (const char *)data;
	struct uri_text	path, query, name, value;

	if (uri_split(p, len, &path, &query) < 0)
		return 0;
	while (uri_segment(&path, &name))
		inside(&name, p, len);
	while (uri_pair(&query, &name, &value)) {
		inside(&name, p, len);
		inside(&value, p, len);
	}
	return 0;
}
