/* fuzz_ident.c - UUIDs, routes and names from outside. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ident.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("0123abcd-89EF-4fed-8cba-0011223344ff"),
	FUZZ_TEXT("KME-A,KME-B,KME-C"),
	FUZZ_TEXT("A,B,C,D,E,F,G,H,I,J,K,L,M,N,O,P,Q,R,S,T,U,V,W,X,Y,Z,a,b,c,d"
	    ",e,f"),
	FUZZ_TEXT("SAE \xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91"),
	FUZZ_END
};

static void
check_uuid(const char *p, size_t len)
{
	uuid_text	text;
	uint8_t		raw[16];

	if (uuid_parse(p, len, raw) < 0)
		return;
	uuid_print(raw, text);
	if (len != UUID_TEXT || strncasecmp(text, p, len) != 0)
		abort();
}

static void
check_route(const char *p, size_t len)
{
	struct route	 r;
	route_text	 text;
	char		*copy = strndup(p, len);

	if (copy == NULL)
		abort();
	if (route_parse(&r, copy) == 0) {
		route_print(&r, text);
		if (strcmp(text, copy) != 0 || r.n == 0 ||
		    r.n > ROUTE_HOPS_MAX)
			abort();
		route_reverse(&r);
		route_reverse(&r);
		for (unsigned i = 0; i < r.n; i++)
			if (route_find(&r, r.km[i]) != (int)i)
				abort();
	}
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char	*p = (const char *)data;

	check_uuid(p, len);
	check_route(p, len);
	if (km_id_valid(p, len) && !sae_id_valid(p, len))
		abort();
	if (sae_id_valid(p, len))
		for (size_t i = 0; i < len; i++)
			if (data[i] < 0x20 || data[i] == 0x7f)
				abort();
	return 0;
}
