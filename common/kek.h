/*
 * kek.h - the node key, which wraps the data keys of a store (storekey.h). It
 * is a file, a credential of the service manager, or a key in a PKCS#11 token.
 */
#ifndef QKD_KEK_H
#define QKD_KEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "seal.h"

#define KEK_WRAPPED	(SEAL_KEY + SEAL_OVERHEAD)
#define KEK_SPEC_MAX	1024

struct kek;

#define KEK_HELP "Key that seals the store: the path of a file with 32 " \
	"octets; credential:NAME for a credential of the service manager " \
	"(LoadCredentialEncrypted=NAME:...); or the pkcs11: URI (RFC 7512) " \
	"of an AES key in a token, with module-path and " \
	"pin-source; what the module opens besides goes into confine_keep."
#define KEK_NEXT_HELP "A key to change to, written like node_key: the " \
	"daemon wraps the store's keys for both when it starts. Then put it " \
	"into node_key and start again. Empty: none."

/* Pure: NULL, or what is wrong with this node_key. */
const char *kek_check(const char *spec);
/* Of both options; faults go to err, -E_CONFIG. */
int	 kek_conf_check(const char *spec, const char *next, const char *path,
	    FILE *err);
/* Before confine_files(): says what opening it needs, loads a token's module.
 * What that reads and writes stands in `confine_keep`. */
void	 kek_admit(const char *spec);
/* Opens it; what is wrong is logged, with a remedy, and NULL comes back. */
struct kek	*kek_new(const char *spec);
/* Of the octets themselves; NULL: out of memory. */
struct kek	*kek_of(const uint8_t key[SEAL_KEY]);
void	 kek_free(struct kek **);

/* -E_SEAL, -E_SYSTEM: a token refused, logged. */
int	 kek_wrap(struct kek *, uint8_t out[KEK_WRAPPED],
	    const uint8_t key[SEAL_KEY], const void *aad, size_t aadlen);
/* -E_SEAL: not wrapped by it, or for something else. */
int	 kek_unwrap(struct kek *, uint8_t key[SEAL_KEY],
	    const uint8_t in[KEK_WRAPPED], const void *aad, size_t aadlen);
/*
 * Stores used to be sealed by the node key itself. It is remembered until
 * kek_forget(); -E_NOT_FOUND: it is not known (any more), as of a token.
 */
int	 kek_octets(const struct kek *, uint8_t key[SEAL_KEY]);
void	 kek_forget(struct kek *);
/* As configured; without secrets. */
const char *kek_spec(const struct kek *);

#endif
