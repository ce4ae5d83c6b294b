/* base64.h - RFC 4648, padded, strict. */
#ifndef QKD_BASE64_H
#define QKD_BASE64_H

#include <stddef.h>
#include <stdint.h>

#define BASE64_LEN(octets)	(((octets) + 2) / 3 * 4)

/* Writes BASE64_LEN(len) characters, no NUL. Returns that length. */
size_t	base64_encode(char *out, const uint8_t *in, size_t len);
/*
 * E_BAD_FORMAT for anything that base64_encode() would not have written
 * (blanks, missing padding, stray bits); E_TOO_LARGE if it exceeds `room`.
 */
int	base64_decode(uint8_t *out, size_t room, size_t *len, const char *in,
	    size_t inlen);

#endif
