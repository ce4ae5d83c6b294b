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
 * else may write and others may not read, of root or of this user; root may
 * read those of daemons. Errors are logged.
 */
int	seal_load_key(const char *path, uint8_t key[SEAL_KEY]);
/* Such a file, for reading: a descriptor, or -E_CONFIG, logged. */
int	seal_open_file(const char *path);
int	sealer_new(struct sealer **, const uint8_t key[SEAL_KEY]);
void	sealer_free(struct sealer **);
/* Its keys go, and it opens and seals nothing any more. */
void	sealer_wipe(struct sealer *);
/*
 * A new key, in steps: prepared by any thread; from the turn on it seals, and
 * what the one before has sealed opens too; until that is forgotten. The last
 * two on the sealer's own thread. What does not open is tried with both.
 */
int	sealer_prepare(struct sealer *, const uint8_t key[SEAL_KEY]);
void	sealer_turn(struct sealer *);
void	sealer_forget(struct sealer *);
/* How many the key of now has sealed here; any thread may ask. */
uint64_t sealer_seals(struct sealer *);
/* Writes len + SEAL_OVERHEAD octets to out. */
int	seal(struct sealer *, uint8_t *out, const uint8_t *in, size_t len,
	    const void *aad, size_t aadlen);
/* len is the sealed length; writes len - SEAL_OVERHEAD octets. -E_SEAL. */
int	unseal(struct sealer *, uint8_t *out, const uint8_t *in, size_t len,
	    const void *aad, size_t aadlen);
/* In place: 1: it was under the key before and is under that of now; 0: was
 * already; -E_SEAL: is under neither. `clear`: len - SEAL_OVERHEAD octets of
 * locked memory. */
int	reseal(struct sealer *, uint8_t *clear, uint8_t *sealed, size_t len,
	    const void *aad, size_t aadlen);

#endif
