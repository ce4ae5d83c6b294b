/* check_tlsverify.c - tests common/tlsverify.c and common/tlscrl.c. */
#include <check.h>
#include <openssl/err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "err.h"
#include "log.h"
#include "testpki.h"
#include "tls.h"
#include "tlscrl.h"
#include "tlsverify.h"

#define HOUR	3600

static struct testpki	 pki;
static SSL_CTX		*server, *client;
static X509		*cert_a, *cert_b;
static SSL		*s, *c;		/* the two ends of one connection */

static SSL_CTX *
server_with(const char *crl)
{
	char	crt[TESTPKI_PATH], key[TESTPKI_PATH], path[TESTPKI_PATH];
	struct tls_files f = { crt, key, pki.ca, crl != NULL ? path : NULL };

	testpki_path(&pki, "kme.crt", crt);
	testpki_path(&pki, "kme.key", key);
	testpki_path(&pki, crl != NULL ? crl : "", path);
	return tls_server(&f);
}

static void
setup(void)
{
	log_init("check_tlsverify", LL_ERR);
	testpki_open(&pki);
	testpki_issue(&pki, "kme", "kme", NULL, HOUR);
	testpki_issue(&pki, "a", "A", NULL, HOUR);
	testpki_issue(&pki, "b", "B", NULL, HOUR);
	cert_a = testpki_load(&pki, "a");
	cert_b = testpki_load(&pki, "b");
	server = server_with(NULL);
	client = testpki_client(&pki, "a");
	ck_assert(server != NULL && client != NULL);
}

static void
hang_up(void)
{
	SSL	*both[] = { s, c };

	/* As conn.c does: or the session could not be resumed. */
	for (int i = 0; i < 2 && both[i] != NULL; i++) {
		SSL_set_shutdown(both[i], SSL_SENT_SHUTDOWN |
		    SSL_RECEIVED_SHUTDOWN);
		SSL_free(both[i]);
	}
	s = c = NULL;
}

static void
teardown(void)
{
	hang_up();
	X509_free(cert_a);
	X509_free(cert_b);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	testpki_close(&pki);
}

static void
use_server(const char *crl)
{
	SSL_CTX_free(server);
	ck_assert_ptr_nonnull(server = server_with(crl));
}

/* True: the handshake ended well at the server. */
static bool
connects(SSL_SESSION *session)
{
	BIO	*a, *b;
	char	 x;

	hang_up();
	s = SSL_new(server);
	c = SSL_new(client);
	ck_assert_int_eq(BIO_new_bio_pair(&a, 0, &b, 0), 1);
	SSL_set_bio(s, a, a);
	SSL_set_bio(c, b, b);
	SSL_set_accept_state(s);
	SSL_set_connect_state(c);
	if (session != NULL)
		SSL_set_session(c, session);
	for (int i = 0; i < 10; i++) {
		SSL_do_handshake(c);
		SSL_do_handshake(s);
		SSL_read(c, &x, 1);	/* tickets */
	}
	ERR_clear_error();
	return SSL_is_init_finished(s) && SSL_is_init_finished(c);
}

static void
refused_for(const char *why)
{
	ck_assert(!connects(NULL));
	ck_assert_ptr_nonnull(tlsverify_refused(s));
	ck_assert_msg(strstr(tlsverify_refused(s), why) != NULL, "%s",
	    tlsverify_refused(s));
}

START_TEST(without_a_crl_whom_the_ca_knows_is_let_in)
{
	time_t	until = 0;

	ck_assert(connects(NULL));
	ck_assert_ptr_null(tlsverify_refused(s));
	ck_assert_int_eq(tlsverify_peer(server, s, true, &until), 0);
	ck_assert_int_eq(until, tlscrl_time(X509_get0_notAfter(cert_a)));
}
END_TEST

START_TEST(who_is_on_the_list_is_refused_and_named)
{
	testpki_crl(&pki, "crl", HOUR, cert_a);
	use_server("crl");
	refused_for("revoked 20");
	refused_for("CN=A");
	testpki_crl(&pki, "crl", HOUR, cert_b);
	use_server("crl");
	ck_assert(connects(NULL));
}
END_TEST

START_TEST(a_list_that_is_over_refuses_everybody)
{
	testpki_crl(&pki, "crl", -60, NULL);
	use_server("crl");
	refused_for("the CRL of its issuer has expired 20");
}
END_TEST

/* A second CA whose CRL is not in the file. */
START_TEST(a_ca_without_a_list_signs_for_nobody)
{
	struct testpki	 other;
	char		 cmd[1400];

	testpki_open_named(&other, "other CA");
	testpki_crl(&other, "crl", HOUR, NULL);
	snprintf(cmd, sizeof(cmd), "cat %s/ca.crt >>%s && cp %s/crl %s/crl2",
	    other.dir, pki.ca, other.dir, pki.dir);
	ck_assert_int_eq(system(cmd), 0);
	use_server("crl2");
	refused_for("there is no CRL of its issuer");
	testpki_crl(&pki, "crl", HOUR, NULL);
	snprintf(cmd, sizeof(cmd), "cat %s/crl >>%s/crl2", pki.dir, pki.dir);
	ck_assert_int_eq(system(cmd), 0);
	use_server("crl2");
	ck_assert(connects(NULL));
	testpki_close(&other);
}
END_TEST

START_TEST(a_file_that_is_no_list_is_refused_at_the_start)
{
	struct testpki	 other;
	char		 cmd[1400];

	ck_assert_ptr_null(server_with("none"));
	ck_assert_ptr_null(server_with("a.crt"));
	ck_assert_ptr_null(server_with("."));
	testpki_crl(&pki, "crl", HOUR, NULL);
	snprintf(cmd, sizeof(cmd), "cd %s && (cat crl; head -3 crl) >cut && "
	    ": >empty && sed '3s/[A-M]/Z/g' crl >damaged", pki.dir);
	ck_assert_int_eq(system(cmd), 0);
	ck_assert_ptr_null(server_with("cut"));
	ck_assert_ptr_null(server_with("empty"));
	ck_assert_ptr_null(server_with("damaged"));
	/* Of the right name, signed by somebody else. */
	testpki_open(&other);
	testpki_crl(&other, "crl", HOUR, NULL);
	snprintf(cmd, sizeof(cmd), "cp %s/crl %s/foreign", other.dir,
	    pki.dir);
	ck_assert_int_eq(system(cmd), 0);
	ck_assert_ptr_null(server_with("foreign"));
	testpki_close(&other);
}
END_TEST

START_TEST(the_verdict_holds_until_the_first_date)
{
	time_t		until = 0;
	struct tlscrl	first;

	testpki_crl(&pki, "crl", HOUR / 2, NULL);
	use_server("crl");
	ck_assert(connects(NULL));
	ck_assert_int_eq(tlsverify_peer(server, s, true, &until), 0);
	ck_assert(tlscrl_first(SSL_CTX_get_cert_store(server), &first));
	ck_assert_int_eq(until, first.expires);
	ck_assert_str_eq(first.issuer, "CN=test CA");
	ck_assert_int_eq(first.expires - first.made, HOUR * 3 / 2);
	testpki_crl(&pki, "crl", 2 * HOUR, NULL);
	use_server("crl");
	ck_assert(connects(NULL));
	ck_assert_int_eq(tlsverify_peer(server, s, true, &until), 0);
	ck_assert_int_eq(until, tlscrl_time(X509_get0_notAfter(cert_a)));
}
END_TEST

START_TEST(an_open_connection_is_judged_by_a_new_list)
{
	SSL_CTX	*later;
	time_t	 until = 0;

	ck_assert(connects(NULL));
	testpki_crl(&pki, "crl", HOUR, cert_b);
	ck_assert_ptr_nonnull(later = server_with("crl"));
	ck_assert_int_eq(tlsverify_peer(later, s, false, &until), 0);
	ck_assert_int_ne(until, 0);
	/* Also when the handshake ends only after the reload. */
	ck_assert_int_eq(tlsverify_peer(later, s, true, &until), 0);
	SSL_CTX_free(later);
	testpki_crl(&pki, "crl", HOUR, cert_a);
	ck_assert_ptr_nonnull(later = server_with("crl"));
	ck_assert_int_eq(tlsverify_peer(server, s, false, &until), 0);
	ck_assert_int_eq(tlsverify_peer(later, s, true, &until), -E_DENIED);
	ck_assert_ptr_nonnull(strstr(tlsverify_refused(s), "CN=A"));
	ck_assert_ptr_nonnull(strstr(tlsverify_refused(s), "revoked 20"));
	SSL_CTX_free(later);
}
END_TEST

/* Resumption does not look at the certificate by itself. */
static void
resumes_only_while_it_holds(int version)
{
	SSL_SESSION	*session;
	time_t		 until = 0;

	testpki_issue(&pki, "brief", "A", NULL, 3);
	SSL_CTX_free(client);
	ck_assert_ptr_nonnull(client = testpki_client(&pki, "brief"));
	SSL_CTX_set_max_proto_version(client, version);
	ck_assert(connects(NULL));
	ck_assert_int_eq(tlsverify_peer(server, s, true, &until), 0);
	session = SSL_get1_session(c);
	ck_assert(connects(session));
	ck_assert_int_eq(SSL_session_reused(s), 1);
	ck_assert_int_eq(tlsverify_peer(server, s, true, &until), 0);
	SSL_SESSION_free(session);
	session = SSL_get1_session(c);
	while (time(NULL) <= until)
		usleep(100000);
	ck_assert(connects(session));
	ck_assert_int_eq(SSL_session_reused(s), 1);
	ck_assert_int_eq(tlsverify_peer(server, s, true, &until), -E_DENIED);
	ck_assert_ptr_nonnull(strstr(tlsverify_refused(s), "expired 20"));
	SSL_SESSION_free(session);
	refused_for("expired 20");
}

START_TEST(a_session_of_tls_1_3_is_resumed_only_while_it_holds)
{
	resumes_only_while_it_holds(TLS1_3_VERSION);
}
END_TEST

START_TEST(a_session_of_tls_1_2_is_resumed_only_while_it_holds)
{
	resumes_only_while_it_holds(TLS1_2_VERSION);
}
END_TEST

START_TEST(a_context_that_retires_forgets_its_sessions_and_goes_on)
{
	SSL_CTX	*retired = server;

	ck_assert(connects(NULL));
	hang_up();
	ck_assert(connects(NULL));
	ck_assert_int_gt(SSL_CTX_sess_number(retired), 0);
	ck_assert_ptr_nonnull(server = server_with(NULL));
	tls_retire(retired);		/* the connection still has it */
	ck_assert_int_eq(SSL_CTX_sess_number(SSL_get_SSL_CTX(s)), 0);
	ck_assert_int_eq(SSL_write(s, "x", 1), 1);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		without_a_crl_whom_the_ca_knows_is_let_in,
		who_is_on_the_list_is_refused_and_named,
		a_list_that_is_over_refuses_everybody,
		a_ca_without_a_list_signs_for_nobody,
		a_file_that_is_no_list_is_refused_at_the_start,
		the_verdict_holds_until_the_first_date,
		an_open_connection_is_judged_by_a_new_list,
		a_session_of_tls_1_3_is_resumed_only_while_it_holds,
		a_session_of_tls_1_2_is_resumed_only_while_it_holds,
		a_context_that_retires_forgets_its_sessions_and_goes_on,
	};
	Suite	*suite = suite_create("tlsverify");
	TCase	*t = tcase_create("tlsverify");
	SRunner	*r = srunner_create(suite);
	int	 failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(t, tests[i]);
	suite_add_tcase(suite, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
