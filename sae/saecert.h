/* saecert.h - which KME a certificate is for. */
#ifndef SAE_CERT_H
#define SAE_CERT_H

#include <openssl/x509.h>
#include <stdbool.h>

#define SAECERT_URN	"urn:qkdnode:km:"

/*
 * Whether the certificate says this KME ID: as subject CN, as SAN DNS name, or
 * as SAN URI, itself or behind SAECERT_URN.
 */
bool	saecert_names(X509 *, const char *kme_id);

#endif
