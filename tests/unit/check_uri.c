/* Request targets: what a path and a query mean, and what is refused. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/uri.h"

static struct uri_text	path, query;

static int
split(const char *target)
{
	return uri_split(target, strlen(target), &path, &query);
}

static void
expect(const struct uri_text *t, const char *text)
{
	ck_assert_uint_eq(t->len, strlen(text));
	ck_assert_mem_eq(t->p, text, t->len);
}

START_TEST(a_target_is_a_path_and_perhaps_a_query)
{
	ck_assert_int_eq(split("/a/b?c=1&d"), 0);
	expect(&path, "/a/b");
	expect(&query, "c=1&d");
	ck_assert_int_eq(split("/a"), 0);
	expect(&path, "/a");
	ck_assert_ptr_null(query.p);
	ck_assert_int_eq(split("/a?"), 0);
	ck_assert_uint_eq(query.len, 0);
}
END_TEST

START_TEST(a_target_may_name_scheme_and_host)
{
	ck_assert_int_eq(split("https://kme:8443/a?b"), 0);
	expect(&path, "/a");
	expect(&query, "b");
	ck_assert_int_eq(split("HTTP://k/"), 0);
	expect(&path, "/");
}
END_TEST

START_TEST(other_targets_are_refused)
{
	static const char *const bad[] = {
		"", "*", "a", "host:443", "https://", "https://kme",
		"https:///a", "ftp://k/a", "/a#b", "https:/a",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(split(bad[i]) == -E_BAD_FORMAT, "%s", bad[i]);
}
END_TEST

START_TEST(segments_come_one_by_one_and_may_be_empty)
{
	struct uri_text s;

	split("/a//b%2Fc/");
	ck_assert(uri_segment(&path, &s));
	expect(&s, "a");
	ck_assert(uri_segment(&path, &s));
	expect(&s, "");
	ck_assert(uri_segment(&path, &s));
	expect(&s, "b%2Fc");
	ck_assert(uri_segment(&path, &s));
	expect(&s, "");
	ck_assert(!uri_segment(&path, &s));
}
END_TEST

START_TEST(pairs_come_one_by_one)
{
	struct uri_text n, v;

	split("/?a=1&&b&c==2&=3");
	ck_assert(uri_pair(&query, &n, &v));
	expect(&n, "a");
	expect(&v, "1");
	ck_assert(uri_pair(&query, &n, &v));
	expect(&n, "b");
	ck_assert_ptr_null(v.p);
	ck_assert(uri_pair(&query, &n, &v));
	expect(&n, "c");
	expect(&v, "=2");
	ck_assert(uri_pair(&query, &n, &v));
	expect(&n, "");
	expect(&v, "3");
	ck_assert(!uri_pair(&query, &n, &v));
}
END_TEST

static int
decode(const char *text, char *out, size_t room)
{
	struct uri_text t = { text, strlen(text) };

	return uri_decode(&t, out, room);
}

START_TEST(percent_encoding_is_undone_once)
{
	char	out[32];

	ck_assert_int_eq(decode("CN%3Da%2Cb%20c+%e2%82%AC", out, 32), 0);
	ck_assert_str_eq(out, "CN=a,b c+\xe2\x82\xac");
	ck_assert_int_eq(decode("%2541", out, 32), 0);
	ck_assert_str_eq(out, "%41");
	ck_assert_int_eq(decode("", out, 32), 0);
	ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(broken_encoding_and_nul_are_refused)
{
	static const char *const bad[] = { "%", "%4", "a%", "%zz", "%4g",
		"%00", "a%00b", "% 1", "%%41" };
	char	out[32];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(decode(bad[i], out, 32) == -E_BAD_FORMAT, "%s",
		    bad[i]);
}
END_TEST

START_TEST(what_does_not_fit_is_not_cut)
{
	char	out[4];

	ck_assert_int_eq(decode("%61bc", out, 4), 0);
	ck_assert_str_eq(out, "abc");
	ck_assert_int_eq(decode("abcd", out, 4), -E_TOO_LARGE);
}
END_TEST

START_TEST(a_word_is_compared_after_decoding)
{
	struct uri_text t = { "%6beys", 6 };

	ck_assert(uri_is(&t, "keys"));
	ck_assert(!uri_is(&t, "key"));
	ck_assert(!uri_is(&t, "Keys"));
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("uri");
	TCase	*t = tcase_create("uri");
	SRunner	*r = srunner_create(s);
	int	 failed;

	tcase_add_test(t, a_target_is_a_path_and_perhaps_a_query);
	tcase_add_test(t, a_target_may_name_scheme_and_host);
	tcase_add_test(t, other_targets_are_refused);
	tcase_add_test(t, segments_come_one_by_one_and_may_be_empty);
	tcase_add_test(t, pairs_come_one_by_one);
	tcase_add_test(t, percent_encoding_is_undone_once);
	tcase_add_test(t, broken_encoding_and_nul_are_refused);
	tcase_add_test(t, what_does_not_fit_is_not_cut);
	tcase_add_test(t, a_word_is_compared_after_decoding);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
