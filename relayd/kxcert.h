/* kxcert.h - whose Kx certificate is this? */
#ifndef RELAYD_KXCERT_H
#define RELAYD_KXCERT_H

#include <openssl/x509.h>

#include "ident.h"

/*
 * The KM ID in the SAN URI urn:qkdnode:km:ID. -E_NOT_FOUND: there is none,
 * so it is no certificate for Kx, whatever name it carries; -E_BAD_FORMAT:
 * not an ID, or more than one. *why says so.
 */
int	kxcert_km(X509 *, km_id, const char **why);
/*
 * Whether it is the one that a plain peer is known by: "sha256:HEX" of the
 * whole certificate, or "cn:NAME" of its subject.
 */
bool	kxcert_is(X509 *, const char *known_by);
bool	kxcert_known_by_ok(const char *);

#endif
