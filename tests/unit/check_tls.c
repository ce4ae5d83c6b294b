/* check_tls.c - tests common/tls.c. */
#include <check.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "log.h"
#include "testpki.h"
#include "tls.h"
#include "tlscert.h"

static struct testpki pki;

static void
setup(void)
{
	log_init("check_tls", LL_ERR);
	testpki_open(&pki);
}

static void
teardown(void)
{
	testpki_close(&pki);
}

static int
cn_of(const char *cn, char *out, size_t room)
{
	X509	*cert;
	int	 r;

	testpki_issue(&pki, "x", cn, NULL, 3600);
	cert = testpki_load(&pki, "x");
	r = tlscert_cn(cert, out, room);
	X509_free(cert);
	return r;
}

START_TEST(the_name_of_a_certificate_is_its_cn)
{
	char	out[300];

	ck_assert_int_eq(cn_of("SAE-A1", out, sizeof(out)), 0);
	ck_assert_str_eq(out, "SAE-A1");
	ck_assert_int_eq(cn_of("Zähler Ω", out, sizeof(out)), 0);
	ck_assert_str_eq(out, "Zähler Ω");
	ck_assert_int_eq(cn_of(NULL, out, sizeof(out)), -E_NOT_FOUND);
	ck_assert_int_eq(cn_of("SAE-A1", out, 6), -E_BAD_FORMAT);
	ck_assert_int_eq(cn_of("SAE-A1", out, 7), 0);
}
END_TEST

static void
add_cn(X509_NAME *name, const char *cn, int len)
{
	ck_assert_int_eq(X509_NAME_add_entry_by_NID(name, NID_commonName,
	    V_ASN1_UTF8STRING, (const unsigned char *)cn, len, -1, 0), 1);
}

START_TEST(a_name_with_a_nul_or_two_names_are_no_name)
{
	X509	*a = X509_new(), *b = X509_new();
	char	 out[100];

	add_cn(X509_get_subject_name(a), "SAE-A1\0.evil", 12);
	ck_assert_int_eq(tlscert_cn(a, out, sizeof(out)), -E_BAD_FORMAT);
	add_cn(X509_get_subject_name(b), "SAE-A1", 6);
	add_cn(X509_get_subject_name(b), "SAE-A2", 6);
	ck_assert_int_eq(tlscert_cn(b, out, sizeof(out)), -E_BAD_FORMAT);
	X509_free(a);
	X509_free(b);
}
END_TEST

static int
collect(void *arg, const char *uri)
{
	strcat(strcat(arg, uri), " ");
	return 0;
}

static int
stop_at_once(void *arg, const char *uri)
{
	(void)uri;
	++*(int *)arg;
	return 7;
}

START_TEST(every_uri_of_a_certificate_is_shown_and_nothing_else)
{
	char	 all[300] = "";
	int	 calls = 0;
	X509	*cert;

	testpki_issue(&pki, "u", "n", "URI:urn:qkdnode:km:KME-A,"
	    "DNS:urn.example,IP:127.0.0.1,URI:https://b.example/", 3600);
	cert = testpki_load(&pki, "u");
	ck_assert_int_eq(tlscert_uris(cert, collect, all), 0);
	ck_assert_str_eq(all, "urn:qkdnode:km:KME-A https://b.example/ ");
	ck_assert_int_eq(tlscert_uris(cert, stop_at_once, &calls), 7);
	ck_assert_int_eq(calls, 1);
	X509_free(cert);
}
END_TEST

START_TEST(a_uri_with_a_nul_is_passed_over)
{
	GENERAL_NAME	*g = GENERAL_NAME_new();
	GENERAL_NAMES	*list = GENERAL_NAMES_new();
	ASN1_IA5STRING	*s = ASN1_IA5STRING_new();
	X509		*cert = X509_new();
	char		 all[100] = "";

	ASN1_STRING_set(s, "urn:qkdnode:km:KME-A\0B", 22);
	GENERAL_NAME_set0_value(g, GEN_URI, s);
	sk_GENERAL_NAME_push(list, g);
	ck_assert_int_eq(X509_add1_ext_i2d(cert, NID_subject_alt_name, list,
	    0, 0), 1);
	ck_assert_int_eq(tlscert_uris(cert, collect, all), 0);
	ck_assert_str_eq(all, "");
	GENERAL_NAMES_free(list);
	X509_free(cert);
}
END_TEST

START_TEST(a_certificate_is_described_for_the_log)
{
	X509	*cert;

	testpki_issue(&pki, "d", "SAE-A1", NULL, 3600);
	cert = testpki_load(&pki, "d");
	ck_assert_ptr_nonnull(strstr(tlscert_text(cert), "CN=SAE-A1, "));
	ck_assert_ptr_nonnull(strstr(tlscert_text(cert), "expires 20"));
	X509_free(cert);
}
END_TEST

static bool
loads(const char *crt, const char *key, const char *ca)
{
	char	 a[TESTPKI_PATH], b[TESTPKI_PATH], c[TESTPKI_PATH];
	struct tls_files f = { a, b, c, NULL };
	SSL_CTX	*ctx;

	testpki_path(&pki, crt, a);
	testpki_path(&pki, key, b);
	testpki_path(&pki, ca, c);
	ctx = tls_server(&f);
	SSL_CTX_free(ctx);
	return ctx != NULL;
}

START_TEST(files_that_cannot_work_are_refused_at_the_start)
{
	testpki_issue(&pki, "good", "a", NULL, 3600);
	testpki_issue(&pki, "other", "b", NULL, 3600);
	testpki_issue(&pki, "old", "c", NULL, -60);
	ck_assert(loads("good.crt", "good.key", "ca.crt"));
	ck_assert(!loads("none.crt", "good.key", "ca.crt"));
	ck_assert(!loads("good.crt", "none.key", "ca.crt"));
	ck_assert(!loads("good.crt", "good.key", "none.crt"));
	ck_assert(!loads("good.key", "good.key", "ca.crt"));
	ck_assert(!loads("good.crt", "good.crt", "ca.crt"));
	ck_assert(!loads("good.crt", "good.key", "good.key"));
	ck_assert(!loads("good.crt", "other.key", "ca.crt"));
	ck_assert(!loads("old.crt", "old.key", "ca.crt"));
}
END_TEST

START_TEST(old_protocols_and_ciphers_are_off)
{
	SSL_CTX	*ctx;

	testpki_issue(&pki, "good", "a", NULL, 3600);
	ctx = testpki_server(&pki, "good");
	ck_assert_int_eq(SSL_CTX_get_min_proto_version(ctx), TLS1_2_VERSION);
	ck_assert_int_eq(SSL_CTX_get_max_early_data(ctx), 0);
	ck_assert(SSL_CTX_get_options(ctx) & SSL_OP_NO_RENEGOTIATION);
	ck_assert(SSL_CTX_get_options(ctx) & SSL_OP_NO_TICKET);
	for (int i = 0; i < sk_SSL_CIPHER_num(SSL_CTX_get_ciphers(ctx)); i++) {
		const SSL_CIPHER *c = sk_SSL_CIPHER_value(
		    SSL_CTX_get_ciphers(ctx), i);

		ck_assert(SSL_CIPHER_is_aead(c));
		ck_assert(SSL_CIPHER_get_kx_nid(c) == NID_kx_ecdhe ||
		    SSL_CIPHER_get_kx_nid(c) == NID_kx_any);
	}
	SSL_CTX_free(ctx);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("tls");
	TCase	*tc = tcase_create("tls");
	SRunner	*sr = srunner_create(s);
	int	 failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_name_of_a_certificate_is_its_cn);
	tcase_add_test(tc, a_name_with_a_nul_or_two_names_are_no_name);
	tcase_add_test(tc, every_uri_of_a_certificate_is_shown_and_nothing_else);
	tcase_add_test(tc, a_uri_with_a_nul_is_passed_over);
	tcase_add_test(tc, a_certificate_is_described_for_the_log);
	tcase_add_test(tc, files_that_cannot_work_are_refused_at_the_start);
	tcase_add_test(tc, old_protocols_and_ciphers_are_off);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
