#include "tlscrl.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "log.h"
#include "tls.h"
#include "tlscert.h"

time_t
tlscrl_time(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : 0;
}

static int
failed(const char *path, const char *what, const char *why)
{
	log_err(what, "file=%s reason=%s", log_quote(path), log_quote(why));
	ERR_clear_error();
	return -E_CONFIG;
}

static const char *
issuer(const X509_CRL *crl, char out[256])
{
	tlscert_name(X509_CRL_get_issuer(crl), out, 256);
	return out;
}

/* Is there a CA of that name, and did it sign this? */
static int
check_signature(X509_STORE *store, X509_CRL *crl, const char *path)
{
	STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(store);
	bool	 named = false;
	char	 name[256];
	X509	*ca;

	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		ca = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
		if (ca == NULL || X509_NAME_cmp(X509_get_subject_name(ca),
		    X509_CRL_get_issuer(crl)) != 0)
			continue;
		named = true;
		if (X509_CRL_verify(crl, X509_get0_pubkey(ca)) == 1)
			return 0;
	}
	ERR_clear_error();
	if (named)
		return failed(path, "CRL is not signed by its issuer",
		    issuer(crl, name));
	/* One between ours and the certificates, which come with it? */
	log_info("CRL of a CA that is not among ours", "file=%s issuer=%s",
	    log_quote(path), log_quote(issuer(crl, name)));
	return 0;
}

static void
check_times(const X509_CRL *crl, const char *path)
{
	const ASN1_TIME	*next = X509_CRL_get0_nextUpdate(crl);
	char		 name[256], when[24];

	if (X509_cmp_current_time(X509_CRL_get0_lastUpdate(crl)) > 0)
		log_warn("CRL is not valid yet", "file=%s issuer=%s",
		    log_quote(path), log_quote(issuer(crl, name)));
	if (next == NULL || X509_cmp_current_time(next) > 0)
		return;
	tlscert_time(next, when);
	log_warn("CRL has expired: what its issuer signed is refused",
	    "file=%s issuer=%s expired=%s", log_quote(path),
	    log_quote(issuer(crl, name)), when);
}

static bool
has_crl(X509_STORE *store, X509_NAME *ca)
{
	STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(store);
	X509_CRL *crl;

	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		crl = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(all, i));
		if (crl != NULL && X509_NAME_cmp(X509_CRL_get_issuer(crl),
		    ca) == 0)
			return true;
	}
	return false;
}

static void
check_complete(X509_STORE *store, const char *path)
{
	STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(store);
	char	 name[256];
	X509	*ca;

	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		ca = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
		if (ca == NULL || has_crl(store, X509_get_subject_name(ca)))
			continue;
		tlscert_name(X509_get_subject_name(ca), name, sizeof(name));
		log_warn("CA without a CRL: what it signed is refused",
		    "file=%s ca=%s", log_quote(path), log_quote(name));
	}
}

/* How many; negative: the file is not what it should be. */
static int
read_all(X509_STORE *store, BIO *b, const char *path)
{
	X509_CRL *crl;
	int	 n = 0, r = 0;

	while (r == 0 &&
	    (crl = PEM_read_bio_X509_CRL(b, NULL, NULL, NULL)) != NULL) {
		if ((r = check_signature(store, crl, path)) == 0) {
			check_times(crl, path);
			n++;
			if (X509_STORE_add_crl(store, crl) != 1)
				r = failed(path, "CRL cannot be used",
				    tls_reason());
		}
		X509_CRL_free(crl);
	}
	if (r < 0)
		return r;
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return failed(path, "not a PEM CRL", tls_reason());
	ERR_clear_error();
	return n;
}

int
tlscrl_load(X509_STORE *store, const char *path)
{
	BIO	*b = BIO_new_file(path, "r");
	int	 n;

	if (b == NULL)
		return failed(path, "file cannot be read", strerror(errno));
	n = read_all(store, b, path);
	BIO_free(b);
	if (n == 0)
		return failed(path, "file without a CRL", "expected: one or "
		    "more PEM blocks \"X509 CRL\"");
	if (n < 0)
		return n;
	check_complete(store, path);
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK |
	    X509_V_FLAG_CRL_CHECK_ALL);
	return 0;
}

/* Of several CRLs of one issuer the last made counts. */
static bool
superseded(STACK_OF(X509_OBJECT) *all, const X509_CRL *crl)
{
	X509_CRL *c;

	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		c = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(all, i));
		if (c != NULL && c != crl && X509_NAME_cmp(
		    X509_CRL_get_issuer(c), X509_CRL_get_issuer(crl)) == 0 &&
		    ASN1_TIME_compare(X509_CRL_get0_lastUpdate(c),
		    X509_CRL_get0_lastUpdate(crl)) > 0)
			return true;
	}
	return false;
}

bool
tlscrl_first(X509_STORE *store, struct tlscrl *first)
{
	STACK_OF(X509_OBJECT) *all;
	X509_CRL *crl;
	time_t	 at;

	memset(first, 0, sizeof(*first));
	X509_STORE_lock(store);		/* a look-up by a helper sorts it */
	all = X509_STORE_get0_objects(store);
	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		crl = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(all, i));
		if (crl == NULL || X509_CRL_get0_nextUpdate(crl) == NULL)
			continue;
		at = tlscrl_time(X509_CRL_get0_nextUpdate(crl));
		if ((first->expires != 0 && at >= first->expires) ||
		    superseded(all, crl))
			continue;
		first->expires = at;
		first->made = tlscrl_time(X509_CRL_get0_lastUpdate(crl));
		issuer(crl, first->issuer);
	}
	X509_STORE_unlock(store);
	return first->expires != 0;
}
