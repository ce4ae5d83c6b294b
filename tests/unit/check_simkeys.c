/* The stream of keys that the two ends of a simulated link share. */
#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "qkdmod/simkeys.h"
#include "secret.h"

#define OCTETS	4096

static const uint8_t	seed[SEAL_KEY] = { 1, 2, 3 };
static const uint8_t	other_seed[SEAL_KEY] = { 1, 2, 4 };

static void
block(const uint8_t s[SEAL_KEY], const char *link, uint64_t index,
    uint8_t out[OCTETS])
{
	struct simkeys	*k;

	ck_assert_int_eq(simkeys_new(&k, s, link), 0);
	ck_assert_int_eq(simkeys_block(k, index, out, OCTETS), 0);
	simkeys_free(&k);
	ck_assert_ptr_null(k);
}

START_TEST(both_ends_get_the_same_block)
{
	uint8_t	a[OCTETS], b[OCTETS];

	block(seed, "a-b", 7, a);
	block(seed, "a-b", 7, b);
	ck_assert_mem_eq(a, b, OCTETS);
}
END_TEST

START_TEST(another_index_link_or_seed_gives_another_block)
{
	uint8_t	a[OCTETS], b[OCTETS];

	block(seed, "a-b", 7, a);
	block(seed, "a-b", 8, b);
	ck_assert_mem_ne(a, b, OCTETS);
	block(seed, "b-c", 7, b);
	ck_assert_mem_ne(a, b, OCTETS);
	block(other_seed, "a-b", 7, b);
	ck_assert_mem_ne(a, b, OCTETS);
}
END_TEST

START_TEST(blocks_do_not_overlap)
{
	uint8_t	a[OCTETS], b[OCTETS];

	block(seed, "a-b", 7, a);
	block(seed, "a-b", 8, b);
	for (int i = 0; i + 16 <= OCTETS; i += 16)
		ck_assert_ptr_null(memmem(a, OCTETS, b + i, 16));
}
END_TEST

START_TEST(noise_changes_every_block_a_little)
{
	uint8_t	a[OCTETS], b[OCTETS];

	block(seed, "a-b", 1, a);
	for (uint64_t i = 1; i < 5000; i++) {
		int	bits = 0;

		memcpy(b, a, OCTETS);
		simkeys_disturb(i, b, OCTETS);
		for (int j = 0; j < OCTETS; j++)
			bits += __builtin_popcount(a[j] ^ b[j]);
		ck_assert_int_ge(bits, 1);
		ck_assert_int_le(bits, 3);
	}
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("simkeys");
	TCase	*t = tcase_create("simkeys");
	SRunner	*r = srunner_create(s);
	int	 failed;

	if (secret_init(1 << 18) < 0)
		return EXIT_FAILURE;
	suite_add_tcase(s, t);
	tcase_add_test(t, both_ends_get_the_same_block);
	tcase_add_test(t, another_index_link_or_seed_gives_another_block);
	tcase_add_test(t, blocks_do_not_overlap);
	tcase_add_test(t, noise_changes_every_block_a_little);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
