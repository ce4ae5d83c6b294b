/* tlscert.c - reads certificates that a CA of ours has signed, or has not. */
#include "tlscert.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "err.h"
#include "log.h"
#include "tlscrl.h"

#define NAME_ROOM	512
#define SERIAL_ROOM	65

int
tlscert_cn(X509 *cert, char *out, size_t room)
{
	const X509_NAME	*name = X509_get_subject_name(cert);
	unsigned char	*utf8 = NULL;
	X509_NAME_ENTRY	*entry;
	int		 i, len, r = -E_BAD_FORMAT;

	if ((i = X509_NAME_get_index_by_NID(name, NID_commonName, -1)) < 0)
		return -E_NOT_FOUND;
	/* Two names: which one would be meant? */
	if (X509_NAME_get_index_by_NID(name, NID_commonName, i) >= 0)
		return -E_BAD_FORMAT;
	entry = X509_NAME_get_entry(name, i);
	len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
	if (len <= 0 || (size_t)len >= room ||
	    memchr(utf8, '\0', (size_t)len) != NULL)
		goto out;
	memcpy(out, utf8, (size_t)len);
	out[len] = '\0';
	r = 0;
out:
	OPENSSL_free(utf8);
	ERR_clear_error();
	return r;
}

static bool
plain_text(const unsigned char *p, int len)
{
	for (int i = 0; i < len; i++)
		if (p[i] <= ' ' || p[i] > '~')
			return false;
	return len > 0;
}

int
tlscert_uris(X509 *cert, int (*fn)(void *, const char *), void *arg)
{
	GENERAL_NAMES	*names;
	int		 r = 0;

	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; r == 0 && i < sk_GENERAL_NAME_num(names); i++) {
		GENERAL_NAME	*g = sk_GENERAL_NAME_value(names, i);
		ASN1_STRING	*s = g->d.uniformResourceIdentifier;

		/* ASN1_STRINGs end with a NUL that their length leaves out. */
		if (g->type == GEN_URI &&
		    plain_text(ASN1_STRING_get0_data(s), ASN1_STRING_length(s)))
			r = fn(arg, (const char *)ASN1_STRING_get0_data(s));
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return r;
}

void
tlscert_name(X509_NAME *name, char *out, size_t room)
{
	BIO	*b = BIO_new(BIO_s_mem());
	int	 n = 0;

	if (b != NULL && X509_NAME_print_ex(b, name, 0, XN_FLAG_RFC2253 &
	    ~ASN1_STRFLGS_ESC_MSB) >= 0)
		n = BIO_read(b, out, (int)room - 1);
	out[n > 0 ? n : 0] = '\0';
	BIO_free(b);
	ERR_clear_error();
}

void
tlscert_time(const ASN1_TIME *t, char out[24])
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1 ||
	    strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		strcpy(out, "?");
}

int64_t
tlscert_expires_ms(X509 *cert)
{
	return (int64_t)tlscrl_time(X509_get0_notAfter(cert)) * 1000;
}

static void
serial(X509 *cert, char out[SERIAL_ROOM])
{
	BIGNUM	*bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char	*hex = bn != NULL ? BN_bn2hex(bn) : NULL;

	snprintf(out, SERIAL_ROOM, "%s", hex != NULL ? hex : "?");
	OPENSSL_free(hex);
	BN_free(bn);
	ERR_clear_error();
}

const char *
tlscert_text(X509 *cert)
{
	static __thread char text[NAME_ROOM];
	char	 name[NAME_ROOM / 2], number[SERIAL_ROOM], when[24];

	tlscert_name(X509_get_subject_name(cert), name, sizeof(name));
	serial(cert, number);
	tlscert_time(X509_get0_notAfter(cert), when);
	snprintf(text, sizeof(text), "%s, serial %s, expires %s", name,
	    number, when);
	return text;
}

const char *
tlscert_log(X509 *cert)
{
	static __thread char text[TLSCERT_TEXT];
	char	 subject[NAME_ROOM], issuer[NAME_ROOM], number[SERIAL_ROOM];

	tlscert_name(X509_get_subject_name(cert), subject, sizeof(subject));
	tlscert_name(X509_get_issuer_name(cert), issuer, sizeof(issuer));
	serial(cert, number);
	snprintf(text, sizeof(text), "subject=%s serial=%s issuer=%s",
	    log_quote(subject), number, log_quote(issuer));
	return text;
}
