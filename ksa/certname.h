/*
 * certname.h - the names by which a certificate may speak for an application:
 * subject CN, whole subject DN, and the SANs DNS, URI, email, IP. A name is
 * brought into a form in which equal names are equal octets.
 */
#ifndef KSA_CERTNAME_H
#define KSA_CERTNAME_H

#include <openssl/x509.h>
#include <stdint.h>

#define CERTNAME_ROOM	2048
#define CERTNAME_COUNT	128	/* SANs; a certificate with more has no name */

struct certname {
	size_t	len;
	uint8_t	b[CERTNAME_ROOM];	/* kind, then what that kind holds */
};

/*
 * "cn:NAME", "dn:CN=x,O=y,C=z" (RFC 4514), "dns:host", "uri:...",
 * "email:user@host", "ip:192.0.2.7". -E_BAD_FORMAT and *expected: a text for
 * people.
 */
int	certname_parse(struct certname *, const char *text,
	    const char **expected);
/*
 * Calls fn for each name of a certificate that is in good order until it
 * returns nonzero; returns that, or -E_TOO_LARGE for too many names. What is
 * not in good order (a NUL, no UTF-8, two CNs, a wildcard) is no name.
 */
int	certname_each(X509 *, int (*fn)(void *, const struct certname *),
	    void *arg);

#endif
