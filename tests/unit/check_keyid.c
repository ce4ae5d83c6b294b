/* check_keyid.c - key_IDs and lists of pieces. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/keyid.h"
#include "ksa/pieces.h"
#include "unit.h"

static const uint8_t	seed[16] = "0123456789abcdef";

START_TEST(ids_of_a_request_lie_together_and_are_version_7)
{
	uint8_t		ids[1024][16];
	uint64_t	serial;
	uint32_t	place;

	ck_assert_int_eq(keyid_make(ids, 1024, 0x123456789abcdefULL, seed), 0);
	for (uint32_t i = 0; i < 1024; i++) {
		ck_assert_int_eq(ids[i][6] >> 4, 7);
		ck_assert_int_eq(ids[i][8] >> 6, 2);
		ck_assert_int_eq(keyid_parse(ids[i], &serial, &place), 0);
		ck_assert_uint_eq(serial, 0x123456789abcdefULL);
		ck_assert_uint_eq(place, i);
		ck_assert_int_eq(keyid_check(ids[i], seed), 0);
	}
}
END_TEST

START_TEST(no_bit_of_an_id_can_be_changed)
{
	uint8_t		ids[3][16];
	uint64_t	serial;
	uint32_t	place;

	ck_assert_int_eq(keyid_make(ids, 3, 77, seed), 0);
	for (unsigned i = 64; i < 128; i++) {
		ids[2][i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert(keyid_parse(ids[2], &serial, &place) < 0 ||
		    keyid_check(ids[2], seed) == -E_MAC);
		ids[2][i / 8] ^= (uint8_t)(1 << i % 8);
	}
}
END_TEST

START_TEST(other_uuids_are_none_of_ours)
{
	uint8_t		ids[1][16];
	uint64_t	serial;
	uint32_t	place;

	ck_assert_int_eq(keyid_make(ids, 1, 77, seed), 0);
	ids[0][6] = 0x40;
	ck_assert_int_eq(keyid_parse(ids[0], &serial, &place), -E_BAD_FORMAT);
	ck_assert_int_eq(keyid_make(ids, 0, 77, seed), -E_RANGE);
}
END_TEST

START_TEST(serials_grow_though_the_clock_goes_back)
{
	uint64_t	last = 0, a = keyid_serial(&last, 1000000);

	ck_assert_uint_eq(a, 1000000ULL << 12);
	ck_assert_uint_eq(keyid_serial(&last, 5), a + 1);
	ck_assert_uint_gt(keyid_serial(&last, 1000001), a + 1);
}
END_TEST

START_TEST(every_request_has_a_seed_of_its_own)
{
	static uint8_t	seen[300][KEYID_SEED];

	for (unsigned i = 0; i < 300; i++) {
		ck_assert_int_eq(keyid_seed(seen[i]), 0);
		for (unsigned k = 0; k < i; k++)
			ck_assert_mem_ne(seen[i], seen[k], KEYID_SEED);
	}
}
END_TEST

START_TEST(requests_in_turn_keep_their_ids)
{
	uint8_t	seeds[2][KEYID_SEED] = { { 1 }, { 2 } };
	uint8_t	first[2][2][KEYID_OCTETS], again[2][KEYID_OCTETS];

	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(keyid_make(first[i], 2, 4096 + i, seeds[i]),
		    0);
	ck_assert_mem_ne(first[0][0] + 9, first[1][0] + 9, 7);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(keyid_make(again, 2, 4096 + i, seeds[i]), 0);
		ck_assert_mem_eq(again, first[i], sizeof(again));
		ck_assert_int_eq(keyid_check(first[1 - i][1], seeds[1 - i]),
		    0);
	}
}
END_TEST

START_TEST(pieces_must_cover_what_is_claimed_in_order)
{
	struct pieces	*p = pieces_new(2), *q = NULL;
	uint8_t		 raw[32];

	p->v[0] = (struct piece){ 5, 10, 20 };
	p->v[1] = (struct piece){ 6, 0, 12 };
	pieces_encode(p, raw);
	ck_assert_int_eq(pieces_decode(&q, raw, 32, 32), 0);
	ck_assert_mem_eq(p->v, q->v, sizeof(p->v[0]) * 2);
	free(q);
	ck_assert_int_eq(pieces_decode(&q, raw, 32, 31), -E_BAD_FORMAT);
	ck_assert_int_eq(pieces_decode(&q, raw, 31, 32), -E_BAD_FORMAT);
	ck_assert_int_eq(pieces_decode(&q, raw, 0, 0), -E_BAD_FORMAT);
	raw[23] = 5;		/* the same block twice */
	ck_assert_int_eq(pieces_decode(&q, raw, 32, 32), -E_BAD_FORMAT);
	free(p);
}
END_TEST

START_TEST(a_key_may_lie_in_two_blocks)
{
	struct pieces	*p = pieces_new(2);
	struct piece	 out;

	p->v[0] = (struct piece){ 5, 10, 20 };
	p->v[1] = (struct piece){ 6, 0, 12 };
	ck_assert_uint_eq(pieces_map(p, 16, 16, &out), 4);
	ck_assert_uint_eq(out.block, 5);
	ck_assert_uint_eq(out.offset, 26);
	ck_assert_uint_eq(pieces_map(p, 20, 12, &out), 12);
	ck_assert_uint_eq(out.block, 6);
	ck_assert_uint_eq(pieces_map(p, 32, 1, &out), 0);
	free(p);
}
END_TEST

UNIT_MAIN("keyid",
    ids_of_a_request_lie_together_and_are_version_7,
    no_bit_of_an_id_can_be_changed,
    other_uuids_are_none_of_ours,
    serials_grow_though_the_clock_goes_back,
    every_request_has_a_seed_of_its_own,
    requests_in_turn_keep_their_ids,
    pieces_must_cover_what_is_claimed_in_order,
    a_key_may_lie_in_two_blocks)
