/* check_certname.c - tests ksa/certname.c and ksa/dn.c. */
#include <check.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/certname.h"
#include "ksa/dn.h"
#include "log.h"

static bool
valid(const char *text)
{
	const char	*expected = NULL;
	struct certname	 n;
	int		 r = certname_parse(&n, text, &expected);

	ck_assert_ptr_nonnull(expected);
	ck_assert(r == 0 || r == -E_BAD_FORMAT);
	return r == 0;
}

static bool
same(const char *a, const char *b)
{
	const char	*expected;
	struct certname	 x, y;

	ck_assert_msg(certname_parse(&x, a, &expected) == 0, "%s", a);
	ck_assert_msg(certname_parse(&y, b, &expected) == 0, "%s", b);
	return x.len == y.len && memcmp(x.b, y.b, x.len) == 0;
}

START_TEST(a_name_has_a_kind_and_the_form_of_its_kind)
{
	static const char *const good[] = {
		"cn:SAE-A1", "cn:Z\xc3\xa4hler", "cn: blank", "dns:a.example",
		"dns:a_b.c-d", "uri:urn:x:y", "uri:https://h/p?q#f",
		"email:a@b.example", "ip:192.0.2.7", "ip:2001:db8::1",
		"dn:CN=x,O=y,C=z", "dn:cn=x", "dn:1.2.3.4=x", "dn:CN=a+OU=b",
	};
	static const char *const bad[] = {
		"", "SAE-A1", "CN:x", "cn:", "cn:a\nb", "cn:\xff", "cn:\xc3",
		"dns:", "dns:*.example", "dns:.a", "dns:a.", "dns:a..b",
		"dns:a b", "dns:\xc3\xa4.example", "uri:", "uri:x", "uri::x",
		"uri:x:", "uri:1x:y", "uri:a b:c", "email:a", "email:@b",
		"email:a@", "email:a@b@c", "email:a b@c", "ip:", "ip:1.2.3",
		"ip:1.2.3.4.5", "ip:192.0.2.07x", "ip:192.0.2.0/24", "ip:::g",
		"dn:", "dn:x", "dn:CN", "dn:CN=", "dn:CN=,O=y", "dn:CN=x,",
		"dn:CN=x,,O=y", "dn:=x", "dn:NOSUCH=x", "dn:CN=#0401", "dn:,",
		"dn:CN=x+", "dn:CN=\"x\"", "dn:CN=x;O=y", "dn:CN=x\\",
		"dn:CN=x\\zz", "dn:CN=a\\00b", "dn:CN=a\\0ab", "dn:CN=\\ff",
	};
	char	label[80] = "dns:", text[400] = "cn:";

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert_msg(valid(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(!valid(bad[i]), "%s", bad[i]);
	memset(label + 4, 'a', 63);
	ck_assert(valid(label));
	label[67] = 'a';
	ck_assert(!valid(label));
	memset(text + 3, 'a', 291);
	ck_assert(valid(text));
	text[294] = 'a';
	ck_assert(!valid(text));
}
END_TEST

START_TEST(what_has_no_case_is_compared_without)
{
	ck_assert(!same("cn:a", "cn:A"));
	ck_assert(same("dns:Host.Example", "dns:host.example"));
	ck_assert(!same("dns:a.example", "dns:b.example"));
	ck_assert(same("email:Me@HOST.example", "email:Me@host.example"));
	ck_assert(!same("email:me@host.example", "email:Me@host.example"));
	ck_assert(same("uri:HTTPS://HOST/Path", "uri:https://host/Path"));
	ck_assert(!same("uri:https://host/Path", "uri:https://host/path"));
	ck_assert(same("uri:https://Me@HOST:1/", "uri:https://Me@host:1/"));
	ck_assert(!same("uri:https://me@host/", "uri:https://Me@host/"));
	ck_assert(!same("uri:https://h/?A@B", "uri:https://h/?A@b"));
	ck_assert(!same("uri:urn:X:Y", "uri:urn:x:y"));
	ck_assert(same("ip:2001:DB8:0::1", "ip:2001:db8::1"));
	ck_assert(!same("ip:192.0.2.7", "ip:::ffff:192.0.2.7"));
	ck_assert(!same("cn:a.example", "dns:a.example"));
}
END_TEST

START_TEST(a_dn_is_compared_as_a_name)
{
	ck_assert(same("dn:CN=x,O=y,C=z", "dn:cn = X , o= Y,  c=z"));
	ck_assert(same("dn:CN=a  b", "dn:CN=A B"));
	ck_assert(same("dn:CN=a\\, b", "dn:CN=a\\2c b"));
	ck_assert(same("dn:CN=\\ a\\ ", "dn:CN=a"));
	ck_assert(same("dn:2.5.4.3=x", "dn:CN=x"));
	ck_assert(same("dn:commonName=x", "dn:CN=x"));
	ck_assert(same("dn:CN=a+OU=b,C=z", "dn:OU=b+CN=a,C=z"));
	ck_assert(!same("dn:CN=a+OU=b", "dn:CN=a,OU=b"));
	ck_assert(!same("dn:CN=x,O=y", "dn:O=y,CN=x"));
	ck_assert(!same("dn:CN=x,O=y", "dn:CN=x"));
	ck_assert(!same("dn:CN=x,O=y", "dn:CN=x,OU=y"));
	ck_assert(!same("dn:CN=x\\,O=y", "dn:CN=x,O=y"));
	ck_assert(!same("dn:CN=Z\xc3\xa4", "dn:CN=Z\xc3\x84"));
}
END_TEST

static X509_NAME *
name_of(const char *const (*rdns)[2], int type)
{
	X509_NAME	*n = X509_NAME_new();

	for (; (*rdns)[0] != NULL; rdns++)
		ck_assert_int_eq(X509_NAME_add_entry_by_txt(n, (*rdns)[0],
		    type, (const unsigned char *)(*rdns)[1], -1, -1, 0), 1);
	return n;
}

/* What the certificate has first stands last in the text. */
START_TEST(a_dn_is_read_as_rfc_4514_orders_it)
{
	static const char *const rdns[][2] = {
		{ "C", "DE" }, { "O", "A, B+C \"D\"" }, { "CN", "#x; <y>=z\\" },
		{ NULL, NULL }
	};
	static const char text[] = "CN=\\#x\\; \\<y\\>=z\\\\,"
	    "O=A\\, B\\+C \\\"D\\\",C=DE";
	X509_NAME	*want = name_of(rdns, MBSTRING_UTF8), *got;

	ck_assert_int_eq(dn_parse(text, strlen(text), &got), 0);
	ck_assert_int_eq(X509_NAME_cmp(got, want), 0);
	X509_NAME_free(got);
	X509_NAME_free(want);
	ck_assert_int_eq(dn_parse("CN=a\0", 5, &got), -E_BAD_FORMAT);
}
END_TEST

START_TEST(the_canonical_form_tells_apart_what_the_library_does)
{
	static const char *const texts[] = {
		"CN=x", "CN=X", "CN= x ", "CN=x y", "CN=x  y", "O=x",
		"CN=x,O=y", "O=y,CN=x", "CN=x+O=y", "O=Y+CN=X", "DC=x,DC=y",
		"CN=\xc3\xa4", "CN=\xc3\x84", "CN=\\09x", "1.2.3=x",
	};
	X509_NAME	*a, *b;
	uint8_t		 x[500], y[500];
	int		 n, m;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		for (size_t k = 0; k < sizeof(texts) / sizeof(*texts); k++) {
			if (dn_parse(texts[i], strlen(texts[i]), &a) < 0)
				continue;
			if (dn_parse(texts[k], strlen(texts[k]), &b) == 0) {
				n = dn_canonical(a, x, sizeof(x));
				m = dn_canonical(b, y, sizeof(y));
				ck_assert(n > 0 && m > 0);
				ck_assert_msg((X509_NAME_cmp(a, b) == 0) ==
				    (n == m && memcmp(x, y, (size_t)n) == 0),
				    "%s and %s", texts[i], texts[k]);
			}
			X509_NAME_free(b);
			X509_NAME_free(a);
		}
	a = X509_NAME_new();
	ck_assert_int_lt(dn_canonical(a, x, sizeof(x)), 0);
	X509_NAME_free(a);
	ck_assert_int_eq(dn_parse("CN=x", 4, &a), 0);
	ck_assert_int_lt(dn_canonical(a, x, 5), 0);
	X509_NAME_free(a);
}
END_TEST

START_TEST(the_kind_of_string_in_a_certificate_does_not_count)
{
	static const char *const rdns[][2] = {
		{ "O", "Some Org" }, { "CN", "name" }, { NULL, NULL }
	};
	static const int types[] = { V_ASN1_UTF8STRING,
		V_ASN1_PRINTABLESTRING, V_ASN1_T61STRING, V_ASN1_IA5STRING };
	uint8_t		 x[500], y[500];
	X509_NAME	*n;
	int		 len = 0;

	for (size_t i = 0; i < 4; i++) {
		n = name_of(rdns, types[i]);
		ck_assert_int_gt(len = dn_canonical(n, y, sizeof(y)), 0);
		if (i > 0)
			ck_assert_mem_eq(x, y, len);
		memcpy(x, y, sizeof(x));
		X509_NAME_free(n);
	}
}
END_TEST

/* ---- certificates ---- */

static void
add_san(X509 *cert, int type, const char *p, int len)
{
	GENERAL_NAMES	*list = X509_get_ext_d2i(cert, NID_subject_alt_name,
			    NULL, NULL);
	GENERAL_NAME	*g = GENERAL_NAME_new();
	ASN1_STRING	*s = ASN1_STRING_type_new(type == GEN_IPADD ?
			    V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);

	if (list == NULL)
		list = GENERAL_NAMES_new();
	ASN1_STRING_set(s, p, len);
	GENERAL_NAME_set0_value(g, type, s);
	sk_GENERAL_NAME_push(list, g);
	ck_assert_int_eq(X509_add1_ext_i2d(cert, NID_subject_alt_name, list,
	    0, X509V3_ADD_REPLACE), 1);
	GENERAL_NAMES_free(list);
}

static void
add_cn(X509 *cert, const char *cn, int len)
{
	ck_assert_int_eq(X509_NAME_add_entry_by_NID(
	    X509_get_subject_name(cert), NID_commonName, V_ASN1_UTF8STRING,
	    (const unsigned char *)cn, len, -1, 0), 1);
}

struct wanted { struct certname n; int found, all; };

static int
look(void *arg, const struct certname *n)
{
	struct wanted	*w = arg;

	w->all++;
	w->found += n->len == w->n.len && memcmp(n->b, w->n.b, n->len) == 0;
	return 0;
}

static bool
has(X509 *cert, const char *text)
{
	const char	*expected;
	struct wanted	 w = { .found = 0 };

	ck_assert_int_eq(certname_parse(&w.n, text, &expected), 0);
	ck_assert_int_eq(certname_each(cert, look, &w), 0);
	return w.found > 0;
}

static int
count(X509 *cert)
{
	struct wanted	 w = { .found = 0 };

	ck_assert_int_eq(certname_each(cert, look, &w), 0);
	return w.all;
}

static int
stop(void *arg, const struct certname *n)
{
	(void)n;
	return ++*(int *)arg == 2 ? -7 : 0;
}

START_TEST(every_name_of_a_certificate_is_found)
{
	X509	*cert = X509_new();
	int	 calls = 0;

	add_cn(cert, "me", 2);
	add_san(cert, GEN_DNS, "Host.example", 12);
	add_san(cert, GEN_URI, "urn:me", 6);
	add_san(cert, GEN_EMAIL, "me@Host", 7);
	add_san(cert, GEN_IPADD, "\xc0\x00\x02\x07", 4);
	add_san(cert, GEN_IPADD, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1",
	    16);
	ck_assert(has(cert, "cn:me"));
	ck_assert(has(cert, "dn:CN=Me"));
	ck_assert(has(cert, "dns:host.EXAMPLE"));
	ck_assert(has(cert, "uri:urn:me"));
	ck_assert(has(cert, "email:me@host"));
	ck_assert(has(cert, "ip:192.0.2.7"));
	ck_assert(has(cert, "ip:2001:db8::1"));
	ck_assert(!has(cert, "cn:host.example"));
	ck_assert_int_eq(count(cert), 7);
	ck_assert_int_eq(certname_each(cert, stop, &calls), -7);
	ck_assert_int_eq(calls, 2);
	X509_free(cert);
}
END_TEST

START_TEST(what_is_not_in_good_order_is_no_name)
{
	X509	*cert = X509_new();

	ck_assert_int_eq(count(cert), 0);
	add_san(cert, GEN_DNS, "host\0.evil", 10);
	add_san(cert, GEN_DNS, "*.example", 9);
	add_san(cert, GEN_DNS, "", 0);
	add_san(cert, GEN_DNS, "h\xf6st", 4);
	add_san(cert, GEN_URI, "urn:me\0x", 8);
	add_san(cert, GEN_URI, "urn:m e", 7);
	add_san(cert, GEN_EMAIL, "me@host\0", 8);
	add_san(cert, GEN_EMAIL, "a@b@c", 5);
	add_san(cert, GEN_IPADD, "\xc0\x00\x02\x07\xff\xff\xff\xff", 8);
	add_san(cert, GEN_IPADD, "abc", 3);
	ck_assert_int_eq(count(cert), 0);
	add_cn(cert, "me\0x", 4);
	ck_assert_int_eq(count(cert), 1);	/* its DN, which nobody has */
	ck_assert(!has(cert, "cn:me"));
	ck_assert(!has(cert, "dn:CN=me"));
	X509_free(cert);
}
END_TEST

START_TEST(of_two_cns_neither_counts)
{
	X509	*cert = X509_new();

	add_cn(cert, "a", 1);
	add_cn(cert, "b", 1);
	ck_assert(!has(cert, "cn:a"));
	ck_assert(!has(cert, "cn:b"));
	ck_assert(!has(cert, "dn:CN=a"));
	ck_assert(!has(cert, "dn:CN=b"));
	X509_free(cert);
}
END_TEST

START_TEST(a_certificate_with_too_many_names_has_none)
{
	X509	*cert = X509_new();
	struct wanted w = { .found = 0 };
	static char big[5000];

	add_cn(cert, "me", 2);
	for (int i = 0; i < CERTNAME_COUNT; i++)
		add_san(cert, GEN_DNS, "host.example", 12);
	ck_assert(has(cert, "cn:me"));
	add_san(cert, GEN_DNS, "host.example", 12);
	ck_assert_int_eq(certname_each(cert, look, &w), -E_TOO_LARGE);
	ck_assert_int_eq(w.all, 0);
	X509_free(cert);

	cert = X509_new();
	memset(big, 'a', sizeof(big));
	add_san(cert, GEN_DNS, big, sizeof(big));
	memcpy(big, "urn:", 4);
	add_san(cert, GEN_URI, big, sizeof(big));
	add_cn(cert, big, sizeof(big));
	ck_assert_int_eq(count(cert), 0);
	X509_free(cert);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_name_has_a_kind_and_the_form_of_its_kind,
		what_has_no_case_is_compared_without,
		a_dn_is_compared_as_a_name,
		a_dn_is_read_as_rfc_4514_orders_it,
		the_canonical_form_tells_apart_what_the_library_does,
		the_kind_of_string_in_a_certificate_does_not_count,
		every_name_of_a_certificate_is_found,
		what_is_not_in_good_order_is_no_name,
		of_two_cns_neither_counts,
		a_certificate_with_too_many_names_has_none,
	};
	Suite	*s = suite_create("certname");
	TCase	*t = tcase_create("certname");
	SRunner	*r = srunner_create(s);
	int	 failed;

	log_init("check_certname", LL_ERR);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(t, tests[i]);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
