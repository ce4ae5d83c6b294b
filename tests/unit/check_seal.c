/* Sealed key bytes and the node key. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "seal.h"
#include "unit.h"

static const uint8_t	key[SEAL_KEY] = { 1, 2, 3, 4 };

START_TEST(what_is_sealed_opens_again)
{
	struct sealer	*s;
	uint8_t		 in[300], sealed[300 + SEAL_OVERHEAD], out[300];

	memset(in, 'k', sizeof(in));
	ck_assert_int_eq(sealer_new(&s, key), 0);
	for (size_t len = 0; len <= sizeof(in); len += 50) {
		ck_assert_int_eq(seal(s, sealed, in, len, "row 7", 5), 0);
		ck_assert_int_eq(unseal(s, out, sealed, len + SEAL_OVERHEAD,
		    "row 7", 5), 0);
		ck_assert_mem_eq(in, out, len);
	}
	ck_assert_int_eq(seal(s, sealed, in, 0, NULL, 0), 0);
	ck_assert_int_eq(unseal(s, out, sealed, SEAL_OVERHEAD, NULL, 0), 0);
	sealer_free(&s);
	ck_assert_ptr_null(s);
	sealer_free(&s);
}
END_TEST

START_TEST(no_flipped_bit_passes_and_nothing_comes_out)
{
	static const uint8_t	zero[40];
	struct sealer		*s;
	uint8_t			 sealed[40 + SEAL_OVERHEAD], out[40];

	ck_assert_int_eq(sealer_new(&s, key), 0);
	memset(out, 'k', sizeof(out));
	ck_assert_int_eq(seal(s, sealed, out, 40, "id", 2), 0);
	for (size_t bit = 0; bit < sizeof(sealed) * 8; bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		memset(out, 'k', sizeof(out));
		ck_assert_int_eq(unseal(s, out, sealed, sizeof(sealed), "id",
		    2), -E_SEAL);
		ck_assert_mem_eq(out, zero, sizeof(out));
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_int_eq(unseal(s, out, sealed, sizeof(sealed), "id", 2), 0);
	sealer_free(&s);
}
END_TEST

START_TEST(another_row_another_key_or_a_shorter_text_is_refused)
{
	static const uint8_t	other[SEAL_KEY] = { 9 };
	struct sealer		*s, *t;
	uint8_t			 sealed[32 + SEAL_OVERHEAD], out[32] = { 0 };

	ck_assert_int_eq(sealer_new(&s, key), 0);
	ck_assert_int_eq(sealer_new(&t, other), 0);
	ck_assert_int_eq(seal(s, sealed, out, 32, "row 7", 5), 0);
	ck_assert_int_eq(unseal(s, out, sealed, sizeof(sealed), "row 8", 5),
	    -E_SEAL);
	ck_assert_int_eq(unseal(s, out, sealed, sizeof(sealed), "row ", 4),
	    -E_SEAL);
	ck_assert_int_eq(unseal(s, out, sealed, sizeof(sealed), NULL, 0),
	    -E_SEAL);
	ck_assert_int_eq(unseal(t, out, sealed, sizeof(sealed), "row 7", 5),
	    -E_SEAL);
	for (size_t len = 0; len < sizeof(sealed); len++)
		ck_assert_int_eq(unseal(s, out, sealed, len, "row 7", 5),
		    -E_SEAL);
	ck_assert_int_eq(unseal(s, out, sealed, sizeof(sealed), "row 7", 5),
	    0);
	sealer_free(&s);
	sealer_free(&t);
}
END_TEST

START_TEST(every_seal_has_its_own_nonce)
{
	struct sealer	*s;
	uint8_t		 a[100][32 + SEAL_OVERHEAD], in[32] = { 0 };

	ck_assert_int_eq(sealer_new(&s, key), 0);
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(seal(s, a[i], in, 32, "id", 2), 0);
		for (int j = 0; j < i; j++)
			ck_assert_mem_ne(a[i], a[j], 12);
	}
	sealer_free(&s);
}
END_TEST

static int
load(const void *p, size_t len, int mode, uint8_t out[SEAL_KEY])
{
	const char	*path = unit_path("node.key");
	char		*log;
	int		 r;

	unit_write(path, p, len, mode);
	unit_capture();
	r = seal_load_key(path, out);
	log = unit_captured();
	if (r < 0)
		ck_assert_ptr_nonnull(strstr(log, path));
	/* The log must not show what was read. */
	ck_assert_ptr_null(strstr(log, "abab"));
	free(log);
	return r;
}

START_TEST(a_node_key_is_32_octets_or_64_hex_digits)
{
	char	hex[66];
	uint8_t	out[SEAL_KEY], raw[SEAL_KEY], zero[SEAL_KEY] = { 0 };

	memset(raw, 0xab, sizeof(raw));
	for (int i = 0; i < 64; i += 2)
		memcpy(hex + i, i % 4 ? "ab" : "AB", 2);
	hex[64] = '\n';
	hex[65] = 'x';
	ck_assert_int_eq(load(raw, 32, 0400, out), 0);
	ck_assert_mem_eq(out, raw, 32);
	ck_assert_int_eq(load(hex, 64, 0440, out), 0);
	ck_assert_mem_eq(out, raw, 32);
	ck_assert_int_eq(load(hex, 65, 0600, out), 0);
	ck_assert_int_eq(load(hex, 66, 0400, out), -E_CONFIG);
	ck_assert_mem_eq(out, zero, 32);
	ck_assert_int_eq(load(hex, 63, 0400, out), -E_CONFIG);
	ck_assert_int_eq(load(hex, 31, 0400, out), -E_CONFIG);
	ck_assert_int_eq(load("", 0, 0400, out), -E_CONFIG);
	ck_assert_int_eq(load(zero, 32, 0400, out), -E_CONFIG);
	hex[10] = 'g';
	ck_assert_int_eq(load(hex, 64, 0400, out), -E_CONFIG);
}
END_TEST

START_TEST(a_node_key_that_others_can_read_is_refused)
{
	uint8_t	raw[SEAL_KEY] = { 1 }, out[SEAL_KEY];

	ck_assert_int_eq(load(raw, 32, 0404, out), -E_CONFIG);
	ck_assert_int_eq(load(raw, 32, 0620, out), -E_CONFIG);
	ck_assert_int_eq(load(raw, 32, 0602, out), -E_CONFIG);
	unit_capture();
	ck_assert_int_eq(seal_load_key("/nonexistent", out), -E_CONFIG);
	ck_assert_int_eq(seal_load_key("/", out), -E_CONFIG);
	free(unit_captured());
}
END_TEST

UNIT_MAIN("seal", what_is_sealed_opens_again,
    no_flipped_bit_passes_and_nothing_comes_out,
    another_row_another_key_or_a_shorter_text_is_refused,
    every_seal_has_its_own_nonce, a_node_key_is_32_octets_or_64_hex_digits,
    a_node_key_that_others_can_read_is_refused)
