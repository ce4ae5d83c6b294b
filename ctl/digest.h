/* digest.h - SHA-256 as hex digits. */
#ifndef CTL_DIGEST_H
#define CTL_DIGEST_H

#include <openssl/evp.h>

#include "manifest.h"

/* Frees the context; -1 if any step before or this one failed. */
int	digest_end(EVP_MD_CTX *, char out[MANIFEST_SHA + 1]);
EVP_MD_CTX *digest_begin(void);
int	digest_text(const char *, size_t, char out[MANIFEST_SHA + 1]);
/* And its size. */
int	digest_file(const char *path, uint64_t *size,
	    char out[MANIFEST_SHA + 1]);

#endif
