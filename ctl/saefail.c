#include "saefail.h"

#include <openssl/pem.h>

#include "tlscert.h"

static const struct {
	int	error, code;
} codes[] = {
	{ 0, SAE_DONE }, { QKDSAE_STOPPED, SAE_DONE },
	{ QKDSAE_CONNECTION, SAE_NETWORK }, { QKDSAE_TIMEOUT, SAE_NETWORK },
	{ QKDSAE_TLS, SAE_NETWORK }, { QKDSAE_ANSWER, SAE_NETWORK },
	{ QKDSAE_REFUSED, SAE_REFUSED }, { QKDSAE_DENIED, SAE_REFUSED },
	{ QKDSAE_NOT_FOUND, SAE_REFUSED }, { QKDSAE_REJECTED, SAE_REFUSED },
	{ QKDSAE_EXPIRED, SAE_REFUSED },
	{ QKDSAE_LATER, SAE_LATER }, { QKDSAE_SILENT, SAE_LATER },
};

int
saefail_code(int r)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].error == r)
			return codes[i].code;
	return SAE_LOCAL;
}

/* Whoever is refused wants to know as whom he came. */
static void
say_who(const char *file)
{
	FILE	*f = fopen(file, "re");
	X509	*cert = f != NULL ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;

	if (cert != NULL)
		fprintf(stderr, "qkdctl: our certificate is %s (%s)\n", file,
		    tlscert_text(cert));
	X509_free(cert);
	if (f != NULL)
		fclose(f);
}

int
saefail_say(const struct saeopt *o, int r)
{
	fprintf(stderr, "qkdctl: %s\n", qkdsae_reason());
	if (r == QKDSAE_DENIED)
		say_who(o->conf.certificate);
	return saefail_code(r);
}
