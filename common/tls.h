/* tls.h - TLS contexts: mutual authentication, 1.2 and 1.3, no renegotiation. */
#ifndef QKD_TLS_H
#define QKD_TLS_H

#include <openssl/ssl.h>

struct tls_files {
	const char	*certificate;	/* PEM, our chain */
	const char	*private_key;	/* PEM */
	const char	*ca;		/* PEM: who may connect to us */
};

/*
 * Server side: a client certificate of `ca` is required; sessions are kept
 * in the server's cache (no tickets), no early data. Errors name the file
 * and what is wrong with it (not readable, not PEM, key does not match,
 * expired at ...). NULL on failure, logged.
 */
SSL_CTX	*tls_server(const struct tls_files *);
SSL_CTX	*tls_client(const struct tls_files *);
/* The reasons in OpenSSL's error queue as text; clears it. Static buffer. */
const char *tls_reason(void);
/*
 * Which certificate of the peer's chain was refused, and why; NULL if none
 * was. Belongs to the SSL.
 */
const char *tls_refused(const SSL *);
/* Subject CN (UTF-8, no NUL inside): 0 or -E_NOT_FOUND, -E_BAD_FORMAT. */
int	tls_cert_cn(X509 *, char *out, size_t room);
/*
 * Calls fn for every SAN URI until it returns nonzero; returns that. A URI
 * that is not plain ASCII text is passed over.
 */
int	tls_cert_uris(X509 *, int (*fn)(void *, const char *), void *arg);
/* "CN=..., serial ..., expires ..." for the log. Static buffer. */
const char *tls_cert_text(X509 *);

#endif
