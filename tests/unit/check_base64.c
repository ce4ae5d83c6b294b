/* RFC 4648, strictly. */
#include "config.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "base64.h"
#include "err.h"
#include "unit.h"

static int
decode(const char *in, uint8_t *out, size_t room, size_t *len)
{
	return base64_decode(out, room, len, in, strlen(in));
}

START_TEST(the_vectors_of_rfc_4648_hold)
{
	static const char *const	v[][2] = { { "", "" }, { "f", "Zg==" },
		{ "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" } };
	char	text[16];
	uint8_t	out[16];
	size_t	n;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		n = base64_encode(text, (const uint8_t *)v[i][0],
		    strlen(v[i][0]));
		ck_assert_uint_eq(n, BASE64_LEN(strlen(v[i][0])));
		ck_assert_mem_eq(text, v[i][1], n);
		ck_assert_int_eq(decode(v[i][1], out, sizeof(out), &n), 0);
		ck_assert_uint_eq(n, strlen(v[i][0]));
		ck_assert_mem_eq(out, v[i][0], n);
	}
}
END_TEST

START_TEST(it_agrees_with_openssl)
{
	uint8_t	in[200], out[200];
	char	a[BASE64_LEN(200) + 1], b[BASE64_LEN(200) + 1];
	size_t	n;

	for (size_t len = 0; len <= sizeof(in); len++) {
		ck_assert_int_eq(RAND_bytes(in, sizeof(in)), 1);
		n = base64_encode(a, in, len);
		EVP_EncodeBlock((unsigned char *)b, in, (int)len);
		ck_assert_uint_eq(n, strlen(b));
		ck_assert_mem_eq(a, b, n);
		ck_assert_int_eq(base64_decode(out, sizeof(out), &n, a, n), 0);
		ck_assert_uint_eq(n, len);
		ck_assert_mem_eq(in, out, len);
	}
}
END_TEST

START_TEST(malformed_text_is_refused)
{
	static const char *const	bad[] = { "Z", "Zg", "Zg=", "Zm8",
		"Zg===", "====", "=", "A===", "=AAA", "A=AA", "AA=A",
		"Zg==Zg==", "Zm9v=", "Zm9v====", "Zh==", "Zm9=", "Zm9v\n",
		"Zm9v\nYg==", " Zm9v", "Zm 9", "Zm9v Yg=", "Zm9_", "Zm-v",
		"Zm9\x80", "\xff\xff\xff\xff", "Zm9.", "Zm9:", "Zm9@", "Zm9[",
		"Zm9`", "Zm9{", "Zm9,", "Zm9*" };
	uint8_t	out[16];
	size_t	n;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(decode(bad[i], out, sizeof(out), &n) ==
		    -E_BAD_FORMAT, "%s", bad[i]);
		ck_assert_uint_eq(n, 0);
	}
	ck_assert_int_eq(base64_decode(out, sizeof(out), &n, "AA\0A", 4),
	    -E_BAD_FORMAT);
}
END_TEST

/* Everything that is accepted is what the encoder would have written. */
START_TEST(only_the_canonical_form_is_accepted)
{
	char	in[4] = "AAA", again[4];
	uint8_t	out[3];
	size_t	n, accepted = 0;

	for (int i = 0; i < 256 * 256; i++) {
		in[1] = (char)(i >> 8);
		in[2] = (char)i;
		in[3] = i & 1 ? '=' : 'A';
		if (base64_decode(out, 3, &n, in, 4) < 0)
			continue;
		accepted++;
		ck_assert_uint_eq(base64_encode(again, out, n), 4);
		ck_assert_mem_eq(in, again, 4);
	}
	ck_assert_uint_gt(accepted, 1000);
}
END_TEST

START_TEST(room_is_respected)
{
	uint8_t	out[3] = { 0, 0, 0xee };
	size_t	n;

	ck_assert_int_eq(decode("Zm8=", out, 1, &n), -E_TOO_LARGE);
	ck_assert_int_eq(decode("Zm8=", out, 2, &n), 0);
	ck_assert_int_eq(out[2], 0xee);
	ck_assert_int_eq(decode("", out, 0, &n), 0);
}
END_TEST

UNIT_MAIN("base64", the_vectors_of_rfc_4648_hold, it_agrees_with_openssl,
    malformed_text_is_refused, only_the_canonical_form_is_accepted,
    room_is_respected)
