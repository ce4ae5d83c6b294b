/* dn.h - distinguished names: read from text, and compared. */
#ifndef KSA_DN_H
#define KSA_DN_H

#include <openssl/x509.h>
#include <stddef.h>
#include <stdint.h>

/*
 * RFC 4514, "CN=x,O=y,C=z": the attribute that a certificate has last stands
 * first. Types: names or numbers; values are escaped as it says, except that
 * none is empty, in # hex, or has control characters. -E_BAD_FORMAT,
 * -E_NO_MEMORY.
 */
int	dn_parse(const char *, size_t len, X509_NAME **);
/*
 * The octets of a name in a form that is the same for names that are equal:
 * as X509_NAME_cmp() has it, spaces and the case of ASCII letters do not
 * count, nor does the kind of string, here not even of rare ones. How many,
 * or -E_BAD_FORMAT.
 */
int	dn_canonical(const X509_NAME *, uint8_t *out, size_t room);

#endif
