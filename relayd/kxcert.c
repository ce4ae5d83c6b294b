#include "kxcert.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "err.h"
#include "tlscert.h"

#define URN	"urn:qkdnode:km:"
#define SHA256	"sha256:"
#define CN	"cn:"
#define DIGEST	32

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

/* "AB:CD" as openssl prints it, or without colons; either case. */
static bool
is_digest(X509 *cert, const char *hex)
{
	uint8_t		d[EVP_MAX_MD_SIZE];
	char		pair[3];
	unsigned	n;

	if (X509_digest(cert, EVP_sha256(), d, &n) != 1 || n != DIGEST)
		return false;
	for (unsigned i = 0; i < n; i++) {
		snprintf(pair, sizeof(pair), "%02x", d[i]);
		if (i > 0 && *hex == ':')
			hex++;
		if (strncasecmp(hex, pair, 2) != 0)
			return false;
		hex += 2;
	}
	return *hex == '\0';
}

static bool
is_cn(X509 *cert, const char *name)
{
	char	cn[TLSCERT_TEXT];

	return tlscert_cn(cert, cn, sizeof(cn)) == 0 && strcmp(cn, name) == 0;
}

bool
kxcert_is(X509 *cert, const char *known_by)
{
	if (strncmp(known_by, SHA256, strlen(SHA256)) == 0)
		return is_digest(cert, known_by + strlen(SHA256));
	return strncmp(known_by, CN, strlen(CN)) == 0 &&
	    is_cn(cert, known_by + strlen(CN));
}

bool
kxcert_known_by_ok(const char *s)
{
	size_t	digits = 0;

	if (strncmp(s, CN, strlen(CN)) == 0)
		return s[strlen(CN)] != '\0';
	if (strncmp(s, SHA256, strlen(SHA256)) != 0)
		return false;
	for (s += strlen(SHA256); *s != '\0'; s++)
		if (*s != ':' && ++digits > 0 &&
		    strchr("0123456789abcdefABCDEF", *s) == NULL)
			return false;
	return digits == 2 * DIGEST;
}
