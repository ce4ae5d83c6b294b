/* seal.c - AES-256-GCM for key bytes on disk. */
#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "log.h"

#define NONCE	12
#define TAG	16
#define NONCES	64	/* the generator costs as much for one as for many */

/* Set-up of a key costs more than sealing: contexts keep it, IVs change. */
struct contexts { EVP_CIPHER_CTX *enc, *dec; };

struct sealer {
	struct contexts	 now, before, next;
	uint8_t		 nonces[NONCES][NONCE];	/* drawn ahead */
	unsigned	 left;
	_Atomic uint64_t seals;
};

/* ---- node key ---- */

int
seal_open_file(const char *path)
{
	struct stat	st;
	int		fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
	    O_NONBLOCK)) < 0 || fstat(fd, &st) < 0) {
		log_err("node key cannot be read", "path=%s error=%s",
		    log_quote(path), log_quote(strerror(errno)));
		goto fail;
	}
	if (!S_ISREG(st.st_mode) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH | S_IROTH)) != 0 ||
	    (st.st_uid != 0 && st.st_uid != geteuid() && geteuid() != 0)) {
		log_err("node key is not safe", "path=%s mode=%04o uid=%u "
		    "remedy=\"a regular file of root or of this daemon's "
		    "user, mode 0400\"", log_quote(path),
		    (unsigned)st.st_mode & 07777, (unsigned)st.st_uid);
		goto fail;
	}
	return fd;
fail:
	if (fd >= 0)
		close(fd);
	return -E_CONFIG;
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
decode_key(const uint8_t *in, size_t len, uint8_t key[SEAL_KEY])
{
	int	high, low;

	if (len == SEAL_KEY) {
		memcpy(key, in, SEAL_KEY);
		return 0;
	}
	if (len != 2 * SEAL_KEY &&
	    !(len == 2 * SEAL_KEY + 1 && in[len - 1] == '\n'))
		return -E_CONFIG;
	for (size_t i = 0; i < SEAL_KEY; i++) {
		high = hex_digit(in[2 * i]);
		low = hex_digit(in[2 * i + 1]);
		if (high < 0 || low < 0)
			return -E_CONFIG;
		key[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

/* An all-zero key is a placeholder that somebody forgot. */
static bool
all_zero(const uint8_t key[SEAL_KEY])
{
	uint8_t	any = 0;

	for (size_t i = 0; i < SEAL_KEY; i++)
		any |= key[i];
	return any == 0;
}

int
seal_load_key(const char *path, uint8_t key[SEAL_KEY])
{
	uint8_t	buf[2 * SEAL_KEY + 2];	/* one more than the longest */
	ssize_t	n, len = 0;
	int	fd, r;

	if ((fd = seal_open_file(path)) < 0)
		return fd;
	while ((n = read(fd, buf + len, sizeof(buf) - (size_t)len)) > 0)
		len += n;
	r = n < 0 ? -E_SYSTEM : decode_key(buf, (size_t)len, key);
	if (r == 0 && all_zero(key))
		r = -E_CONFIG;
	if (r < 0) {
		log_err("node key is not a key", "path=%s octets=%zd "
		    "expected=\"32 random octets, or 64 hex digits\"",
		    log_quote(path), len);
		OPENSSL_cleanse(key, SEAL_KEY);
	}
	OPENSSL_cleanse(buf, sizeof(buf));
	close(fd);
	return r;
}

/* ---- sealing ---- */

/* Freeing a cipher context wipes the key in it. */
static void
contexts_free(struct contexts *c)
{
	EVP_CIPHER_CTX_free(c->enc);
	EVP_CIPHER_CTX_free(c->dec);
	*c = (struct contexts){ NULL, NULL };
}

static int
contexts_make(struct contexts *c, const uint8_t key[SEAL_KEY])
{
	contexts_free(c);
	if ((c->enc = EVP_CIPHER_CTX_new()) != NULL &&
	    (c->dec = EVP_CIPHER_CTX_new()) != NULL &&
	    EVP_EncryptInit_ex(c->enc, EVP_aes_256_gcm(), NULL, key,
	    NULL) == 1 &&
	    EVP_DecryptInit_ex(c->dec, EVP_aes_256_gcm(), NULL, key,
	    NULL) == 1)
		return 0;
	contexts_free(c);
	return -E_NO_MEMORY;
}

int
sealer_new(struct sealer **out, const uint8_t key[SEAL_KEY])
{
	struct sealer	*s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL || contexts_make(&s->now, key) < 0) {
		sealer_free(&s);
		return -E_NO_MEMORY;
	}
	*out = s;
	return 0;
}

void
sealer_free(struct sealer **s)
{
	if (*s != NULL) {
		sealer_wipe(*s);
		free(*s);
	}
	*s = NULL;
}

void
sealer_wipe(struct sealer *s)
{
	contexts_free(&s->now);
	contexts_free(&s->before);
	contexts_free(&s->next);
}

int
sealer_prepare(struct sealer *s, const uint8_t key[SEAL_KEY])
{
	return contexts_make(&s->next, key);
}

void
sealer_turn(struct sealer *s)
{
	if (s->next.enc == NULL)
		return;
	contexts_free(&s->before);
	s->before = s->now;
	s->now = s->next;
	s->next = (struct contexts){ NULL, NULL };
	atomic_store_explicit(&s->seals, 0, memory_order_relaxed);
}

void
sealer_forget(struct sealer *s)
{
	contexts_free(&s->before);
}

uint64_t
sealer_seals(struct sealer *s)
{
	return atomic_load_explicit(&s->seals, memory_order_relaxed);
}

/* Only the thread of the sealer counts; others look. */
static void
count(struct sealer *s)
{
	atomic_store_explicit(&s->seals, sealer_seals(s) + 1,
	    memory_order_relaxed);
}

static int
nonce(struct sealer *s, uint8_t out[NONCE])
{
	if (s->left == 0) {
		if (RAND_bytes(s->nonces[0], sizeof(s->nonces)) != 1)
			return -E_RANDOM;
		s->left = NONCES;
	}
	memcpy(out, s->nonces[--s->left], NONCE);
	return 0;
}

int
seal(struct sealer *s, uint8_t *out, const uint8_t *in, size_t len,
    const void *aad, size_t aadlen)
{
	EVP_CIPHER_CTX	*enc = s->now.enc;
	uint8_t		*text = out + NONCE;
	int		 n;

	if (len > INT32_MAX || aadlen > INT32_MAX)
		return -E_TOO_LARGE;
	if ((n = nonce(s, out)) < 0)
		return n;
	count(s);
	if (enc == NULL ||
	    EVP_EncryptInit_ex(enc, NULL, NULL, NULL, out) != 1 ||
	    EVP_EncryptUpdate(enc, NULL, &n, aad, (int)aadlen) != 1 ||
	    EVP_EncryptUpdate(enc, text, &n, in, (int)len) != 1 ||
	    (size_t)n != len ||
	    EVP_EncryptFinal_ex(enc, text + len, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(enc, EVP_CTRL_AEAD_GET_TAG, TAG,
	    text + len) != 1)
		return -E_SEAL;
	return 0;
}

static int
open_by(EVP_CIPHER_CTX *dec, uint8_t *out, const uint8_t *in, size_t len,
    const void *aad, size_t aadlen)
{
	const uint8_t	*text = in + NONCE;
	uint8_t		 tag[TAG];
	size_t		 octets;
	int		 n;

	if (dec == NULL || len < SEAL_OVERHEAD || len > INT32_MAX ||
	    aadlen > INT32_MAX)
		return -E_SEAL;
	octets = len - SEAL_OVERHEAD;
	memcpy(tag, text + octets, TAG);	/* ctrl wants it writable */
	if (EVP_DecryptInit_ex(dec, NULL, NULL, NULL, in) != 1 ||
	    EVP_DecryptUpdate(dec, NULL, &n, aad, (int)aadlen) != 1 ||
	    EVP_DecryptUpdate(dec, out, &n, text, (int)octets) != 1 ||
	    EVP_CIPHER_CTX_ctrl(dec, EVP_CTRL_AEAD_SET_TAG, TAG,
	    tag) != 1 ||
	    EVP_DecryptFinal_ex(dec, out + octets, &n) != 1) {
		OPENSSL_cleanse(out, octets);	/* not authentic: not seen */
		return -E_SEAL;
	}
	return 0;
}

int
unseal(struct sealer *s, uint8_t *out, const uint8_t *in, size_t len,
    const void *aad, size_t aadlen)
{
	int	r = open_by(s->now.dec, out, in, len, aad, aadlen);

	return r == 0 || s->before.dec == NULL ? r :
	    open_by(s->before.dec, out, in, len, aad, aadlen);
}

int
reseal(struct sealer *s, uint8_t *clear, uint8_t *sealed, size_t len,
    const void *aad, size_t aadlen)
{
	int	r = open_by(s->now.dec, clear, sealed, len, aad, aadlen);

	if (r < 0 && (r = open_by(s->before.dec, clear, sealed, len, aad,
	    aadlen)) == 0 && (r = seal(s, sealed, clear,
	    len - SEAL_OVERHEAD, aad, aadlen)) == 0)
		r = 1;
	if (len > SEAL_OVERHEAD)
		OPENSSL_cleanse(clear, len - SEAL_OVERHEAD);
	return r;
}
