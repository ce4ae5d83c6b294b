/* check_saeclient.c - tests sae/saeclient.c against a tricky KME. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "fakekme.h"
#include "log.h"
#include "sae/saeclient.h"
#include "testpki.h"

#define A	"bc490419-7d60-487f-adc1-4ddcc177c139"
#define KEY_A	"wHHVxRwDJs3/bXd38GHP3oe4svTuRpZS0yCC7x4Ly+s="
#define ONE	"{\"keys\":[{\"key_ID\":\"" A "\",\"key\":\"" KEY_A "\"}]}"
#define OK	"HTTP/1.1 200 OK\r\nContent-Length: 113\r\n\r\n" ONE
#define BUSY	"HTTP/1.1 503 x\r\nContent-Length: 22\r\n\r\n" \
		"{\"message\":\"no\x1b[2J k\"}"

static struct testpki	 pki;
static struct fakekme	 kme;
static struct saeclient	*client;
static struct saekeys	*keys;
static char		 cert[TESTPKI_PATH], key[TESTPKI_PATH];
static struct saeclient_conf conf = { .certificate = cert,
			    .private_key = key, .ca = pki.ca,
			    .kme_id = "KME-A", .wait_ms = 20000 };

static const char *const id_a[] = { A };
static const struct saeget	 get_one = { .slave = "SAE B/1",
				    .number = 1, .size = 256 };
static const struct saefetch	 fetch_a = { .master = "SAE-A",
				    .ids = id_a, .n = 1 };

static void
setup(void)
{
	log_init("check_saeclient", LL_ERR);
	testpki_open(&pki);
	testpki_issue(&pki, "kme", "KME-A", "IP:127.0.0.1", 3600);
	testpki_issue(&pki, "sae", "SAE-A", NULL, 3600);
	testpki_path(&pki, "sae.crt", cert);
	testpki_path(&pki, "sae.key", key);
}

static void
teardown(void)
{
	testpki_close(&pki);
}

static void
start(const struct fakestep *steps, unsigned n)
{
	SSL_CTX	*ctx = testpki_server(&pki, "kme");

	ck_assert_ptr_nonnull(ctx);
	fakekme_start(&kme, ctx, steps, n);
	conf.kme = kme.address;
	ck_assert_int_eq(saeclient_open(&client, &conf), 0);
}

static void
stop(void)
{
	saeclient_close(&client);
	fakekme_stop(&kme);
	SSL_CTX_free(kme.ctx);
	saekeys_free(&keys);
}

#define START(...) \
	static const struct fakestep steps[] = { __VA_ARGS__ }; \
	start(steps, sizeof(steps) / sizeof(steps[0]))

START_TEST(keys_are_asked_for_as_the_standard_says)
{
	static const char *const	also[] = { "SAE-C" };
	static const struct saeextension ext[] = {
		{ "x_a", "{\"b\":[1]}", true }, { "x_c", "\"d\"", false },
	};
	struct saeget			 g = get_one;

	START({ OK, false }, { OK, false }, { OK, false });
	ck_assert_int_eq(saeclient_get(client, &get_one, &keys), 0);
	ck_assert_str_eq(keys->key[0].id, A);
	ck_assert_uint_eq(keys->key[0].octets, 32);
	ck_assert_uint_eq(keys->key[0].bytes[31], 0xeb);
	saekeys_free(&keys);
	ck_assert_int_eq(saeclient_fetch(client, &fetch_a, &keys), 0);
	saekeys_free(&keys);
	g.also = also;
	g.nalso = 1;
	g.extensions = ext;
	g.nextensions = 2;
	ck_assert_int_eq(saeclient_get(client, &g, &keys), 0);
	stop();
	ck_assert_uint_eq(kme.connections, 1);
	ck_assert_ptr_eq(strstr(kme.request[0],
	    "POST /api/v1/keys/SAE%20B%2F1/enc_keys HTTP/1.1\r\n"),
	    kme.request[0]);
	ck_assert_ptr_nonnull(strstr(kme.request[0],
	    "\r\n\r\n{\"number\":1,\"size\":256}"));
	ck_assert_ptr_nonnull(strstr(kme.request[1], "/SAE-A/dec_keys HTTP"));
	ck_assert_ptr_nonnull(strstr(kme.request[1],
	    "\r\n\r\n{\"key_IDs\":[{\"key_ID\":\"" A "\"}]}"));
	ck_assert_ptr_nonnull(strstr(kme.request[2],
	    "\"additional_slave_SAE_IDs\":[\"SAE-C\"],"
	    "\"extension_mandatory\":[{\"x_a\":{\"b\":[1]}}],"
	    "\"extension_optional\":[{\"x_c\":\"d\"}]"));
}
END_TEST

START_TEST(a_status_is_asked_for)
{
	struct saestatus	s;

	START({ "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"
	    "{\"source_KME_ID\":\"KME-A\",\"key_size\":256}", false },
	    { "HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n"
	    "{\"source_KME_ID\":\"KME-B\"}", false });
	ck_assert_int_eq(saeclient_status(client, "SAE-B", &s), 0);
	ck_assert_int_eq(s.key_size, 256);
	ck_assert_int_eq(saeclient_status(client, "SAE-B", &s),
	    -E_BAD_FORMAT);
	ck_assert_ptr_nonnull(strstr(saeclient_reason(client), "\"KME-B\""));
	stop();
	ck_assert_ptr_eq(strstr(kme.request[0],
	    "GET /api/v1/keys/SAE-B/status HTTP/1.1\r\n"), kme.request[0]);
}
END_TEST

static int
fetch_with(int version)
{
	SSL_CTX	*ctx = testpki_server(&pki, "kme");
	int	 r;
	static const struct fakestep	steps[] = { { OK, true } };

	SSL_CTX_set_min_proto_version(ctx, version);
	SSL_CTX_set_max_proto_version(ctx, version);
	fakekme_start(&kme, ctx, steps, 1);
	conf.kme = kme.address;
	ck_assert_int_eq(saeclient_open(&client, &conf), 0);
	r = saeclient_fetch(client, &fetch_a, &keys);
	stop();
	return r;
}

START_TEST(tls_is_1_2_or_1_3)
{
	ck_assert_int_eq(fetch_with(TLS1_2_VERSION), 0);
	ck_assert_int_eq(fetch_with(TLS1_3_VERSION), 0);
	ck_assert_int_eq(fetch_with(TLS1_1_VERSION), -E_TLS);
}
END_TEST

static void
refused_kme(const char *part)
{
	START({ OK, true });
	ck_assert_int_eq(saeclient_get(client, &get_one, &keys), -E_TLS);
	ck_assert_ptr_null(keys);
	ck_assert_msg(strstr(saeclient_reason(client), part) != NULL,
	    "%s", saeclient_reason(client));
	stop();
	ck_assert_uint_eq(kme.requests, 0);
}

START_TEST(only_the_kme_that_is_meant_is_asked)
{
	testpki_issue(&pki, "kme", "KME-A", "IP:127.0.0.2", 3600);
	refused_kme("no subjectAltName for this host");
	testpki_issue(&pki, "kme", "KME-B", "IP:127.0.0.1", 3600);
	refused_kme("is not \"KME-A\"");
	testpki_issue(&pki, "kme", "KME-AB", "IP:127.0.0.1,DNS:*,"
	    "URI:urn:qkdnode:km:KME-A2", 3600);
	refused_kme("is not \"KME-A\"");
	testpki_issue(&pki, "kme", "KME-A", "IP:127.0.0.1", -60);
	/* An expired certificate is not even loaded by our own server. */
	ck_assert_ptr_null(testpki_server(&pki, "kme"));
}
END_TEST

START_TEST(the_kme_id_may_stand_in_a_subject_alt_name)
{
	testpki_issue(&pki, "kme", "host", "IP:127.0.0.1,"
	    "URI:urn:qkdnode:km:KME-A", 3600);
	ck_assert_int_eq(fetch_with(TLS1_3_VERSION), 0);
	testpki_issue(&pki, "kme", "host", "IP:127.0.0.1,DNS:KME-A", 3600);
	ck_assert_int_eq(fetch_with(TLS1_3_VERSION), 0);
}
END_TEST

START_TEST(a_kme_of_another_ca_is_not_asked)
{
	struct testpki	other;

	testpki_open(&other);
	conf.ca = other.ca;
	refused_kme("its certificate is refused");
	conf.ca = pki.ca;
	testpki_close(&other);
}
END_TEST

START_TEST(who_the_kme_refuses_learns_which_certificate_it_was)
{
	struct testpki	other;
	char		reason[1024];

	testpki_open(&other);
	testpki_issue(&other, "sae", "SAE-Stray", NULL, 3600);
	testpki_path(&other, "sae.crt", cert);
	testpki_path(&other, "sae.key", key);
	START({ OK, true });
	ck_assert_int_eq(saeclient_get(client, &get_one, &keys), -E_TLS);
	snprintf(reason, sizeof(reason), "%s", saeclient_reason(client));
	stop();
	ck_assert_msg(strstr(reason, "CN=SAE-Stray") != NULL &&
	    strstr(reason, "refuses us") != NULL, "%s", reason);
	testpki_close(&other);
}
END_TEST

START_TEST(a_file_that_is_wrong_is_named)
{
	struct saeclient_conf	c = conf;

	c.kme = "127.0.0.1:1";
	c.certificate = "/nonexistent.crt";
	ck_assert_int_eq(saeclient_open(&client, &c), -E_CONFIG);
	ck_assert_ptr_nonnull(strstr(saeclient_reason(client),
	    "/nonexistent.crt"));
	saeclient_close(&client);
}
END_TEST

START_TEST(arguments_are_checked_before_anything_is_sent)
{
	static const char *const	bad_id[] = { "x" };
	static const struct saeextension ext = { "a", "b", true };
	struct saeget			 g = get_one;
	struct saefetch			 f = fetch_a;

	START({ OK, true });
	g.slave = "";
	ck_assert_int_eq(saeclient_get(client, &g, &keys), -E_RANGE);
	g.slave = "a\nb";
	ck_assert_int_eq(saeclient_get(client, &g, &keys), -E_RANGE);
	g = get_one;
	g.number = 0;
	ck_assert_int_eq(saeclient_get(client, &g, &keys), -E_RANGE);
	g.number = SAE_KEYS_MAX + 1;
	ck_assert_int_eq(saeclient_get(client, &g, &keys), -E_RANGE);
	g = get_one;
	g.extensions = &ext;
	g.nextensions = 1;
	ck_assert_int_eq(saeclient_get(client, &g, &keys), -E_RANGE);
	f.ids = bad_id;
	ck_assert_int_eq(saeclient_fetch(client, &f, &keys), -E_RANGE);
	f.n = 0;
	ck_assert_int_eq(saeclient_fetch(client, &f, &keys), -E_RANGE);
	stop();
	ck_assert_uint_eq(kme.connections, 0);
}
END_TEST

static void
expect_status(const char *answer, int r, const char *words)
{
	const struct fakestep	step = { answer, true };

	start(&step, 1);
	ck_assert_int_eq(saeclient_get(client, &get_one, &keys), r);
	ck_assert_msg(strstr(saeclient_reason(client), words) != NULL, "%s",
	    saeclient_reason(client));
	stop();
}

START_TEST(a_refusal_is_told_in_the_kmes_words)
{
	expect_status("HTTP/1.1 400 x\r\nContent-Length: 38\r\n\r\n"
	    "{\"message\":\"no\",\"details\":[{\"a\":\"b\"}]}", -E_REFUSED,
	    "answered 400: no (a: b)");
	expect_status("HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n",
	    -E_DENIED, "answered 401 without saying why");
	expect_status("HTTP/1.1 302 x\r\nLocation: https://x/\r\n"
	    "Content-Length: 0\r\n\r\n", -E_REFUSED, "answered 302");
	expect_status("HTTP/1.1 204 x\r\n\r\n", -E_REFUSED, "answered 204");
	expect_status("HTTP/1.1 404 x\r\nContent-Length: 6\r\n\r\n<html>",
	    -E_REFUSED, "answered 404");
}
END_TEST

START_TEST(an_answer_that_is_not_what_was_asked_is_refused)
{
	expect_status("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n"
	    "{\"keys\":[]}", -E_BAD_FORMAT, "0 keys, 1 expected");
	expect_status("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
	    -E_BAD_FORMAT, "body is too large");
	expect_status("ICY 200 OK\r\n\r\n", -E_BAD_FORMAT, "not HTTP");
	expect_status("HTTP/1.1 200 OK\r\nContent-Length: 113\r\n\r\n{\"keys",
	    -E_CLOSED, "ended before");
}
END_TEST

START_TEST(without_retry_503_is_final)
{
	expect_status(BUSY, -E_BUSY, "answered 503");
	ck_assert_uint_eq(kme.requests, 1);
}
END_TEST

START_TEST(after_503_a_call_is_made_again)
{
	conf.retry_ms = 20000;
	START({ BUSY, false }, { BUSY, true }, { OK, true });
	ck_assert_int_eq(saeclient_get(client, &get_one, &keys), 0);
	stop();
	conf.retry_ms = 0;
	ck_assert_uint_eq(kme.requests, 3);
	ck_assert_uint_eq(kme.connections, 2);
}
END_TEST

/* What was drawn and lost must not be drawn again behind the caller's back. */
START_TEST(a_get_that_left_is_not_sent_again)
{
	conf.retry_ms = 20000;
	START({ NULL, true }, { OK, true });
	ck_assert_int_eq(saeclient_get(client, &get_one, &keys), -E_CLOSED);
	stop();
	conf.retry_ms = 0;
	ck_assert_uint_eq(kme.requests, 1);
}
END_TEST

START_TEST(a_fetch_whose_answer_was_lost_is_sent_again)
{
	conf.retry_ms = 20000;
	START({ NULL, true }, { "HTTP/1.1 200 OK\r\nContent-Le", true },
	    { OK, true });
	ck_assert_int_eq(saeclient_fetch(client, &fetch_a, &keys), 0);
	stop();
	conf.retry_ms = 0;
	ck_assert_uint_eq(kme.requests, 3);
}
END_TEST

/* It was idle; nothing has been asked, so a get may dial anew. */
START_TEST(a_connection_that_the_kme_has_closed_is_made_anew)
{
	struct timespec	moment = { 0, 300000000 };

	START({ OK, true }, { OK, true });
	ck_assert_int_eq(saeclient_get(client, &get_one, &keys), 0);
	saekeys_free(&keys);
	nanosleep(&moment, NULL);
	ck_assert_int_eq(saeclient_get(client, &get_one, &keys), 0);
	stop();
	ck_assert_uint_eq(kme.connections, 2);
}
END_TEST

START_TEST(a_kme_that_says_nothing_is_not_waited_for_for_ever)
{
	conf.wait_ms = 300;
	START({ NULL, false });
	ck_assert_int_eq(saeclient_get(client, &get_one, &keys), -E_TIMEOUT);
	stop();
	conf.wait_ms = 20000;
}
END_TEST

START_TEST(nobody_listening_is_told_at_once)
{
	struct saeclient_conf	c = conf;

	START({ OK, true });
	stop();
	c.kme = kme.address;
	ck_assert_int_eq(saeclient_open(&client, &c), 0);
	ck_assert_int_eq(saeclient_get(client, &get_one, &keys), -E_DOWN);
	ck_assert_ptr_nonnull(strstr(saeclient_reason(client), kme.address));
	saeclient_close(&client);
	c.kme = "nowhere";
	ck_assert_int_eq(saeclient_open(&client, &c), 0);
	ck_assert_int_eq(saeclient_get(client, &get_one, &keys), -E_RANGE);
	saeclient_close(&client);
}
END_TEST

int
main(void)
{
	const TTest	*const tests[] = {
		keys_are_asked_for_as_the_standard_says,
		a_status_is_asked_for, tls_is_1_2_or_1_3,
		only_the_kme_that_is_meant_is_asked,
		the_kme_id_may_stand_in_a_subject_alt_name,
		a_kme_of_another_ca_is_not_asked,
		who_the_kme_refuses_learns_which_certificate_it_was,
		a_file_that_is_wrong_is_named,
		arguments_are_checked_before_anything_is_sent,
		a_refusal_is_told_in_the_kmes_words,
		an_answer_that_is_not_what_was_asked_is_refused,
		without_retry_503_is_final, after_503_a_call_is_made_again,
		a_get_that_left_is_not_sent_again,
		a_fetch_whose_answer_was_lost_is_sent_again,
		a_connection_that_the_kme_has_closed_is_made_anew,
		a_kme_that_says_nothing_is_not_waited_for_for_ever,
		nobody_listening_is_told_at_once,
	};
	Suite	*s = suite_create("saeclient");
	TCase	*t = tcase_create("saeclient");
	SRunner	*r;
	int	 failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(t, tests[i]);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
