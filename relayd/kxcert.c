#include "kxcert.h"

#include <string.h>

#include "err.h"
#include "tlscert.h"

#define URN	"urn:qkdnode:km:"

struct found {
	char		*km;
	const char	*why;
	int		 r;
};

static int
on_uri(void *arg, const char *uri)
{
	struct found	*f = arg;
	const char	*id = uri + strlen(URN);

	if (strncmp(uri, URN, strlen(URN)) != 0)
		return 0;
	if (f->r == 0) {
		f->why = "certificate names two KMs";
		return f->r = -E_BAD_FORMAT;
	}
	if (!km_id_valid(id, strlen(id))) {
		f->why = "certificate names no valid KM ID";
		return f->r = -E_BAD_FORMAT;
	}
	strcpy(f->km, id);
	f->r = 0;
	return 0;
}

int
kxcert_km(X509 *cert, km_id km, const char **why)
{
	struct found	f = { km, "certificate without a URI " URN "ID",
			    -E_NOT_FOUND };

	km[0] = '\0';
	tlscert_uris(cert, on_uri, &f);
	if (f.r < 0)
		km[0] = '\0';
	*why = f.r < 0 ? f.why : NULL;
	return f.r;
}
