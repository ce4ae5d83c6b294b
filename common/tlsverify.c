/* tlsverify.c - verifies certificates, says why not, and how long it holds. */
#include "tlsverify.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "err.h"
#include "log.h"
#include "quiet.h"
#include "tlscert.h"
#include "tlscrl.h"

#define WHY_ROOM	160

static int	why_idx = -1;		/* of an SSL: what was refused */
static int	until_idx = -1;		/* of a session: until when it holds */
static int	files_idx = -1;		/* of a store: where it came from */

struct files {
	char	ca[1024], crl[1024];
};

const char *
tlsverify_refused(const SSL *ssl)
{
	return SSL_get_ex_data(ssl, why_idx);
}

static void
free_data(void *parent, void *p, CRYPTO_EX_DATA *ad, int idx, long argl,
    void *argp)
{
	(void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
	free(p);
}

static void
make_indices(void)
{
	why_idx = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_data);
	until_idx = SSL_SESSION_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	files_idx = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_X509_STORE, 0,
	    NULL, NULL, NULL, free_data);
}

/* ---- why a certificate is refused ---- */

static const ASN1_TIME *
not_after(X509_STORE_CTX *v, X509 *cert)
{
	(void)v;
	return X509_get0_notAfter(cert);
}

static const ASN1_TIME *
not_before(X509_STORE_CTX *v, X509 *cert)
{
	(void)v;
	return X509_get0_notBefore(cert);
}

static const ASN1_TIME *
revoked(X509_STORE_CTX *v, X509 *cert)
{
	X509_CRL	*crl = X509_STORE_CTX_get0_current_crl(v);
	X509_REVOKED	*r = NULL;

	if (crl == NULL || X509_CRL_get0_by_cert(crl, &r, cert) != 1)
		return NULL;
	return X509_REVOKED_get0_revocationDate(r);
}

static const ASN1_TIME *
next_update(X509_STORE_CTX *v, X509 *cert)
{
	X509_CRL	*crl = X509_STORE_CTX_get0_current_crl(v);

	(void)cert;
	return crl != NULL ? X509_CRL_get0_nextUpdate(crl) : NULL;
}

static const ASN1_TIME *
last_update(X509_STORE_CTX *v, X509 *cert)
{
	X509_CRL	*crl = X509_STORE_CTX_get0_current_crl(v);

	(void)cert;
	return crl != NULL ? X509_CRL_get0_lastUpdate(crl) : NULL;
}

#define NEW_CERT	"the owner needs a new certificate"
#define NEW_CRL		"put a valid CRL of this issuer into the file and reload"
#define OTHER_CA	"issued by another CA, or this CA is not in the file"

enum where { NOWHERE, IN_CA, IN_CRL };

static const struct reason {
	int		 error;
	const char	*why;
	const ASN1_TIME	*(*when)(X509_STORE_CTX *, X509 *);
	const char	*hint;
	enum where	 where;
} reasons[] = {
	{ X509_V_ERR_CERT_REVOKED, "revoked", revoked, NEW_CERT, IN_CRL },
	{ X509_V_ERR_CERT_HAS_EXPIRED, "expired", not_after, NEW_CERT,
	    NOWHERE },
	{ X509_V_ERR_CERT_NOT_YET_VALID, "not valid before", not_before,
	    "are the clocks right?", NOWHERE },
	{ X509_V_ERR_UNABLE_TO_GET_CRL, "there is no CRL of its issuer", NULL,
	    NEW_CRL, IN_CRL },
	{ X509_V_ERR_CRL_HAS_EXPIRED, "the CRL of its issuer has expired",
	    next_update, NEW_CRL, IN_CRL },
	{ X509_V_ERR_CRL_NOT_YET_VALID,
	    "the CRL of its issuer is not valid before", last_update, NEW_CRL,
	    IN_CRL },
	{ X509_V_ERR_CRL_SIGNATURE_FAILURE,
	    "the CRL of its issuer is not signed by it", NULL, NEW_CRL,
	    IN_CRL },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
	    "its issuer is not trusted here", NULL, OTHER_CA, IN_CA },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
	    "its issuer is not trusted here", NULL, OTHER_CA, IN_CA },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
	    "its issuer is not trusted here", NULL, OTHER_CA, IN_CA },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "it is self-signed", NULL,
	    OTHER_CA, IN_CA },
	{ X509_V_ERR_INVALID_PURPOSE, "it is not for this side of TLS", NULL,
	    "look at its extendedKeyUsage", NOWHERE },
	{ 0, NULL, NULL, "openssl verify tells more", IN_CA }
};

static void
describe(const struct reason *r, X509_STORE_CTX *v, X509 *cert,
    char out[WHY_ROOM])
{
	const ASN1_TIME	*t = r->when != NULL && cert != NULL ?
			    r->when(v, cert) : NULL;
	char		 when[24] = "";

	if (t != NULL)
		tlscert_time(t, when);
	snprintf(out, WHY_ROOM, "%s%s%s", r->why != NULL ? r->why :
	    X509_verify_cert_error_string(X509_STORE_CTX_get_error(v)),
	    t != NULL ? " " : "", when);
}

static const char *
file_of(const struct reason *r, X509_STORE_CTX *v)
{
	const struct files	*f = X509_STORE_get_ex_data(
				    X509_STORE_CTX_get0_store(v), files_idx);

	if (f == NULL || r->where == NOWHERE)
		return "-";
	return log_quote(r->where == IN_CRL ? f->crl : f->ca);
}

static void
refuse(SSL *ssl, X509_STORE_CTX *v, X509 *cert)
{
	const struct reason	*r = reasons;
	char			 who[ADDRESS_TEXT], why[WHY_ROOM];
	char			 text[TLSCERT_TEXT], *copy;

	while (r->error != 0 && r->error != X509_STORE_CTX_get_error(v))
		r++;
	describe(r, v, cert, why);
	address_peer(SSL_get_fd(ssl), who);
	if (!quiet())
		log_notice("certificate refused", "peer=%s %s reason=%s "
		    "hint=%s file=%s", who,
		    cert != NULL ? tlscert_log(cert) : "-", log_quote(why),
		    log_quote(r->hint), file_of(r, v));
	snprintf(text, sizeof(text), "%s (%s)", why,
	    cert != NULL ? tlscert_text(cert) : "no certificate");
	if ((copy = strdup(text)) != NULL &&
	    SSL_set_ex_data(ssl, why_idx, copy) != 1)
		free(copy);
}

/* ---- how long it holds ---- */

static void
sooner(time_t *until, const ASN1_TIME *t, time_t since)
{
	time_t	at = t != NULL ? tlscrl_time(t) : 0;

	if (at > since && at < *until)
		*until = at;
}

/* The first moment after `since` at which the verdict may be another. */
static time_t
next_change(X509_STORE *store, STACK_OF(X509) *chain, time_t since)
{
	STACK_OF(X509_OBJECT) *all;
	time_t	 until = INT64_MAX;
	X509_CRL *crl;

	for (int i = 0; i < sk_X509_num(chain); i++)
		sooner(&until, X509_get0_notAfter(sk_X509_value(chain, i)),
		    since);
	X509_STORE_lock(store);		/* a look-up sorts it */
	all = X509_STORE_get0_objects(store);
	for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
		crl = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(all, i));
		if (crl == NULL)
			continue;
		sooner(&until, X509_CRL_get0_nextUpdate(crl), since);
		sooner(&until, X509_CRL_get0_lastUpdate(crl), since);
	}
	X509_STORE_unlock(store);
	return until;
}

/* During the handshake only: later other threads may resume the session. */
static void
remember(SSL *ssl, X509_STORE_CTX *v)
{
	time_t	until = next_change(X509_STORE_CTX_get0_store(v),
			    X509_STORE_CTX_get0_chain(v), time(NULL));

	SSL_SESSION_set_ex_data(SSL_get_session(ssl), until_idx,
	    (void *)(intptr_t)until);
}

static time_t
recall(SSL *ssl)
{
	return (intptr_t)SSL_SESSION_get_ex_data(SSL_get_session(ssl),
	    until_idx);
}

/* The library forgets the certificate that it refuses. */
static int
verify(int ok, X509_STORE_CTX *v)
{
	SSL	*ssl = X509_STORE_CTX_get_ex_data(v,
		    SSL_get_ex_data_X509_STORE_CTX_idx());

	if (!ok && tlsverify_refused(ssl) == NULL)
		refuse(ssl, v, X509_STORE_CTX_get_current_cert(v));
	if (ok && X509_STORE_CTX_get_error_depth(v) == 0 &&
	    !SSL_is_init_finished(ssl))
		remember(ssl, v);
	return ok;
}

/* What the handshake does, with the CAs and CRLs of another context. */
static int
verify_again(X509_STORE *store, SSL *ssl, time_t *until)
{
	X509_STORE_CTX	*v = X509_STORE_CTX_new();
	time_t		 now = time(NULL);
	int		 r = -E_DENIED;

	if (v == NULL || !X509_STORE_CTX_init(v, store,
	    SSL_get0_peer_certificate(ssl), SSL_get_peer_cert_chain(ssl)) ||
	    !X509_STORE_CTX_set_ex_data(v,
	    SSL_get_ex_data_X509_STORE_CTX_idx(), ssl) ||
	    !X509_STORE_CTX_set_default(v, SSL_is_server(ssl) ?
	    "ssl_client" : "ssl_server"))
		goto out;
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(v),
	    SSL_get_security_level(ssl));
	X509_STORE_CTX_set_verify_cb(v, verify);
	if (X509_verify_cert(v) == 1) {
		*until = next_change(store, X509_STORE_CTX_get0_chain(v), now);
		r = 0;
	}
out:
	X509_STORE_CTX_free(v);
	ERR_clear_error();
	return r;
}

int
tlsverify_peer(SSL_CTX *ctx, SSL *ssl, bool fresh, time_t *until)
{
	X509_STORE	*store = SSL_CTX_get_cert_store(ctx);
	time_t		 now = time(NULL);
	int		 r;

	if (fresh && SSL_get_SSL_CTX(ssl) == ctx) {
		*until = recall(ssl);
		if (now < *until)
			return 0;
	}
	if ((r = verify_again(store, ssl, until)) < 0)
		SSL_CTX_remove_session(SSL_get_SSL_CTX(ssl),
		    SSL_get_session(ssl));
	return r;
}

int
tlsverify_init(SSL_CTX *ctx, const char *ca, const char *crl)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	X509_STORE	*store = SSL_CTX_get_cert_store(ctx);
	struct files	*f = calloc(1, sizeof(*f));

	pthread_once(&once, make_indices);
	if (f == NULL || why_idx < 0 || until_idx < 0 || files_idx < 0 ||
	    X509_STORE_set_ex_data(store, files_idx, f) != 1) {
		log_err("TLS set-up failed", "reason=%s",
		    log_quote(err_text(-E_NO_MEMORY)));
		free(f);
		return -E_NO_MEMORY;
	}
	snprintf(f->ca, sizeof(f->ca), "%s", ca);
	snprintf(f->crl, sizeof(f->crl), "%s", crl != NULL ? crl : "");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER |
	    SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify);
	return f->crl[0] != '\0' ? tlscrl_load(store, f->crl) : 0;
}
