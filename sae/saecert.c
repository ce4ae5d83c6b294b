#include "saecert.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "ident.h"
#include "tlscert.h"

static int
uri_names(void *kme_id, const char *uri)
{
	size_t	n = strlen(SAECERT_URN);

	return strcmp(uri, kme_id) == 0 ||
	    (strncmp(uri, SAECERT_URN, n) == 0 &&
	    strcmp(uri + n, kme_id) == 0);
}

/* Not a pattern: an ID is compared as it is. */
static bool
dns_names(X509 *cert, const char *kme_id)
{
	GENERAL_NAMES	*names;
	bool		 found = false;

	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++) {
		GENERAL_NAME	*g = sk_GENERAL_NAME_value(names, i);
		ASN1_STRING	*s = g->d.dNSName;

		found = g->type == GEN_DNS &&
		    (size_t)ASN1_STRING_length(s) == strlen(kme_id) &&
		    memcmp(ASN1_STRING_get0_data(s), kme_id,
		    strlen(kme_id)) == 0;
	}
	GENERAL_NAMES_free(names);
	return found;
}

bool
saecert_names(X509 *cert, const char *kme_id)
{
	sae_id	cn;

	if (tlscert_cn(cert, cn, sizeof(cn)) == 0 && strcmp(cn, kme_id) == 0)
		return true;
	return tlscert_uris(cert, uri_names, (void *)(uintptr_t)kme_id) ==
	    1 || dns_names(cert, kme_id);
}
