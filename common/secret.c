/* secret.c - secrets in OpenSSL's secure heap: locked, guarded, not dumped. */
#include "secret.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <string.h>

#include "err.h"

#define SMALLEST	64	/* octets; the heap hands out powers of two */

static void	*arena;
static size_t	total;		/* 0: secret_init() has not succeeded */

int
secret_init(size_t octets)
{
	size_t	size = 4096;

	if (total != 0)
		return 0;
	while (size < octets && size < (size_t)1 << 40)
		size *= 2;
	if (size < octets)
		return -E_RANGE;
	/* 2 means: the memory is there but it could not be locked. */
	switch (CRYPTO_secure_malloc_init(size, SMALLEST)) {
	case 1:
		total = size;
		arena = OPENSSL_secure_malloc(size);	/* all of it */
		OPENSSL_secure_free(arena);
		return 0;
	case 2:
		CRYPTO_secure_malloc_done();
		/* FALLTHROUGH */
	default:
		return -E_NO_MEMORY;
	}
}

/* Without the heap OpenSSL would quietly use malloc(). */
static void *
take(size_t octets)
{
	return total == 0 ? NULL : OPENSSL_secure_malloc(octets);
}

struct secret *
secret_new(size_t octets)
{
	struct secret	*s;

	if (octets > total ||
	    (s = take(sizeof(*s) + octets)) == NULL)
		return NULL;
	s->len = s->room = octets;
	return s;
}

struct secret *
secret_copy(const uint8_t *p, size_t octets)
{
	struct secret	*s = secret_new(octets);

	if (s != NULL && octets > 0)
		memcpy(s->bytes, p, octets);
	return s;
}

struct secret *
secret_random(size_t octets)
{
	struct secret	*s = secret_new(octets);

	if (s != NULL && RAND_priv_bytes(s->bytes, (int)octets) != 1)
		secret_free(&s);
	return s;
}

void
secret_free(struct secret **s)
{
	if (*s != NULL)
		OPENSSL_secure_clear_free(*s, sizeof(**s) + (*s)->room);
	*s = NULL;
}

void
secret_wipe_all(void)
{
	if (arena != NULL)
		OPENSSL_cleanse(arena, total);
}

size_t
secret_used(void)
{
	return total == 0 ? 0 : CRYPTO_secure_used();
}

size_t
secret_total(void)
{
	return total;
}

void *
secure_calloc(size_t octets)
{
	void	*p = take(octets);

	if (p != NULL)
		memset(p, 0, octets);
	return p;
}

void
secure_free(void *p, size_t octets)
{
	if (p != NULL)
		OPENSSL_secure_clear_free(p, octets);
}
