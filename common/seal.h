/*
 * seal.h - AES-256-GCM for key bytes on disk: 12 octets random nonce,
 * ciphertext, 16 octets tag; the identity of the row is associated data.
 */
#ifndef QKD_SEAL_H
#define QKD_SEAL_H

#include <stddef.h>
#include <stdint.h>

#define SEAL_OVERHEAD	28
#define SEAL_KEY	32

struct sealer;		/* one per thread: holds cipher contexts */

/*
 * Reads a node key: 32 octets raw or 64 hex digits in a file that nobody
 * else may write and others may not read. Errors are logged.
 */
int	seal_load_key(const char *path, uint8_t key[SEAL_KEY]);
int	sealer_new(struct sealer **, const uint8_t key[SEAL_KEY]);
void	sealer_free(struct sealer **);
/* Writes len + SEAL_OVERHEAD octets to out. */
int	seal(struct sealer *, uint8_t *out, const uint8_t *in, size_t len,
	    const void *aad, size_t aadlen);
/* len is the sealed length; writes len - SEAL_OVERHEAD octets. -E_SEAL. */
int	unseal(struct sealer *, uint8_t *out, const uint8_t *in, size_t len,
	    const void *aad, size_t aadlen);

#endif
