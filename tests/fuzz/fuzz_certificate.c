/*
 * fuzz_certificate.c - names of certificates, as DER and as text: in bounds,
 * unchanged when read once more, also when a DN is printed in between.
 */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/tlscert.h"
#include "ksa/certname.h"
#include "ksa/dn.h"
#include "tests/fuzz/certs.h"
#include "tests/fuzz/replay.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT(CERT_A),
	FUZZ_TEXT(CERT_B),
	FUZZ_TEXT("dn:CN=a\\, b+OU= c\\20,O=\\c3\\a4 d,1.2.3=x"),
	FUZZ_TEXT("uri:HTTPS://Me@Host:1/Path?q#f"),
	FUZZ_TEXT("email:Me@Host.example"),
	FUZZ_TEXT("dns:Host.Example"),
	FUZZ_TEXT("ip:2001:DB8::ffff:192.0.2.7"),
	FUZZ_END
};

static const char *const prefixes[] = { "cn:", NULL, "dns:", "uri:",
	"email:", NULL };

static int
equal(const struct certname *a, const struct certname *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

/* What was folded once stays as it is. */
static int
check_name(void *arg, const struct certname *n)
{
	char		 text[CERTNAME_ROOM + 8];
	const char	*expected;
	struct certname	 again;

	(void)arg;
	if (n->len < 2 || n->len > CERTNAME_ROOM || n->b[0] >= 6)
		abort();
	if (prefixes[n->b[0]] == NULL)
		return 0;
	snprintf(text, sizeof(text), "%s%.*s", prefixes[n->b[0]],
	    (int)n->len - 1, (const char *)n->b + 1);
	if (certname_parse(&again, text, &expected) < 0 || !equal(n, &again))
		abort();
	return 0;
}

/* As the library prints it, so it is read, if it is read at all. */
static void
check_subject(const X509_NAME *subject)
{
	uint8_t		 a[CERTNAME_ROOM], b[CERTNAME_ROOM];
	BIO		*bio = BIO_new(BIO_s_mem());
	X509_NAME	*again = NULL;
	char		*text;
	long		 len;
	int		 n = dn_canonical(subject, a, sizeof(a));

	X509_NAME_print_ex(bio, subject, 0, XN_FLAG_RFC2253);
	len = BIO_get_mem_data(bio, &text);
	if (len > 0 && dn_parse(text, (size_t)len, &again) == 0 &&
	    n > 0 && (dn_canonical(again, b, sizeof(b)) != n ||
	    memcmp(a, b, (size_t)n) != 0))
		abort();
	X509_NAME_free(again);
	BIO_free(bio);
}

static void
check_certificate(const uint8_t *data, size_t len)
{
	X509	*cert = d2i_X509(NULL, &data, (long)len);

	if (cert == NULL)
		return;
	certname_each(cert, check_name, NULL);
	check_subject(X509_get_subject_name(cert));
	if (strlen(tlscert_text(cert)) == 0 || strlen(tlscert_log(cert)) == 0)
		abort();
	X509_free(cert);
}

static void
check_text(const uint8_t *data, size_t len)
{
	const char	*expected = NULL;
	X509_NAME	*name;
	struct certname	 n;
	char		*text = malloc(len + 1);

	if (text == NULL)
		abort();
	memcpy(text, data, len);
	text[len] = '\0';
	if (certname_parse(&n, text, &expected) == 0)
		check_name(NULL, &n);
	if (expected == NULL)
		abort();
	free(text);
	if (dn_parse((const char *)data, len, &name) == 0) {
		check_subject(name);
		X509_NAME_free(name);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	check_certificate(data, len);
	check_text(data, len);
	ERR_clear_error();
	return 0;
}
