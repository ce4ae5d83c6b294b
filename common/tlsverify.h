/*
 * tlsverify.h - whether a peer's certificate holds: CA, revocation, time; at
 * the handshake and, for connections that last, again later.
 */
#ifndef QKD_TLSVERIFY_H
#define QKD_TLSVERIFY_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <time.h>

/*
 * From now on every certificate is verified by the CAs of the context, and
 * by the CRLs of a PEM file unless crl is NULL or "". The first certificate
 * of a chain that is refused is logged, with the reason and what to do.
 * Errors are logged.
 */
int	tlsverify_init(SSL_CTX *, const char *ca, const char *crl);
/* Why which certificate of the peer was refused; NULL if none was. */
const char *tlsverify_refused(const SSL *);
/*
 * After a handshake: does the peer's certificate hold by `ctx`, of which the
 * connection need not be? 0 and *until: it does, and nothing changes before
 * that time. -E_DENIED: tlsverify_refused() says why; logged. `fresh`: the
 * handshake was just now; what it verified, or the one that it resumes, is
 * not verified twice.
 */
int	tlsverify_peer(SSL_CTX *ctx, SSL *, bool fresh, time_t *until);

#endif
