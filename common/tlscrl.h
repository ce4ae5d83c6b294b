/* tlscrl.h - certificate revocation lists from a file. */
#ifndef QKD_TLSCRL_H
#define QKD_TLSCRL_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <time.h>

/*
 * Adds the CRLs of a PEM file to a store that has its CAs already; from then
 * on each CA of a chain must have a CRL that is valid. A CRL that a CA did
 * not sign itself is an error, one that has expired a warning. Errors are
 * logged with the file. -E_CONFIG.
 */
int	tlscrl_load(X509_STORE *, const char *path);

/* The CRL in use that expires first. */
struct tlscrl {
	char	issuer[256];
	time_t	made, expires;
};
/* False: no CRL, or none that expires. */
bool	tlscrl_first(X509_STORE *, struct tlscrl *);
/* Seconds since 1970; 0: no time. */
time_t	tlscrl_time(const ASN1_TIME *);

#endif
