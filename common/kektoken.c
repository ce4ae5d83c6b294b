/*
 * kektoken.c - a node key that stays in a PKCS#11 token, which wraps by
 * AES-GCM, in the same form as seal.h. The module is loaded, the token found
 * and opened when the daemon starts, before it shuts its door.
 */
#include "kekimpl.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/pin.h>
#include <p11-kit/uri.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "confine.h"
#include "err.h"
#include "log.h"

#define NONCE		12
#define TAG		16
#define PIN_MAX		255
#define SLOTS_MAX	64

struct token {
	CK_FUNCTION_LIST	*fn;
	CK_SESSION_HANDLE	 session;	/* 0: none */
	CK_OBJECT_HANDLE	 key;
};

/* ---- the URI ---- */

static P11KitUri *
parse(const char *spec)
{
	P11KitUri	*uri = p11_kit_uri_new();

	if (uri != NULL && p11_kit_uri_parse(spec, P11_KIT_URI_FOR_ANY,
	    uri) != P11_KIT_URI_OK) {
		p11_kit_uri_free(uri);
		uri = NULL;
	}
	return uri;
}

/* A file, with or without file: before it; else a credential. */
static int
pin_path(const char *source, char *out, size_t room)
{
	static const char	cred[] = "credential:";
	const char		*dir = getenv("CREDENTIALS_DIRECTORY");
	int			 n;

	if (strncmp(source, cred, sizeof(cred) - 1) == 0)
		n = dir == NULL || strchr(source, '/') != NULL ? -1 :
		    snprintf(out, room, "%s/%s", dir,
		    source + sizeof(cred) - 1);
	else
		n = snprintf(out, room, "%s", source +
		    (strncmp(source, "file:", 5) == 0 ? 5 : 0));
	return n < 0 || (size_t)n >= room ? -E_CONFIG : 0;
}

static const char *
check(P11KitUri *uri)
{
	const char	*module = p11_kit_uri_get_module_path(uri);
	const char	*pin = p11_kit_uri_get_pin_source(uri);

	if (p11_kit_uri_get_pin_value(uri) != NULL)
		return "a PIN does not belong into the configuration: use "
		    "pin-source";
	if (p11_kit_uri_any_unrecognized(uri))
		return "an attribute that is not known";
	if (module == NULL || module[0] != '/')
		return "module-path with the module's whole path is expected";
	if (pin == NULL || (pin[0] != '/' && strncmp(pin, "file:/", 6) != 0 &&
	    strncmp(pin, "credential:", 11) != 0))
		return "pin-source with a whole path, or credential:NAME, is "
		    "expected";
	if (p11_kit_uri_get_attribute(uri, CKA_LABEL) == NULL &&
	    p11_kit_uri_get_attribute(uri, CKA_ID) == NULL)
		return "the key's object or id is expected";
	return NULL;
}

const char *
kektoken_check(const char *spec)
{
	P11KitUri	*uri = parse(spec);
	const char	*wrong;

	if (uri == NULL)
		return "not a pkcs11: URI (RFC 7512)";
	wrong = check(uri);
	p11_kit_uri_free(uri);
	return wrong;
}

/* ---- the token ---- */

static int
refused(const char *step, CK_RV rv, const char *remedy)
{
	log_err("the token does not give the node key", "step=%s reason=%s "
	    "remedy=%s", step, log_quote(p11_kit_strerror(rv)),
	    log_quote(remedy));
	return -E_SYSTEM;
}

static int
load(struct token *t, P11KitUri *uri)
{
	const char	*path = p11_kit_uri_get_module_path(uri);
	CK_RV		 rv;

	t->fn = p11_kit_module_load(path, P11_KIT_MODULE_CRITICAL);
	if (t->fn == NULL) {
		log_err("the token's module cannot be loaded", "path=%s "
		    "reason=%s", log_quote(path),
		    log_quote(p11_kit_message() == NULL ? "none given" :
		    p11_kit_message()));
		return -E_CONFIG;
	}
	if ((rv = p11_kit_module_initialize(t->fn)) == CKR_OK)
		return 0;
	p11_kit_module_release(t->fn);
	t->fn = NULL;
	return refused("initialize", rv, "look at the module's own "
	    "configuration and who may read it");
}

static int
find_slot(struct token *t, P11KitUri *uri, CK_SLOT_ID *slot)
{
	CK_SLOT_ID	slots[SLOTS_MAX];
	CK_ULONG	n = SLOTS_MAX;
	CK_TOKEN_INFO	info;
	CK_RV		rv;

	if ((rv = t->fn->C_GetSlotList(CK_TRUE, slots, &n)) != CKR_OK)
		return refused("slots", rv, "is the token there?");
	for (CK_ULONG i = 0; i < n; i++)
		if (t->fn->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
		    p11_kit_uri_match_token_info(uri, &info) == 1) {
			*slot = slots[i];
			return 0;
		}
	return refused("find token", CKR_TOKEN_NOT_PRESENT,
	    "is the token there, and is it named so?");
}

static int
read_pin(P11KitUri *uri, uint8_t pin[PIN_MAX + 1], size_t *len)
{
	char	path[PATH_MAX];
	ssize_t	n, got = 0;
	int	fd;

	if (pin_path(p11_kit_uri_get_pin_source(uri), path,
	    sizeof(path)) < 0) {
		log_err("the PIN's credential is missing", "remedy=\"set "
		    "LoadCredentialEncrypted= in the unit\"");
		return -E_CONFIG;
	}
	if ((fd = seal_open_file(path)) < 0)
		return fd;
	while (got <= PIN_MAX && (n = read(fd, pin + got,
	    (size_t)(PIN_MAX + 1 - got))) > 0)
		got += n;
	close(fd);
	if (got > 0 && pin[got - 1] == '\n')
		got--;
	*len = (size_t)got;
	if (got > 0 && got <= PIN_MAX)
		return 0;
	log_err("there is no PIN in its file", "path=%s remedy=\"a file with "
	    "1 to %d octets\"", log_quote(path), PIN_MAX);
	return -E_CONFIG;
}

static int
login(struct token *t, P11KitUri *uri, CK_SLOT_ID slot)
{
	uint8_t	pin[PIN_MAX + 1];
	size_t	len = 0;
	CK_RV	rv;
	int	r;

	if ((rv = t->fn->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL,
	    &t->session)) != CKR_OK)
		return refused("open", rv, "is another program using it?");
	if ((r = read_pin(uri, pin, &len)) == 0 && (rv = t->fn->C_Login(
	    t->session, CKU_USER, pin, len)) != CKR_OK &&
	    rv != CKR_USER_ALREADY_LOGGED_IN)
		r = refused("login", rv, "is the PIN in pin-source right? A "
		    "token locks after a few wrong ones");
	OPENSSL_cleanse(pin, sizeof(pin));
	return r;
}

/* The attributes of the URI, and that it is a secret key. Exactly one. */
static int
find_key(struct token *t, P11KitUri *uri)
{
	CK_OBJECT_CLASS		class = CKO_SECRET_KEY;
	CK_OBJECT_HANDLE	found[2];
	CK_ATTRIBUTE		want[3] = {
		{ CKA_CLASS, &class, sizeof(class) } }, *a;
	CK_ULONG		n = 1, got = 0;
	CK_RV			rv;

	if ((a = p11_kit_uri_get_attribute(uri, CKA_LABEL)) != NULL)
		want[n++] = *a;
	if ((a = p11_kit_uri_get_attribute(uri, CKA_ID)) != NULL)
		want[n++] = *a;
	if ((rv = t->fn->C_FindObjectsInit(t->session, want, n)) == CKR_OK) {
		rv = t->fn->C_FindObjects(t->session, found, 2, &got);
		t->fn->C_FindObjectsFinal(t->session);
	}
	if (rv != CKR_OK || got != 1)
		return refused("find key", rv != CKR_OK ? rv :
		    CKR_KEY_HANDLE_INVALID, got > 1 ? "name it by its id: "
		    "there are several" : "make an AES key of 256 bits of "
		    "that name in the token");
	t->key = found[0];
	return 0;
}

/* Loaded now, it stays; the session is opened with the store. */
void
kektoken_admit(const char *spec)
{
	struct token	 t = { NULL, 0, 0 };
	P11KitUri	*uri = parse(spec);
	char		 pin[PATH_MAX];

	if (uri == NULL)
		return;
	(void)load(&t, uri);	/* what is wrong comes up again */
	if (pin_path(p11_kit_uri_get_pin_source(uri), pin, sizeof(pin)) == 0)
		confine_also(CONFINE_READ, pin);
	p11_kit_uri_free(uri);
}

int
kektoken_open(struct kek *k, const char *spec)
{
	P11KitUri	*uri = parse(spec);
	CK_SLOT_ID	 slot;
	int		 r = -E_CONFIG;

	if (uri == NULL ||
	    (k->token = calloc(1, sizeof(*k->token))) == NULL)
		goto out;
	if ((r = load(k->token, uri)) == 0 &&
	    (r = find_slot(k->token, uri, &slot)) == 0 &&
	    (r = login(k->token, uri, slot)) == 0)
		r = find_key(k->token, uri);
out:
	p11_kit_uri_free(uri);
	return r;
}

void
kektoken_close(struct kek *k)
{
	struct token	*t = k->token;

	if (t == NULL)
		return;
	if (t->session != 0)
		t->fn->C_CloseSession(t->session);
	if (t->fn != NULL) {
		p11_kit_module_finalize(t->fn);
		p11_kit_module_release(t->fn);
	}
	free(t);
	k->token = NULL;
}

/* ---- wrapping ---- */

static CK_MECHANISM
gcm(CK_GCM_PARAMS *p, uint8_t *nonce, const void *aad, size_t aadlen)
{
	*p = (CK_GCM_PARAMS){ nonce, NONCE, NONCE * 8, (uint8_t *)aad, aadlen,
	    TAG * 8 };
	return (CK_MECHANISM){ CKM_AES_GCM, p, sizeof(*p) };
}

int
kektoken_wrap(struct kek *k, uint8_t out[KEK_WRAPPED],
    const uint8_t key[SEAL_KEY], const void *aad, size_t aadlen)
{
	struct token	*t = k->token;
	CK_GCM_PARAMS	 p;
	CK_MECHANISM	 m = gcm(&p, out, aad, aadlen);
	CK_ULONG	 n = KEK_WRAPPED - NONCE;
	CK_RV		 rv;

	if (RAND_bytes(out, NONCE) != 1)
		return -E_RANDOM;
	if ((rv = t->fn->C_EncryptInit(t->session, &m, t->key)) != CKR_OK ||
	    (rv = t->fn->C_Encrypt(t->session, (uint8_t *)key, SEAL_KEY,
	    out + NONCE, &n)) != CKR_OK)
		return refused("wrap", rv, "the key must be AES, with the "
		    "right to encrypt by AES-GCM");
	return n == KEK_WRAPPED - NONCE ? 0 : -E_SEAL;
}

int
kektoken_unwrap(struct kek *k, uint8_t key[SEAL_KEY],
    const uint8_t in[KEK_WRAPPED], const void *aad, size_t aadlen)
{
	struct token	*t = k->token;
	uint8_t		 blob[KEK_WRAPPED], clear[KEK_WRAPPED];
	CK_GCM_PARAMS	 p;
	CK_MECHANISM	 m = gcm(&p, blob, aad, aadlen);
	CK_ULONG	 n = sizeof(clear);
	CK_RV		 rv;

	memcpy(blob, in, sizeof(blob));
	if ((rv = t->fn->C_DecryptInit(t->session, &m, t->key)) == CKR_OK)
		rv = t->fn->C_Decrypt(t->session, blob + NONCE,
		    KEK_WRAPPED - NONCE, clear, &n);
	if (rv == CKR_OK && n == SEAL_KEY)
		memcpy(key, clear, SEAL_KEY);
	OPENSSL_cleanse(clear, sizeof(clear));
	return rv == CKR_OK && n == SEAL_KEY ? 0 : -E_SEAL;
}
