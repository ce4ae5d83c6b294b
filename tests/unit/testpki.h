/* testpki.h - throw-away certificates for tests, made in the process. */
#ifndef TESTPKI_H
#define TESTPKI_H

#include <openssl/ssl.h>

#define TESTPKI_PATH	256

struct testpki {
	char	 dir[64];
	char	 ca[TESTPKI_PATH];
	X509	*ca_cert;
	EVP_PKEY *ca_key;
};

/* A directory of its own under /tmp with a CA in it. Aborts on failure. */
void	testpki_open(struct testpki *);
void	testpki_open_named(struct testpki *, const char *ca);
void	testpki_close(struct testpki *);	/* removes the directory */
/*
 * NAME.crt and NAME.key in the directory. san: as in openssl.cnf, or NULL;
 * valid from now - 1 h to now + seconds.
 */
void	testpki_issue(struct testpki *, const char *name, const char *cn,
	    const char *san, long seconds);
void	testpki_path(const struct testpki *, const char *file,
	    char out[TESTPKI_PATH]);
X509	*testpki_load(const struct testpki *, const char *name);
/* FILE in the directory: the CA's CRL, valid from now - 1 h to now + seconds,
 * with a certificate on it, or none if it is NULL. */
void	testpki_crl(const struct testpki *, const char *file, long seconds,
	    X509 *revoked);
/* A context of tls.c with the certificate of this name. */
SSL_CTX	*testpki_server(const struct testpki *, const char *name);
SSL_CTX	*testpki_client(const struct testpki *, const char *name);

#endif
