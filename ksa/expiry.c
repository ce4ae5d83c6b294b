#include "expiry.h"

#include <time.h>

#include "tlscert.h"
#include "tlscrl.h"

#define SOON	(7 * 86400)	/* s; or the last quarter of a short life */

static void
report(const char *what, const char *file, const char *of, time_t begin,
    time_t end, json_t *missing, json_t *warnings)
{
	time_t	 now = time(NULL), soon = (end - begin) / 4;
	struct tm tm;
	char	 when[24] = "?";

	if (end - now > (soon < SOON ? soon : SOON))
		return;
	if (gmtime_r(&end, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_array_append_new(end <= now ? missing : warnings, json_sprintf(
	    "%s of %s %s %s: put a new one into %s and reload ksa", what, of,
	    end <= now ? "has expired at" : "will expire at", when, file));
}

void
expiry_report(SSL_CTX *tls, const struct ksa_conf *c, json_t *missing,
    json_t *warnings)
{
	X509		*own = SSL_CTX_get0_certificate(tls);
	struct tlscrl	 crl;
	char		 name[256];

	tlscert_name(X509_get_subject_name(own), name, sizeof(name));
	report("certificate", c->certificate, name,
	    tlscrl_time(X509_get0_notBefore(own)),
	    tlscrl_time(X509_get0_notAfter(own)), missing, warnings);
	if (tlscrl_first(SSL_CTX_get_cert_store(tls), &crl))
		report("CRL", c->crl, crl.issuer, crl.made, crl.expires,
		    missing, warnings);
}
