/* Locked memory. */
#include "config.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "err.h"
#include "secret.h"
#include "unit.h"

#define HEAP	(256 * 1024)

/* Reads what the program may not: the pages stay mapped after a free. */
static int
octets_left(const volatile uint8_t *p, size_t n, uint8_t value)
{
	int	found = 0;

	for (size_t i = 0; i < n; i++)
		found += p[i] == value;
	return found;
}

START_TEST(a_secret_is_wiped_when_it_is_freed)
{
	struct secret	*s;
	uint8_t		*p;
	void		*small;

	ck_assert_int_eq(secret_init(HEAP), 0);
	s = secret_new(8096);
	ck_assert_ptr_nonnull(s);
	ck_assert_uint_eq(s->len, 8096);
	memset(s->bytes, 0xa5, s->len);
	p = s->bytes;
	s->len = 10;		/* all of the room is wiped, not the rest */
	secret_free(&s);
	ck_assert_ptr_null(s);
	ck_assert_int_eq(octets_left(p, 8096, 0xa5), 0);
	p = small = secure_calloc(32);
	ck_assert_int_eq(octets_left(p, 32, 0), 32);
	memset(p, 0xa5, 32);
	secure_free(small, 32);
	ck_assert_int_eq(octets_left(p, 32, 0xa5), 0);
	secret_free(&s);
	secure_free(NULL, 32);
}
END_TEST

/* The process's locked memory in octets. */
static size_t
locked(void)
{
	FILE	*f = fopen("/proc/self/status", "r");
	char	 line[256];
	size_t	 kib = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmLck: %zu", &kib) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kib * 1024;
}

START_TEST(secrets_lie_in_locked_memory)
{
	struct secret	*s;

	ck_assert_int_eq(secret_init(HEAP), 0);
	s = secret_random(32);
	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(CRYPTO_secure_allocated(s), 1);
	ck_assert_uint_ge(locked(), HEAP);
	ck_assert_uint_eq(secret_total(), HEAP);
	ck_assert_uint_ge(secret_used(), 48);
	secret_free(&s);
}
END_TEST

START_TEST(full_memory_gives_null_and_recovers)
{
	struct secret	*s[HEAP / 8192 + 1] = { NULL };
	size_t		 n = 0, before;

	ck_assert_int_eq(secret_init(HEAP), 0);
	before = secret_used();
	ck_assert_ptr_null(secret_new(HEAP * 2));
	ck_assert_ptr_null(secret_new(SIZE_MAX));
	ck_assert_ptr_null(secret_new(SIZE_MAX - 15));
	while ((s[n] = secret_new(8096)) != NULL)
		n++;
	ck_assert_uint_ge(n, HEAP / 8192 - 1);
	ck_assert_ptr_null(secret_copy((const uint8_t *)"x", 8000));
	while (n > 0)
		secret_free(&s[--n]);
	ck_assert_uint_eq(secret_used(), before);
	s[0] = secret_copy((const uint8_t *)"abc", 3);
	ck_assert_mem_eq(s[0]->bytes, "abc", 3);
	secret_free(&s[0]);
}
END_TEST

/* The limit does not hold for root: then this is another user. */
static int
init_without_right(void)
{
	const struct rlimit	none = { 0, 0 };

	if (setrlimit(RLIMIT_MEMLOCK, &none) < 0 ||
	    (geteuid() == 0 && setuid(65534) < 0))
		return 2;
	if (secret_init(HEAP) != -E_NO_MEMORY)
		return 1;
	return secret_new(32) == NULL && secure_calloc(32) == NULL &&
	    secret_total() == 0 ? 0 : 1;
}

START_TEST(without_the_right_to_lock_there_are_no_secrets)
{
	int	status = 0;
	pid_t	pid;

	/* Locked memory of an earlier test would hide the failure. */
	if (secret_total() != 0)
		return;
	if ((pid = fork()) == 0)
		_exit(init_without_right());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

UNIT_MAIN("secret", without_the_right_to_lock_there_are_no_secrets,
    a_secret_is_wiped_when_it_is_freed, secrets_lie_in_locked_memory,
    full_memory_gives_null_and_recovers)
