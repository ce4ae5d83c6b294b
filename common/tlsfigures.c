/* tlsfigures.c - time left. */
#include "tlsfigures.h"

#include <time.h>

#include "metrics.h"
#include "tlscert.h"
#include "tlscrl.h"

#define NAME_ROOM	256	/* as much as a label may have */
#define SERIAL_DIGITS	16

static double
left(time_t end)
{
	return difftime(end, time(NULL));
}

/* The end of it: enough to tell two of one name apart. */
static void
serial(const X509 *cert, char out[SERIAL_DIGITS + 1])
{
	const ASN1_INTEGER	*n = X509_get0_serialNumber(cert);
	const unsigned char	*p = ASN1_STRING_get0_data(n);
	int			 len = ASN1_STRING_length(n), i;

	out[0] = '\0';
	i = len > SERIAL_DIGITS / 2 ? len - SERIAL_DIGITS / 2 : 0;
	for (int at = 0; i < len; i++, at += 2)
		snprintf(out + at, 3, "%02X", p[i]);
}

static void
add(json_t *family, const char *what, X509 *cert)
{
	char	name[NAME_ROOM], number[SERIAL_DIGITS + 1];

	tlscert_name(X509_get_subject_name(cert), name, sizeof(name));
	serial(cert, number);
	metrics_add(family, left(tlscrl_time(X509_get0_notAfter(cert))),
	    "what", what, "name", name, "serial", number, NULL);
}

void
tlsfigures(json_t *all, SSL_CTX *tls)
{
	X509_STORE	*store = SSL_CTX_get_cert_store(tls);
	json_t		*family = metrics_family(all, METRICS_GAUGE,
			    "qkdnode_certificate_left_seconds",
			    "Time until it expires: own certificate, CA, CRL.");
	X509		*own = SSL_CTX_get0_certificate(tls);
	STACK_OF(X509_OBJECT) *o = X509_STORE_get0_objects(store);
	struct tlscrl	 crl;

	if (own != NULL)
		add(family, "own", own);
	for (int i = 0; i < sk_X509_OBJECT_num(o); i++) {
		X509	*ca = X509_OBJECT_get0_X509(
			    sk_X509_OBJECT_value(o, i));

		if (ca != NULL)
			add(family, "ca", ca);
	}
	if (tlscrl_first(store, &crl))
		metrics_add(family, left(crl.expires), "what", "crl",
		    "name", crl.issuer, NULL);
}
