/* The names that travel. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "err.h"
#include "ident.h"
#include "unit.h"

static bool
km(const char *s)
{
	return km_id_valid(s, strlen(s));
}

static bool
sae(const char *s)
{
	return sae_id_valid(s, strlen(s));
}

START_TEST(km_ids_are_plain)
{
	char	longest[KM_ID_MAX + 2];

	ck_assert(km("KME-A") && km("a.b_c:d-9"));
	ck_assert(!km("") && !km("a b") && !km("a,b") && !km("a/b") &&
	    !km("a\n") && !km("\xc3\xa4"));
	ck_assert(!km_id_valid("a\0b", 3));
	memset(longest, 'x', sizeof(longest));
	ck_assert(km_id_valid(longest, KM_ID_MAX));
	ck_assert(!km_id_valid(longest, KM_ID_MAX + 1));
}
END_TEST

START_TEST(application_ids_are_printable_utf8)
{
	static const char *const	bad[] = {
		"", "a\n", "\x7f", "\xc2\x80", "\xc0\x80", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80",
		"\x80", "a\xc3", "\xff", "\xe2\x80\xa8",
	};
	char	longest[SAE_ID_MAX + 1];

	ck_assert(sae("SAE-A1") && sae("with blank, \"quotes\"") &&
	    sae("\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!sae(bad[i]), "number %zu", i);
	ck_assert(!sae_id_valid("a\0b", 3));
	memset(longest, 'x', sizeof(longest));
	ck_assert(sae_id_valid(longest, SAE_ID_MAX));
	ck_assert(!sae_id_valid(longest, SAE_ID_MAX + 1));
}
END_TEST

START_TEST(a_route_survives_text_and_reversal)
{
	struct route	r;
	route_text	text;

	ck_assert_int_eq(route_parse(&r, "KME-A,KME-B,KME-C"), 0);
	ck_assert_uint_eq(r.n, 3);
	ck_assert_int_eq(route_find(&r, "KME-B"), 1);
	ck_assert_int_eq(route_find(&r, "KME-X"), -1);
	route_reverse(&r);
	route_print(&r, text);
	ck_assert_str_eq(text, "KME-C,KME-B,KME-A");
	ck_assert_int_eq(route_parse(&r, "A"), 0);
	route_reverse(&r);
	route_print(&r, text);
	ck_assert_str_eq(text, "A");
	r.n = 0;
	route_reverse(&r);
	route_print(&r, text);
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(a_bad_route_is_refused)
{
	static const char *const	bad[] = { "", ",", "A,", ",A", "A,,B",
		"A,B,A", "A B", "A,\n" };
	struct route	r;
	char		many[400] = "K0", huge[3000];
	size_t		at = 2;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(route_parse(&r, bad[i]), -E_BAD_FORMAT);
	for (int i = 1; i < ROUTE_HOPS_MAX; i++)
		at += (size_t)sprintf(many + at, ",K%d", i);
	ck_assert_int_eq(route_parse(&r, many), 0);
	ck_assert_uint_eq(r.n, ROUTE_HOPS_MAX);
	strcat(many, ",K32");
	ck_assert_int_eq(route_parse(&r, many), -E_BAD_FORMAT);
	memset(huge, 'a', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	for (size_t i = 60; i < sizeof(huge) - 1; i += 61)
		huge[i] = ',';
	ck_assert_int_eq(route_parse(&r, huge), -E_BAD_FORMAT);
}
END_TEST

START_TEST(uuids_are_read_in_either_case_and_written_in_lower)
{
	static const char	upper[] = "0123ABCD-89ef-4FED-8cba-0011223344FF";
	static const uint8_t	raw[16] = { 0x01, 0x23, 0xab, 0xcd, 0x89, 0xef,
		0x4f, 0xed, 0x8c, 0xba, 0x00, 0x11, 0x22, 0x33, 0x44, 0xff };
	uint8_t			out[16];
	uuid_text		text;

	ck_assert_int_eq(uuid_parse(upper, UUID_TEXT, out), 0);
	ck_assert_mem_eq(out, raw, 16);
	uuid_print(out, text);
	ck_assert_str_eq(text, "0123abcd-89ef-4fed-8cba-0011223344ff");
}
END_TEST

START_TEST(malformed_uuids_are_refused)
{
	static const char	good[] = "0123abcd-89ef-4fed-8cba-0011223344ff";
	char			bad[UUID_TEXT + 1];
	uint8_t			out[16];

	for (size_t len = 0; len < UUID_TEXT; len++)
		ck_assert_int_eq(uuid_parse(good, len, out), -E_BAD_FORMAT);
	ck_assert_int_eq(uuid_parse(good, UUID_TEXT + 1, out), -E_BAD_FORMAT);
	for (size_t i = 0; i < UUID_TEXT; i++)
		for (const char *c = "gG {}:/@`"; *c != '\0'; c++) {
			strcpy(bad, good);
			bad[i] = *c;
			ck_assert_int_eq(uuid_parse(bad, UUID_TEXT, out),
			    -E_BAD_FORMAT);
		}
}
END_TEST

START_TEST(random_uuids_are_of_version_4_and_differ)
{
	uuid_text	a, b;
	uint8_t		raw[16];

	ck_assert_int_eq(uuid_random(a), 0);
	ck_assert_int_eq(uuid_random(b), 0);
	ck_assert_str_ne(a, b);
	ck_assert_int_eq(uuid_parse(a, strlen(a), raw), 0);
	ck_assert_int_eq(raw[6] >> 4, 4);
	ck_assert_int_eq(raw[8] >> 6, 2);
}
END_TEST

START_TEST(serials_only_grow)
{
	uint64_t	last = 0, before, future;

	for (int i = 0; i < 100000; i++) {
		before = last;
		ck_assert_uint_gt(serial_next(&last, 0), before);
		ck_assert_uint_le(last, INT64_MAX);
	}
	ck_assert_uint_le(last >> 20, now_ms() + 100);
	/* A clock that was set back, or a store from the future. */
	future = (now_ms() + 1000000) << 20;
	ck_assert_uint_eq(serial_next(&last, future), future + 1);
	ck_assert_uint_eq(serial_next(&last, 0), future + 2);
	ck_assert_uint_eq(last, future + 2);
}
END_TEST

UNIT_MAIN("ident", km_ids_are_plain, application_ids_are_printable_utf8,
    a_route_survives_text_and_reversal, a_bad_route_is_refused,
    uuids_are_read_in_either_case_and_written_in_lower,
    malformed_uuids_are_refused, random_uuids_are_of_version_4_and_differ,
    serials_only_grow)
