/* check_kxcert.c - whose certificate may speak Kx. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "relayd/kxcert.h"
#include "testpki.h"
#include "unit.h"

static struct testpki	pki;
static km_id		km;
static const char	*why;

static int
km_of(const char *cn, const char *san)
{
	X509	*cert;
	int	 r;

	testpki_issue(&pki, "x", cn, san, 3600);
	cert = testpki_load(&pki, "x");
	r = kxcert_km(cert, km, &why);
	X509_free(cert);
	ck_assert((r < 0) == (why != NULL));
	ck_assert((r < 0) == (km[0] == '\0'));
	return r;
}

START_TEST(the_uri_names_the_km_and_the_subject_does_not)
{
	testpki_open(&pki);
	ck_assert_int_eq(km_of("whoever", "URI:urn:qkdnode:km:KME-A,"
	    "IP:127.0.0.1,URI:https://example/"), 0);
	ck_assert_str_eq(km, "KME-A");
	ck_assert_int_eq(km_of("KME-A", NULL), -E_NOT_FOUND);
	ck_assert_int_eq(km_of("KME-A", "DNS:KME-A"), -E_NOT_FOUND);
	ck_assert_int_eq(km_of("KME-A", "URI:urn:qkdnode:sae:KME-A"),
	    -E_NOT_FOUND);
	testpki_close(&pki);
}
END_TEST

START_TEST(a_certificate_for_two_kms_or_a_bad_id_is_for_none)
{
	testpki_open(&pki);
	ck_assert_int_eq(km_of("x", "URI:urn:qkdnode:km:KME-A,"
	    "URI:urn:qkdnode:km:KME-B"), -E_BAD_FORMAT);
	ck_assert_int_eq(km_of("x", "URI:urn:qkdnode:km:"), -E_BAD_FORMAT);
	ck_assert_int_eq(km_of("x", "URI:urn:qkdnode:km:a/b"),
	    -E_BAD_FORMAT);
	testpki_close(&pki);
}
END_TEST

START_TEST(a_plain_peer_is_known_by_fingerprint_or_name)
{
	char		 hex[80] = "sha256:", with[120] = "sha256:";
	uint8_t		 d[32];
	unsigned	 n;
	X509		*cert;

	testpki_open(&pki);
	testpki_issue(&pki, "x", "other vendor", NULL, 3600);
	cert = testpki_load(&pki, "x");
	ck_assert_int_eq(X509_digest(cert, EVP_sha256(), d, &n), 1);
	for (unsigned i = 0; i < n; i++) {
		sprintf(hex + strlen(hex), "%02x", d[i]);
		sprintf(with + strlen(with), "%s%02X", i > 0 ? ":" : "",
		    d[i]);
	}
	ck_assert(kxcert_known_by_ok(hex) && kxcert_known_by_ok(with));
	ck_assert(kxcert_is(cert, hex) && kxcert_is(cert, with));
	ck_assert(kxcert_is(cert, "cn:other vendor"));
	ck_assert(!kxcert_is(cert, "cn:other") && !kxcert_is(cert, ""));
	hex[7] = hex[7] == '0' ? '1' : '0';
	ck_assert(!kxcert_is(cert, hex));
	hex[70] = '\0';
	ck_assert(!kxcert_is(cert, hex) && !kxcert_known_by_ok(hex));
	ck_assert(!kxcert_known_by_ok("") && !kxcert_known_by_ok("cn:") &&
	    !kxcert_known_by_ok("KME-X"));
	X509_free(cert);
	testpki_close(&pki);
}
END_TEST

UNIT_MAIN("kxcert", a_plain_peer_is_known_by_fingerprint_or_name,
    the_uri_names_the_km_and_the_subject_does_not,
    a_certificate_for_two_kms_or_a_bad_id_is_for_none)
