/* The process-wide free() that wipes. */
#include "config.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ident.h"
#include "unit.h"

#ifndef QKD_SANITIZED

/* The compiler must not know what was allocated, nor that it is freed. */
static void	(*volatile release)(void *) = free;
static void	*(*volatile resize)(void *, size_t) = realloc;
static void	*(*volatile allocate)(size_t) = malloc;

/* Octets of the value that are left, but for the allocator's own first 16. */
static size_t
left(const uint8_t *p, size_t n)
{
	const volatile uint8_t	*v = p;
	size_t			 found = 0;

	for (size_t i = 16; i < n; i++)
		found += v[i] == 0xa5;
	return found;
}

START_TEST(freed_memory_is_wiped)
{
	for (size_t n = 24; n <= 65536; n *= 2) {
		uint8_t	*p = allocate(n), *q = p;

		memset(p, 0xa5, malloc_usable_size(p));
		release(p);
		__asm__ volatile("" : "+r"(q));
		ck_assert_uint_eq(left(q, n), 0);
	}
}
END_TEST

START_TEST(memory_that_moves_is_wiped_where_it_was)
{
	uint8_t	*p = allocate(1000), *q = p, *r;

	memset(p, 0xa5, 1000);
	r = resize(p, 100000);
	__asm__ volatile("" : "+r"(q));
	ck_assert_ptr_ne(r, q);
	ck_assert_uint_eq(left(q, 1000), 0);
	ck_assert_uint_eq(left(r, 1000), 1000 - 16);
	ck_assert_int_eq(r[0], 0xa5);
	release(r);
}
END_TEST

START_TEST(memory_that_shrinks_is_wiped_behind_its_end)
{
	uint8_t	*p = allocate(1000), *q;

	memset(p, 0xa5, 1000);
	q = resize(p, 700);
	ck_assert_ptr_eq(q, p);
	ck_assert_uint_eq(left(q + 700 - 16, 300 + 16), 0);
	ck_assert_uint_eq(left(q, 700), 700 - 16);
	q = resize(q, 10);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(q[i], 0xa5);
	ck_assert_ptr_null(resize(q, 0));
	q = resize(NULL, 10);
	ck_assert_ptr_nonnull(q);
	release(q);
	release(NULL);
}
END_TEST

/* Code of other libraries ends up in our free() too. */
START_TEST(libraries_use_it)
{
	char	*text = NULL;
	size_t	 len;
	FILE	*f = open_memstream(&text, &len);

	for (int i = 0; i < 5000; i++)
		fputc(0xa5, f);
	fclose(f);
	uint8_t	*q = (uint8_t *)text;

	release(text);
	__asm__ volatile("" : "+r"(q));
	ck_assert_uint_eq(left(q, 5000), 0);
}
END_TEST

START_TEST(it_costs_little)
{
	static const size_t	sizes[] = { 32, 256, 4096, 16384 };
	const int		rounds = 200000;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t	began = mono_ms();

		for (int k = 0; k < rounds; k++)
			release(allocate(sizes[i]));
		began = mono_ms() - began;
		if (getenv("V") != NULL)
			printf("%zu octets: %d ns\n", sizes[i],
			    (int)(began * 1000000 / (uint64_t)rounds));
		ck_assert_uint_lt(began, 5000);
	}
}
END_TEST

UNIT_MAIN("wipefree", freed_memory_is_wiped,
    memory_that_moves_is_wiped_where_it_was,
    memory_that_shrinks_is_wiped_behind_its_end, libraries_use_it,
    it_costs_little)

#else

START_TEST(sanitizers_bring_their_own)
{
}
END_TEST

UNIT_MAIN("wipefree", sanitizers_bring_their_own)

#endif
