/* tls.h - TLS contexts: mutual authentication, 1.2 and 1.3, no renegotiation. */
#ifndef QKD_TLS_H
#define QKD_TLS_H

#include <openssl/ssl.h>

struct tls_files {
	const char	*certificate;	/* PEM, our chain */
	const char	*private_key;	/* PEM */
	const char	*ca;		/* PEM: who may connect to us */
	const char	*crl;		/* PEM: who may not; NULL, "": none */
};

/*
 * Server side: a client certificate of `ca` is required; sessions are kept
 * in the server's cache (no tickets), no early data. Errors name the file
 * and what is wrong with it (not readable, not PEM, key does not match,
 * expired at ...). NULL on failure, logged.
 */
SSL_CTX	*tls_server(const struct tls_files *);
SSL_CTX	*tls_client(const struct tls_files *);
/* Instead of SSL_CTX_free() when new connections have another: those that
 * it has may keep it for weeks, but nobody will resume its sessions. */
void	tls_retire(SSL_CTX *);
/* The reasons in OpenSSL's error queue as text; clears it. Static buffer. */
const char *tls_reason(void);

#endif
