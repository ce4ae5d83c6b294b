/* kek.c - node keys of all kinds; those of octets, from a file. */
#include "kekimpl.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "confine.h"
#include "err.h"
#include "log.h"
#include "secret.h"

#define CREDENTIAL	"credential:"
#define NAME_MAX_OCTETS	255

/* ---- octets ---- */

/*
 * The wrapping key is derived: stores of before are sealed by the octets
 * themselves, and a key has one use.
 */
static int
use_octets(struct kek *k, const uint8_t octets[SEAL_KEY])
{
	static const char	label[] = "qkdnode: wraps the keys of a store";
	uint8_t			*key = secure_calloc(SEAL_KEY);
	unsigned		 len;
	int			 r = -E_NO_MEMORY;

	if (key != NULL && (k->octets = secure_calloc(SEAL_KEY)) != NULL &&
	    HMAC(EVP_sha256(), octets, SEAL_KEY, (const uint8_t *)label,
	    sizeof(label) - 1, key, &len) != NULL && len == SEAL_KEY) {
		memcpy(k->octets, octets, SEAL_KEY);
		r = sealer_new(&k->sealer, key);
	}
	secure_free(key, SEAL_KEY);
	return r;
}

static int
octets_wrap(struct kek *k, uint8_t out[KEK_WRAPPED],
    const uint8_t key[SEAL_KEY], const void *aad, size_t aadlen)
{
	return seal(k->sealer, out, key, SEAL_KEY, aad, aadlen);
}

static int
octets_unwrap(struct kek *k, uint8_t key[SEAL_KEY],
    const uint8_t in[KEK_WRAPPED], const void *aad, size_t aadlen)
{
	return unseal(k->sealer, key, in, KEK_WRAPPED, aad, aadlen);
}

static void
octets_close(struct kek *k)
{
	sealer_free(&k->sealer);
	kek_forget(k);
}

/* ---- files ---- */

static const char *
path_check(const char *spec)
{
	return spec[0] == '/' ? NULL : "a path that begins with /, "
	    "credential:NAME, or a pkcs11: URI is expected";
}

static void
path_admit(const char *path)
{
	confine_also(CONFINE_READ, path);
}

static int
path_open(struct kek *k, const char *path)
{
	uint8_t	*key = secure_calloc(SEAL_KEY);
	int	 r = -E_NO_MEMORY;

	if (key != NULL && (r = seal_load_key(path, key)) == 0)
		r = use_octets(k, key);
	secure_free(key, SEAL_KEY);
	return r;
}

static const char *
credential_check(const char *spec)
{
	const char	*name = spec + strlen(CREDENTIAL);

	if (*name == '\0' || strlen(name) > NAME_MAX_OCTETS ||
	    strchr(name, '/') != NULL || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return "the name of a credential is expected after "
		    "credential:";
	return NULL;
}

/* confine_files() lets all credentials be read. */
static void
credential_admit(const char *spec)
{
	(void)spec;
}

static int
credential_open(struct kek *k, const char *spec)
{
	const char	*dir = getenv("CREDENTIALS_DIRECTORY");
	const char	*name = spec + strlen(CREDENTIAL);
	char		 path[KEK_SPEC_MAX + 1024];

	if (dir == NULL || dir[0] != '/' || strlen(dir) >= 1024) {
		log_err("node key is missing", "node_key=%s reason=\"the "
		    "service manager has given no credentials\" remedy=\"set "
		    "LoadCredentialEncrypted=%s:FILE in the unit, or let "
		    "node_key name a file\"", log_quote(spec), name);
		return -E_CONFIG;
	}
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path_open(k, path);
}

/* ---- all ---- */

/* The last row takes what no other has. */
static const struct kek_kind kinds[] = {
	{ CREDENTIAL, credential_check, credential_admit, credential_open,
	  octets_wrap, octets_unwrap, octets_close },
	{ "pkcs11:", kektoken_check, kektoken_admit, kektoken_open,
	  kektoken_wrap, kektoken_unwrap, kektoken_close },
	{ "", path_check, path_admit, path_open, octets_wrap, octets_unwrap,
	  octets_close },
};

static const struct kek_kind *
kind_of(const char *spec)
{
	const struct kek_kind	*k = kinds;

	while (strncmp(spec, k->prefix, strlen(k->prefix)) != 0)
		k++;
	return k;
}

const char *
kek_check(const char *spec)
{
	return strlen(spec) >= KEK_SPEC_MAX ? "too long" :
	    kind_of(spec)->check(spec);
}

void
kek_admit(const char *spec)
{
	if (*spec != '\0')
		kind_of(spec)->admit(spec);
}

int
kek_conf_check(const char *spec, const char *next, const char *path,
    FILE *err)
{
	const char	*wrong = kek_check(spec), *name = "node_key";

	if (wrong == NULL && *next != '\0') {
		wrong = kek_check(next);
		name = "node_key_next";
	}
	if (wrong == NULL)
		return 0;
	fprintf(err, "%s: %s: %s\n", path, name, wrong);
	return -E_CONFIG;
}

struct kek *
kek_new(const char *spec)
{
	struct kek	*k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->kind = kind_of(spec);
	snprintf(k->spec, sizeof(k->spec), "%s", spec);
	if (kek_check(spec) != NULL || k->kind->open(k, spec) < 0) {
		log_err("the node key cannot be had", "node_key=%s "
		    "remedy=\"put back the file, the credential or the token; "
		    "without it the store stays shut\"", log_quote(spec));
		kek_free(&k);
	}
	return k;
}

struct kek *
kek_of(const uint8_t key[SEAL_KEY])
{
	struct kek	*k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->kind = kind_of("");
	if (use_octets(k, key) < 0)
		kek_free(&k);
	return k;
}

void
kek_free(struct kek **k)
{
	if (*k == NULL)
		return;
	(*k)->kind->close(*k);
	free(*k);
	*k = NULL;
}

int
kek_wrap(struct kek *k, uint8_t out[KEK_WRAPPED],
    const uint8_t key[SEAL_KEY], const void *aad, size_t aadlen)
{
	return k->kind->wrap(k, out, key, aad, aadlen);
}

int
kek_unwrap(struct kek *k, uint8_t key[SEAL_KEY],
    const uint8_t in[KEK_WRAPPED], const void *aad, size_t aadlen)
{
	return k->kind->unwrap(k, key, in, aad, aadlen);
}

int
kek_octets(const struct kek *k, uint8_t key[SEAL_KEY])
{
	if (k->octets == NULL)
		return -E_NOT_FOUND;
	memcpy(key, k->octets, SEAL_KEY);
	return 0;
}

void
kek_forget(struct kek *k)
{
	secure_free(k->octets, SEAL_KEY);
	k->octets = NULL;
}

const char *
kek_spec(const struct kek *k)
{
	return k->spec;
}
