/* checkcert.c - certificates: whose, by which CA, until when, which key. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "checkup.h"
#include "confread.h"
#include "tlscert.h"

#define DAY		86400
#define WARN_DAYS	30
#define CRL_WARN_DAYS	3
#define RENEW		"qkdnode-pki(8): a new certificate, then systemctl " \
			"reload-or-restart the daemon"

struct pair {			/* a daemon's own certificate */
	const struct check_conf	*conf;
	char		path[CHECK_PATH], key[CHECK_PATH], ca[CHECK_PATH];
	X509		*cert;
	STACK_OF(X509)	*chain;
	X509_STORE	*store;
};

/* What ends at that time. */
static void
dates(struct check *c, const char *path, const char *what,
    const ASN1_TIME *end, int warn_days, const char *remedy)
{
	char	text[24];
	int	days, seconds;

	if (end == NULL || ASN1_TIME_diff(&days, &seconds, NULL, end) != 1)
		return;
	tlscert_time(end, text);
	if (days < 0 || seconds < 0)
		check_say(c, CHECK_ERROR, path, remedy, "%s has expired at "
		    "%s", what, text);
	else if (days < warn_days)
		check_say(c, CHECK_WARNING, path, remedy, "%s expires in %d "
		    "days, at %s", what, days, text);
}

/* What stands behind it in the file: those between it and the CA. */
static void
load_chain(struct check *c, struct pair *p, FILE *f)
{
	X509	*x;

	while ((x = PEM_read_X509(f, NULL, NULL, NULL)) != NULL) {
		dates(c, p->path, "a certificate of its chain",
		    X509_get0_notAfter(x), WARN_DAYS, RENEW);
		if (p->chain == NULL || sk_X509_push(p->chain, x) <= 0)
			X509_free(x);
	}
}

static bool
load(struct check *c, struct pair *p)
{
	FILE	*f = fopen(p->path, "re");

	if (f == NULL) {
		check_say(c, errno == EACCES ? CHECK_WARNING : CHECK_ERROR,
		    p->path, errno == EACCES ? "ask as root" : "qkdctl init, "
		    "or put the certificate there", "cannot be read: %s",
		    strerror(errno));
		return false;
	}
	if ((p->cert = PEM_read_X509(f, NULL, NULL, NULL)) == NULL)
		check_say(c, CHECK_ERROR, p->path, RENEW,
		    "is no certificate in PEM");
	else
		load_chain(c, p, f);
	ERR_clear_error();
	fclose(f);
	return p->cert != NULL;
}

static void
verify(struct check *c, const struct pair *p)
{
	X509_STORE_CTX	*v = X509_STORE_CTX_new();
	int		 e;

	if (v == NULL || X509_STORE_CTX_init(v, p->store, p->cert,
	    p->chain) != 1)
		goto out;
	X509_STORE_CTX_set_purpose(v, X509_PURPOSE_SSL_SERVER);
	if (X509_verify_cert(v) == 1)
		goto out;
	e = X509_STORE_CTX_get_error(v);
	if (e != X509_V_ERR_CERT_HAS_EXPIRED)	/* said apart */
		check_say(c, CHECK_ERROR, p->path, RENEW, "is not valid by "
		    "%s: %s", p->ca, X509_verify_cert_error_string(e));
out:
	ERR_clear_error();
	X509_STORE_CTX_free(v);
}

static void
key(struct check *c, const struct pair *p)
{
	FILE		*f = fopen(p->key, "re");
	EVP_PKEY	*k;

	if (f == NULL) {
		check_say(c, errno == ENOENT ? CHECK_ERROR : CHECK_NOTE,
		    p->key, errno == ENOENT ? RENEW : "ask as root",
		    "the private key cannot be read: %s", strerror(errno));
		return;
	}
	k = PEM_read_PrivateKey(f, NULL, NULL, (void *)"");
	fclose(f);
	if (k == NULL)
		check_say(c, CHECK_ERROR, p->key, RENEW,
		    "is no private key in PEM without a pass phrase");
	else if (X509_check_private_key(p->cert, k) != 1)
		check_say(c, CHECK_ERROR, p->key, RENEW,
		    "does not belong to %s", p->path);
	ERR_clear_error();
	EVP_PKEY_free(k);
}

static int
is_name(void *wanted, const char *uri)
{
	return strcmp(uri, wanted) == 0;
}

/* Neighbours know a node by its URI. */
static void
node_name(struct check *c, const struct pair *p)
{
	char	uri[128];

	snprintf(uri, sizeof(uri), "urn:qkdnode:km:%.64s",
	    confread_str(&p->conf->cfg, "kme_id", ""));
	if (tlscert_uris(p->cert, is_name, uri) != 1)
		check_say(c, CHECK_ERROR, p->path, RENEW, "does not name %s: "
		    "neighbours refuse it", uri);
}

/* Applications and neighbours look for the address that they dialled. */
static void
address(struct check *c, const struct pair *p)
{
	const char	*listen = confread_str(&p->conf->cfg, "listen", "");
	char		 host[256], *end;

	snprintf(host, sizeof(host), "%s", *listen == '[' ? listen + 1 :
	    listen);
	if ((end = strrchr(host, ':')) == NULL)
		return;
	*end = '\0';
	host[strcspn(host, "]")] = '\0';
	if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0 ||
	    X509_check_ip_asc(p->cert, host, 0) == 1 ||
	    X509_check_host(p->cert, host, 0, 0, NULL) == 1)
		return;
	check_say(c, CHECK_WARNING, p->path, "qkdnode-pki with --address",
	    "does not name %s, where the daemon listens: clients that check "
	    "the address refuse it", host);
}

/* All CAs of the file, each with its date. */
static X509_STORE *
load_ca(struct check *c, const char *path)
{
	X509_STORE	*s = X509_STORE_new();
	FILE		*f = fopen(path, "re");
	X509		*x = NULL;
	unsigned	 n = 0;

	while (s != NULL && f != NULL &&
	    (x = PEM_read_X509(f, NULL, NULL, NULL)) != NULL) {
		dates(c, path, "the CA", X509_get0_notAfter(x), 3 * WARN_DAYS,
		    "a new CA: put both into the file, then new certificates");
		X509_STORE_add_cert(s, x);
		X509_free(x);
		n++;
	}
	ERR_clear_error();
	if (f != NULL)
		fclose(f);
	if (n == 0)
		check_say(c, CHECK_ERROR, path, "put the CA's certificate "
		    "there", "holds no certificate, or cannot be read");
	return s;
}

static void
option_path(const struct check *c, const struct check_conf *f,
    const char *name, char out[CHECK_PATH])
{
	check_path(c, confread_str(&f->cfg, name, ""), out);
}

static void
pair(struct check *c, const struct check_conf *f, bool relayd)
{
	struct pair	p = { .conf = f, .chain = sk_X509_new_null() };

	option_path(c, f, "certificate", p.path);
	option_path(c, f, "private_key", p.key);
	option_path(c, f, "ca", p.ca);
	p.store = load_ca(c, p.ca);
	if (!load(c, &p))
		goto out;
	dates(c, p.path, "the certificate", X509_get0_notAfter(p.cert),
	    WARN_DAYS, RENEW);
	verify(c, &p);
	key(c, &p);
	address(c, &p);
	if (relayd)
		node_name(c, &p);
out:
	X509_free(p.cert);
	sk_X509_pop_free(p.chain, X509_free);
	X509_STORE_free(p.store);
}

/* One for each CA of clients; the file may have more. */
static void
crls(struct check *c)
{
	static const char	remedy[] = "qkdnode-pki crl DIR, then "
	    "systemctl reload qkdnode-ksa";
	char			path[CHECK_PATH];
	FILE			*f;
	X509_CRL		*l;
	unsigned		 n = 0;

	if (*confread_str(&c->ksa.cfg, "crl", "") == '\0')
		return;
	option_path(c, &c->ksa, "crl", path);
	f = fopen(path, "re");
	while (f != NULL && (l = PEM_read_X509_CRL(f, NULL, NULL, NULL)) !=
	    NULL) {
		dates(c, path, "the revocation list",
		    X509_CRL_get0_nextUpdate(l), CRL_WARN_DAYS, remedy);
		X509_CRL_free(l);
		n++;
	}
	ERR_clear_error();
	if (f != NULL)
		fclose(f);
	if (n == 0)
		check_say(c, CHECK_ERROR, path, remedy,
		    "is no revocation list, or cannot be read");
}

void
check_certificates(struct check *c)
{
	if (c->ksa.there) {
		pair(c, &c->ksa, false);
		crls(c);
	}
	if (c->relayd.there)
		pair(c, &c->relayd, true);
}
