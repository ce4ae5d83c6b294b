/* check_sae.c - tests ksa/sae.c. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/sae.h"
#include "log.h"
#include "testpki.h"

static struct testpki	 pki;
static struct sae_book	*book;

static void
setup(void)
{
	log_init("check_sae", LL_ERR);
	testpki_open(&pki);
	book = NULL;
}

static void
teardown(void)
{
	sae_book_free(&book);
	testpki_close(&pki);
}

#define NAMES(...)	{ sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *), \
			  (char *[]){ __VA_ARGS__ } }
#define APP(ID, ...)	{ .id = ID, .km = "KME-A", .names = NAMES(__VA_ARGS__) }
#define PLAIN(ID)	{ .id = ID, .km = "KME-A" }
#define CONF(...)	(struct ksa_conf){ .kme_id = "KME-A", .applications = { \
	sizeof((struct ksa_application[]){ __VA_ARGS__ }) / \
	sizeof(struct ksa_application), \
	(struct ksa_application[]){ __VA_ARGS__ } } }

static void
open_book(const struct ksa_conf *c)
{
	sae_book_free(&book);
	ck_assert_int_eq(sae_book_new(&book, c), 0);
}

/* The ID that a new certificate speaks for; "A+B": two; "": none. */
static const char *
who_is(const char *cn, const char *san)
{
	static char text[700];
	struct sae *who, *other;
	X509	*cert;
	int	 r;

	testpki_issue(&pki, "x", cn, san, 3600);
	cert = testpki_load(&pki, "x");
	r = sae_match(book, cert, &who, &other);
	X509_free(cert);
	ck_assert((r == 0) == (who != NULL && other == NULL));
	ck_assert((r == -E_NOT_FOUND) == (who == NULL));
	snprintf(text, sizeof(text), "%s%s%s", who != NULL ? who->id : "",
	    other != NULL ? "+" : "", other != NULL ? other->id : "");
	return text;
}

START_TEST(without_names_the_cn_is_the_id)
{
	open_book(&CONF(PLAIN("A"), PLAIN("B")));
	ck_assert_str_eq(who_is("A", NULL), "A");
	ck_assert_str_eq(who_is("B", "DNS:A"), "B");
	ck_assert_str_eq(who_is("C", "DNS:A"), "");
	ck_assert_str_eq(who_is("a", NULL), "");
}
END_TEST

START_TEST(with_names_only_they_count)
{
	open_book(&CONF(APP("A", "cn:one", "dns:two.example"), PLAIN("B")));
	ck_assert_str_eq(who_is("one", NULL), "A");
	ck_assert_str_eq(who_is("other", "DNS:TWO.example"), "A");
	ck_assert_str_eq(who_is("one", "DNS:two.example"), "A");
	ck_assert_str_eq(who_is("A", NULL), "");
	ck_assert_str_eq(who_is("two.example", NULL), "");
}
END_TEST

START_TEST(each_kind_of_name_leads_to_its_application)
{
	open_book(&CONF(APP("A", "dns:a.example"), APP("B", "uri:urn:b"),
	    APP("C", "email:c@example"), APP("D", "ip:192.0.2.7"),
	    APP("E", "ip:2001:db8::7"), APP("F", "dn:CN=f")));
	ck_assert_str_eq(who_is("x", "DNS:a.example"), "A");
	ck_assert_str_eq(who_is("x", "URI:urn:b"), "B");
	ck_assert_str_eq(who_is("x", "email:c@example"), "C");
	ck_assert_str_eq(who_is("x", "IP:192.0.2.7"), "D");
	ck_assert_str_eq(who_is("x", "IP:2001:db8::7"), "E");
	ck_assert_str_eq(who_is("F", NULL), "F");
	ck_assert_str_eq(who_is("x", "DNS:b.example"), "");
}
END_TEST

START_TEST(a_certificate_of_two_applications_is_that_of_neither)
{
	open_book(&CONF(APP("A", "cn:a"), APP("B", "dns:b.example")));
	ck_assert_str_eq(who_is("a", "DNS:b.example"), "A+B");
}
END_TEST

static char	faults[2000];

static void
on_fault(void *arg, const char *id, const char *what)
{
	size_t	n = strlen(faults);

	(void)arg;
	snprintf(faults + n, sizeof(faults) - n, "%s: %s\n", id, what);
}

static int
checked(const struct ksa_conf *c)
{
	struct sae_book	*b;
	int	 r, q;

	faults[0] = '\0';
	r = sae_book_check(c, on_fault, NULL);
	q = sae_book_new(&b, c);
	ck_assert((r == 0) == (q == 0));
	ck_assert((q == 0) == (b != NULL));
	sae_book_free(&b);
	return r;
}

START_TEST(a_name_of_two_applications_is_a_fault_that_names_both)
{
	ck_assert_int_eq(checked(&CONF(APP("A", "dns:x"), APP("B",
	    "cn:y", "dns:X"))), -E_EXISTS);
	ck_assert_str_eq(faults, "B: names: \"dns:X\" is a name of \"A\" too; "
	    "a certificate may speak for one application only\n");
	ck_assert_int_eq(checked(&CONF(PLAIN("A"), APP("B", "cn:A"))),
	    -E_EXISTS);
	ck_assert_int_eq(checked(&CONF(APP("B", "dn:CN=x , O=Y"), APP("C",
	    "dn:cn=X,o=y"))), -E_EXISTS);
	ck_assert_int_eq(checked(&CONF(APP("B", "cn:x", "cn:x"))), 0);
	ck_assert_int_eq(checked(&CONF(PLAIN("A"), PLAIN("A"))), -E_EXISTS);
}
END_TEST

START_TEST(every_malformed_name_is_a_fault_with_what_was_expected)
{
	ck_assert_int_eq(checked(&CONF(APP("A", "SAE-A"), APP("B", "cn:ok",
	    "ip:1.2.3"))), -E_BAD_FORMAT);
	ck_assert_str_eq(faults, "A: names: \"SAE-A\" is not valid; expected: "
	    "one of cn:, dn:, dns:, uri:, email:, ip: and a name\n"
	    "B: names: \"ip:1.2.3\" is not valid; expected: ip: and an IPv4 "
	    "or IPv6 address\n");
}
END_TEST

START_TEST(a_reload_keeps_who_is_connected_where_he_is)
{
	struct sae	*a, *b;

	open_book(&CONF(PLAIN("A"), PLAIN("B"), PLAIN("C")));
	a = sae_find(book, "A");
	b = sae_find(book, "B");
	ck_assert(a->local && b->local);
	a->connections = b->connections = 1;
	ck_assert_int_eq(sae_book_reload(book, &CONF({ .id = "A",
	    .km = "KME-B", .names = NAMES("cn:new") }, PLAIN("D"))), 0);
	ck_assert_ptr_eq(sae_find(book, "A"), a);
	ck_assert_str_eq(a->km, "KME-B");
	ck_assert(a->registered && !a->local && !b->registered);
	ck_assert_str_eq(b->id, "B");
	ck_assert_ptr_null(sae_find(book, "B"));
	ck_assert_ptr_null(sae_find(book, "C"));
	ck_assert_ptr_nonnull(sae_find(book, "D"));
	ck_assert_str_eq(who_is("new", NULL), "A");
	ck_assert_str_eq(who_is("A", NULL), "");
	ck_assert_str_eq(who_is("B", NULL), "");
	ck_assert_str_eq(who_is("D", NULL), "D");
	/* He comes back. */
	ck_assert_int_eq(sae_book_reload(book, &CONF(PLAIN("B"))), 0);
	ck_assert_ptr_eq(sae_find(book, "B"), b);
	ck_assert(b->registered && b->connections == 1);
	ck_assert_str_eq(who_is("B", NULL), "B");
	ck_assert_ptr_null(sae_find(book, "A"));
}
END_TEST

START_TEST(a_reload_that_fails_changes_nothing)
{
	struct sae	*a;

	open_book(&CONF(PLAIN("A"), APP("B", "dns:b")));
	a = sae_find(book, "A");
	ck_assert_int_eq(sae_book_reload(book, &CONF(APP("A", "cn:n"),
	    PLAIN("n"))), -E_EXISTS);
	ck_assert_int_eq(sae_book_reload(book, &CONF(APP("A", "n"))),
	    -E_BAD_FORMAT);
	ck_assert_ptr_eq(sae_find(book, "A"), a);
	ck_assert_str_eq(who_is("A", NULL), "A");
	ck_assert_str_eq(who_is("x", "DNS:b"), "B");
	ck_assert_str_eq(who_is("n", NULL), "");
}
END_TEST

START_TEST(among_very_many_applications_each_is_found)
{
	enum { N = 65536 };
	struct ksa_conf	c = { .kme_id = "KME-A" };
	struct ksa_application *v = calloc(N, sizeof(*v));
	char	 (*text)[2][40] = calloc(N, sizeof(*text));
	char	*(*names)[2] = calloc(N, sizeof(*names));

	for (int i = 0; i < N; i++) {
		snprintf(v[i].id, sizeof(v[i].id), "SAE-%d", i);
		strcpy(v[i].km, "KME-A");
		snprintf(text[i][0], 40, "dns:h%d.example", i);
		snprintf(text[i][1], 40, "dn:CN=n%d,O=o", i);
		names[i][0] = text[i][0];
		names[i][1] = text[i][1];
		v[i].names = (struct conf_strings){ 2, names[i] };
	}
	c.applications = (struct conf_list){ N, v };
	open_book(&c);
	ck_assert_str_eq(who_is("x", "DNS:h65535.example"), "SAE-65535");
	ck_assert_str_eq(who_is("x", "DNS:h0.example"), "SAE-0");
	ck_assert_str_eq(who_is("x", "DNS:h1.example,DNS:h2.example"),
	    "SAE-1+SAE-2");
	ck_assert_str_eq(who_is("x", "DNS:h65536.example"), "");
	ck_assert_int_eq(sae_book_reload(book, &c), 0);
	ck_assert_str_eq(who_is("x", "DNS:h40000.example"), "SAE-40000");
	free(names);
	free(text);
	free(v);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		without_names_the_cn_is_the_id,
		with_names_only_they_count,
		each_kind_of_name_leads_to_its_application,
		a_certificate_of_two_applications_is_that_of_neither,
		a_name_of_two_applications_is_a_fault_that_names_both,
		every_malformed_name_is_a_fault_with_what_was_expected,
		a_reload_keeps_who_is_connected_where_he_is,
		a_reload_that_fails_changes_nothing,
		among_very_many_applications_each_is_found,
	};
	Suite	*s = suite_create("sae");
	TCase	*t = tcase_create("sae");
	SRunner	*r = srunner_create(s);
	int	 failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 30);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(t, tests[i]);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
