/* fuzz_nodekey.c - node_key as configured: paths, credentials, tokens. */
#include <stdlib.h>
#include <string.h>

#include "kek.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("/etc/qkdnode/kma.nodekey"),
	FUZZ_TEXT("credential:node_key"),
	FUZZ_TEXT("pkcs11:token=node;object=kma;id=%01%02"
	    "?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=/pin"),
	FUZZ_TEXT("pkcs11:object=kma?module-path=/m&pin-value=1234"),
	FUZZ_TEXT("pkcs11:object=kma?module-path=/pin-value=/m&pin-source=/p"),
	FUZZ_END
};

/* As an attribute; the same letters inside another one's value are no PIN. */
static int
holds_pin(const char *uri)
{
	const char	*p = strchr(uri, '?');

	for (; p != NULL; p = strchr(p + 1, '&'))
		if (strncmp(p + 1, "pin-value=", 10) == 0)
			return 1;
	return 0;
}

/* What passes is a whole path or a plain name, and never holds a PIN. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char	*spec = strndup((const char *)data, len);

	if (spec == NULL)
		abort();
	if (kek_check(spec) == NULL) {
		if (strncmp(spec, "credential:", 11) == 0 ?
		    strchr(spec, '/') != NULL :
		    strncmp(spec, "pkcs11:", 7) == 0 ?
		    holds_pin(spec) : spec[0] != '/')
			abort();
	}
	free(spec);
	return 0;
}
