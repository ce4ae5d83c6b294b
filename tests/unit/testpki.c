#include "testpki.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tls.h"

static void
must(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "testpki: %s\n", what);
		abort();
	}
}

void
testpki_path(const struct testpki *pki, const char *file,
    char out[TESTPKI_PATH])
{
	snprintf(out, TESTPKI_PATH, "%s/%s", pki->dir, file);
}

static void
extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX	 ctx;
	X509_EXTENSION	*ext;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	must((ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value)) != NULL,
	    value);
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
}

static X509 *
certificate(EVP_PKEY *key, const char *cn, long seconds)
{
	static long	 serial = 1;
	X509		*cert = X509_new();

	must(cert != NULL, "X509_new");
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), seconds);
	X509_set_pubkey(cert, key);
	if (cn != NULL)
		X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN",
		    MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
	return cert;
}

static void
save(const struct testpki *pki, const char *name, X509 *cert, EVP_PKEY *key)
{
	char	 file[128], path[TESTPKI_PATH];
	FILE	*f;

	snprintf(file, sizeof(file), "%s.crt", name);
	testpki_path(pki, file, path);
	must((f = fopen(path, "w")) != NULL, path);
	PEM_write_X509(f, cert);
	fclose(f);
	snprintf(file, sizeof(file), "%s.key", name);
	testpki_path(pki, file, path);
	must((f = fopen(path, "w")) != NULL, path);
	must(fchmod(fileno(f), 0600) == 0, "fchmod");
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
}

void
testpki_open_named(struct testpki *pki, const char *ca)
{
	strcpy(pki->dir, "/tmp/testpki.XXXXXX");
	must(mkdtemp(pki->dir) != NULL, "mkdtemp");
	pki->ca_key = EVP_EC_gen("P-256");
	pki->ca_cert = certificate(pki->ca_key, ca, 86400);
	X509_set_issuer_name(pki->ca_cert,
	    X509_get_subject_name(pki->ca_cert));
	extend(pki->ca_cert, pki->ca_cert, NID_basic_constraints,
	    "critical,CA:TRUE");
	X509_sign(pki->ca_cert, pki->ca_key, EVP_sha256());
	save(pki, "ca", pki->ca_cert, pki->ca_key);
	testpki_path(pki, "ca.crt", pki->ca);
}

void
testpki_open(struct testpki *pki)
{
	testpki_open_named(pki, "test CA");
}

void
testpki_issue(struct testpki *pki, const char *name, const char *cn,
    const char *san, long seconds)
{
	EVP_PKEY	*key = EVP_EC_gen("P-256");
	X509		*cert = certificate(key, cn, seconds);

	X509_set_issuer_name(cert, X509_get_subject_name(pki->ca_cert));
	extend(cert, pki->ca_cert, NID_basic_constraints, "CA:FALSE");
	if (san != NULL)
		extend(cert, pki->ca_cert, NID_subject_alt_name, san);
	must(X509_sign(cert, pki->ca_key, EVP_sha256()) > 0, "X509_sign");
	save(pki, name, cert, key);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static ASN1_TIME *
moment(long seconds)
{
	ASN1_TIME	*t = X509_gmtime_adj(NULL, seconds);

	must(t != NULL, "ASN1_TIME");
	return t;
}

static void
put_on_list(X509_CRL *crl, X509 *cert)
{
	X509_REVOKED	*r = X509_REVOKED_new();
	ASN1_TIME	*t = moment(-60);

	X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(cert));
	X509_REVOKED_set_revocationDate(r, t);
	must(X509_CRL_add0_revoked(crl, r), "X509_CRL_add0_revoked");
	ASN1_TIME_free(t);
}

void
testpki_crl(const struct testpki *pki, const char *file, long seconds,
    X509 *revoked)
{
	ASN1_TIME	*begin = moment(-3600), *end = moment(seconds);
	X509_CRL	*crl = X509_CRL_new();
	char		 path[TESTPKI_PATH];
	FILE		*f;

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(pki->ca_cert));
	X509_CRL_set1_lastUpdate(crl, begin);
	X509_CRL_set1_nextUpdate(crl, end);
	if (revoked != NULL)
		put_on_list(crl, revoked);
	must(X509_CRL_sign(crl, pki->ca_key, EVP_sha256()) > 0, "sign");
	testpki_path(pki, file, path);
	must((f = fopen(path, "w")) != NULL, path);
	PEM_write_X509_CRL(f, crl);
	fclose(f);
	X509_CRL_free(crl);
	ASN1_TIME_free(begin);
	ASN1_TIME_free(end);
}

void
testpki_close(struct testpki *pki)
{
	DIR		*d = opendir(pki->dir);
	struct dirent	*e;
	char		 path[TESTPKI_PATH + 64];

	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", pki->dir, e->d_name);
		unlink(path);
	}
	if (d != NULL)
		closedir(d);
	rmdir(pki->dir);
	X509_free(pki->ca_cert);
	EVP_PKEY_free(pki->ca_key);
}

X509 *
testpki_load(const struct testpki *pki, const char *name)
{
	char	 file[128], path[TESTPKI_PATH];
	X509	*cert;
	FILE	*f;

	snprintf(file, sizeof(file), "%s.crt", name);
	testpki_path(pki, file, path);
	must((f = fopen(path, "r")) != NULL, path);
	must((cert = PEM_read_X509(f, NULL, NULL, NULL)) != NULL, path);
	fclose(f);
	return cert;
}

static SSL_CTX *
context(const struct testpki *pki, const char *name,
    SSL_CTX *(*make)(const struct tls_files *))
{
	char	file[128], crt[TESTPKI_PATH], key[TESTPKI_PATH];
	struct tls_files f = { crt, key, pki->ca, NULL };

	snprintf(file, sizeof(file), "%s.crt", name);
	testpki_path(pki, file, crt);
	snprintf(file, sizeof(file), "%s.key", name);
	testpki_path(pki, file, key);
	return make(&f);
}

SSL_CTX *
testpki_server(const struct testpki *pki, const char *name)
{
	return context(pki, name, tls_server);
}

SSL_CTX *
testpki_client(const struct testpki *pki, const char *name)
{
	return context(pki, name, tls_client);
}
