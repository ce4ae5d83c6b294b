/* tlscert.h - what a certificate says of its owner, for the log too. */
#ifndef QKD_TLSCERT_H
#define QKD_TLSCERT_H

#include <openssl/x509.h>
#include <stddef.h>
#include <stdint.h>

#define TLSCERT_TEXT	1024

/* Subject CN (UTF-8, no NUL inside): 0 or -E_NOT_FOUND, -E_BAD_FORMAT. */
int	tlscert_cn(X509 *, char *out, size_t room);
/*
 * Calls fn for every SAN URI until it returns nonzero; returns that. A URI
 * that is not plain ASCII text is passed over.
 */
int	tlscert_uris(X509 *, int (*fn)(void *, const char *), void *arg);
/* A name as RFC 4514 writes it, cut short where the room ends. */
void	tlscert_name(X509_NAME *, char *out, size_t room);
/* "2027-01-31T12:00:00Z"; "?" if it is no time. */
void	tlscert_time(const ASN1_TIME *, char out[24]);
/* Milliseconds since 1970; 0: it says no time. */
int64_t	tlscert_expires_ms(X509 *);
/* "SUBJECT, serial ..., expires ..." for people. Static buffer. */
const char *tlscert_text(X509 *);
/* "subject=... serial=... issuer=..." for a log line. Static buffer. */
const char *tlscert_log(X509 *);

#endif
