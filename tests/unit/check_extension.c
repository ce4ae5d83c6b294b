/* check_extension.c - extension parameters of Get key, 014 6.2 and 6.3. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "ksa/blocks.h"
#include "ksa/etsi014out.h"
#include "ksa/extension.h"
#include "unit.h"

#define DIRECT	1U		/* rows of the table */
#define AGE	2U
#define PATHS	4U

static const struct supply_limits limits = { 256, 64, 65536, 128, 2 };
static struct key_request k;
static struct refusal	 r;
static char		 text[8192];

static int
post(const char *body)
{
	refusal_clear(&r);
	return etsi014_read_request(&k, body, strlen(body), &limits, &r);
}

static const char *
error_text(void)
{
	struct jsonout	out = { text, sizeof(text) - 1, 0 };

	etsi014_write_error(&out, &r);
	text[out.len] = '\0';
	refusal_clear(&r);
	return text;
}

static void
refused(const char *body, const char *words)
{
	ck_assert_msg(post(body) < 0, "%s", body);
	ck_assert_str_eq(error_text(), words);
}

static void
wishes(const char *body, unsigned mandatory, unsigned optional, bool asked)
{
	ck_assert_msg(post(body) == 0, "%s: %s", body, r.message);
	ck_assert_uint_eq(k.wish.mandatory, mandatory);
	ck_assert_uint_eq(k.wish.optional, optional);
	ck_assert(k.wish.asked == asked);
}

#define MUST(list)	"{\"extension_mandatory\":[" list "]}"
#define MAY(list)	"{\"extension_optional\":[" list "]}"

START_TEST(parameters_that_we_know_become_wishes)
{
	wishes("{}", 0, 0, false);
	wishes(MUST("{\"qkdnode_route_type\":\"direct\"}"), DIRECT, 0, true);
	wishes(MUST("{\"qkdnode_route_type\":\"any\"}"), 0, 0, true);
	wishes(MAY("{\"qkdnode_route_type\":\"direct\","
	    "\"qkdnode_max_age\":7}"), 0, DIRECT | AGE, true);
	ck_assert_uint_eq(k.wish.max_age, 7);
	wishes(MUST("{\"qkdnode_max_age\":0},{}"), AGE, 0, true);
	ck_assert_uint_eq(k.wish.max_age, 0);
	wishes(MUST("{\"qkdnode_min_disjoint_paths\":8}"), PATHS, 0, true);
	ck_assert_uint_eq(k.wish.min_paths, 8);
	wishes(MAY("{\"qkdnode_min_disjoint_paths\":2}"), 0, PATHS, true);
	wishes(MUST("{\"qkdnode_min_disjoint_paths\":1}"), 0, 0, true);
}
END_TEST

START_TEST(a_mandatory_value_wins_over_an_optional_one)
{
	wishes("{\"extension_optional\":[{\"qkdnode_max_age\":5,"
	    "\"qkdnode_route_type\":\"direct\"}],\"extension_mandatory\":["
	    "{\"qkdnode_max_age\":9},{\"qkdnode_route_type\":\"any\"}]}",
	    AGE, 0, true);
	ck_assert_uint_eq(k.wish.max_age, 9);
}
END_TEST

START_TEST(a_mandatory_parameter_has_one_value)
{
	wishes(MUST("{\"qkdnode_max_age\":5},{\"qkdnode_max_age\":5}"), AGE,
	    0, true);
	refused(MUST("{\"qkdnode_max_age\":5},{\"qkdnode_max_age\":6}"),
	    "{\"message\":\"qkdnode_max_age stands in extension_mandatory "
	    "twice, with different values\"}");
	wishes(MAY("{\"qkdnode_max_age\":5},{\"qkdnode_max_age\":6}"), 0, AGE,
	    true);
	ck_assert_uint_eq(k.wish.max_age, 5);
}
END_TEST

START_TEST(mandatory_values_that_are_none_are_refused_by_name)
{
	static const char *const ages[] = { "-1", "1.5", "\"1\"", "null",
	    "[1]", "{}", "true" };
	static const char *const types[] = { "\"indirect\"", "\"\"", "1",
	    "null", "[\"direct\"]", "{}", "\"Direct\"" };
	static const char *const paths[] = { "0", "9", "-1", "2.0", "\"2\"",
	    "null", "[2]" };
	char	body[200];

	for (size_t i = 0; i < 7; i++) {
		snprintf(body, sizeof(body),
		    MUST("{\"qkdnode_min_disjoint_paths\":%s}"), paths[i]);
		refused(body, "{\"message\":\"qkdnode_min_disjoint_paths "
		    "shall be an integer from 1 to 8\"}");
		snprintf(body, sizeof(body),
		    MUST("{\"qkdnode_max_age\":%s}"), ages[i]);
		refused(body, "{\"message\":\"qkdnode_max_age shall be an "
		    "integer of at least 0 (ms)\"}");
		snprintf(body, sizeof(body),
		    MUST("{\"qkdnode_route_type\":%s}"), types[i]);
		refused(body, "{\"message\":\"qkdnode_route_type shall be "
		    "\\\"direct\\\" or \\\"any\\\"\"}");
	}
}
END_TEST

START_TEST(optional_ones_that_are_not_understood_are_ignored)
{
	wishes(MAY("{\"qkdnode_max_age\":-1,\"qkdnode_route_type\":[]}"), 0,
	    0, false);
	wishes(MAY("{\"abc_max_age\":30000},"
	    "{\"qkdnode_min_disjoint_paths\":0}"), 0, 0, false);
}
END_TEST

START_TEST(what_is_unknown_is_not_supported)
{
	refused(MUST("{\"qkdnode_min_disjoint_path\":1},"
	    "{\"qkdnode_max_age\":\"x\",\"abc_y\":{}}"),
	    "{\"message\":\"" EXTENSION_UNSUPPORTED "\",\"details\":["
	    "{\"extension_mandatory_unsupported\":"
	    "\"qkdnode_min_disjoint_path is not supported\"},"
	    "{\"extension_mandatory_unsupported\":"
	    "\"abc_y is not supported\"}]}");
}
END_TEST

START_TEST(what_was_not_met_is_named)
{
	extension_unmet(DIRECT | AGE, "no such key", &r);
	ck_assert_str_eq(error_text(), "{\"message\":\"" EXTENSION_UNMET
	    "\",\"details\":[{\"extension_mandatory_unmet\":"
	    "\"qkdnode_route_type could not be met\"},"
	    "{\"extension_mandatory_unmet\":"
	    "\"qkdnode_max_age could not be met\"},"
	    "{\"reason\":\"no such key\"}]}");
}
END_TEST

static bool
met(unsigned wishes_, uint32_t hops, uint64_t born, uint64_t now)
{
	struct supply_wish	w = { .max_age = 1000 };
	struct material		m = { hops, born, 1 };

	return extension_met(&w, wishes_, &m, now);
}

START_TEST(material_meets_what_it_meets)
{
	ck_assert(met(0, MATERIAL_HOPS_UNKNOWN, MATERIAL_BORN_UNKNOWN, 5000));
	ck_assert(met(DIRECT, 0, 0, 0));
	ck_assert(met(DIRECT, 1, 0, 0));
	ck_assert(!met(DIRECT, 2, 0, 0));
	ck_assert(!met(DIRECT, MATERIAL_HOPS_UNKNOWN, 0, 0));
	ck_assert(met(AGE, 9, 4000, 5000));
	ck_assert(!met(AGE, 9, 3999, 5000));
	ck_assert(met(AGE, 9, 5001, 5000));	/* the clock was set back */
	ck_assert(!met(AGE, 9, MATERIAL_BORN_UNKNOWN, 5000));
	ck_assert(!met(AGE | DIRECT, 1, 3999, 5000));
	ck_assert(!met(AGE | DIRECT, 2, 5000, 5000));
}
END_TEST

static bool
came_over(uint32_t paths, unsigned wishes_, uint32_t min_paths,
    uint32_t floor, uint32_t hops)
{
	struct supply_wish	w = { .min_paths = min_paths,
				    .floor = floor };
	struct material		m = { hops, 0, paths };

	return extension_met(&w, wishes_, &m, 0);
}

START_TEST(paths_are_those_of_the_wish_and_of_the_configuration)
{
	struct supply_wish	w = { .min_paths = 3 };

	ck_assert(came_over(3, PATHS, 3, 1, 2));
	ck_assert(!came_over(2, PATHS, 3, 1, 2));
	ck_assert(came_over(1, 0, 3, 1, 2));	/* another one's wish */
	ck_assert(!came_over(1, 0, 0, 2, 2));
	ck_assert(!came_over(2, PATHS, 2, 3, 2));
	ck_assert(!came_over(1, PATHS, 2, 1, 1));	/* a link is one */
	ck_assert(came_over(1, PATHS, 8, 8, 0));	/* of this node */
	ck_assert_uint_eq(extension_paths(&w, 0), 1);
	ck_assert_uint_eq(extension_paths(&w, DIRECT | AGE), 1);
	ck_assert_uint_eq(extension_paths(&w, PATHS), 3);
	w.floor = 2;
	ck_assert_uint_eq(extension_paths(&w, 0), 2);
	ck_assert_uint_eq(extension_paths(&w, PATHS), 3);
	w.floor = 4;
	ck_assert_uint_eq(extension_paths(&w, PATHS), 4);
}
END_TEST

START_TEST(additional_slaves_are_taken_as_they_are)
{
	ck_assert_int_eq(post("{\"additional_slave_SAE_IDs\":[]}"), 0);
	ck_assert_uint_eq(k.nslaves, 0);
	ck_assert_int_eq(post("{\"additional_slave_SAE_IDs\":[\"SAE-C1\","
	    "\"CN=\\u00e4, O=\\\"x\\\"\"]}"), 0);
	ck_assert_uint_eq(k.nslaves, 2);
	ck_assert_str_eq(k.slaves[0], "SAE-C1");
	ck_assert_str_eq(k.slaves[1], "CN=\xc3\xa4, O=\"x\"");
	refused("{\"additional_slave_SAE_IDs\":[\"a\",\"b\",\"c\"]}",
	    "{\"message\":\"additional_slave_SAE_IDs shall have no more than "
	    "2 entries (max_SAE_ID_count)\"}");
	refused("{\"additional_slave_SAE_IDs\":[\"a\",\"\"]}",
	    "{\"message\":\"additional_slave_SAE_IDs: entry 2 is not a valid "
	    "SAE ID\"}");
	refused("{\"additional_slave_SAE_IDs\":[\"a\\nb\"]}",
	    "{\"message\":\"additional_slave_SAE_IDs: entry 1 is not a valid "
	    "SAE ID\"}");
}
END_TEST

/* ---- answers ---- */

static const uint8_t	key_ids[2][16];

static json_t *
written(struct supply_answer *a, size_t octets)
{
	size_t	 n;
	json_t	*root;

	ck_assert_int_eq(secret_init(65536), 0);
	a->number = 2;
	a->ids = key_ids;
	a->keys = secret_new(octets);
	for (size_t i = 0; i < octets; i++)
		a->keys->bytes[i] = (uint8_t)i;
	n = etsi014_keys_len(a);
	memset(text, 'x', sizeof(text) - 1);
	etsi014_write_keys(text, a);
	secret_free(&a->keys);
	ck_assert_int_eq(text[n - 1], '}');
	ck_assert_int_eq(text[n], 'x');
	root = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_ptr_nonnull(root);
	return root;
}

START_TEST(keys_of_an_answer_may_differ_in_size)
{
	static const uint32_t	sizes[2] = { 32, 9 };
	struct supply_answer	a = { .sizes = sizes, .octets = 32 };
	json_t			*root = written(&a, 41), *key;
	uint8_t			 out[64];

	for (size_t i = 0; i < 2; i++) {
		const char	*s;
		size_t		 n;

		key = json_array_get(json_object_get(root, "keys"), i);
		s = json_string_value(json_object_get(key, "key"));
		ck_assert_int_eq(base64_decode(out, sizeof(out), &n, s,
		    strlen(s)), 0);
		ck_assert_uint_eq(n, sizes[i]);
		ck_assert_uint_eq(out[0], i * 32);
		ck_assert_ptr_null(json_object_get(key, "key_extension"));
	}
	json_decref(root);
}
END_TEST

START_TEST(an_answer_tells_of_its_keys_only_when_asked)
{
	struct supply_origin	o = { true, true, 1700000000000, 0 };
	struct supply_answer	a = { .octets = 32 };
	json_t			*root = written(&a, 64);

	ck_assert_ptr_null(strstr(text, "extension"));
	json_decref(root);
	a.origin = &o;
	root = written(&a, 64);
	ck_assert_ptr_nonnull(strstr(text, "=\",\"key_extension\":{"
	    "\"qkdnode_route_type\":\"direct\","
	    "\"qkdnode_age\":1700000000000}},{\"key_ID\""));
	ck_assert_ptr_nonnull(strstr(text, "}}]}"));
	o = (struct supply_origin){ false, false, 5, 0 };
	json_decref(root);
	root = written(&a, 64);
	ck_assert_ptr_nonnull(strstr(text, "=\",\"key_extension\":{"
	    "\"qkdnode_route_type\":\"indirect\"}}]}"));
	json_decref(root);
	o = (struct supply_origin){ false, true, INT64_MAX, 8 };
	root = written(&a, 64);
	ck_assert_ptr_nonnull(strstr(text, "\"qkdnode_age\":"
	    "9223372036854775807,\"qkdnode_disjoint_paths\":8}}]}"));
	json_decref(root);
}
END_TEST

UNIT_MAIN("extension",
    parameters_that_we_know_become_wishes,
    a_mandatory_value_wins_over_an_optional_one,
    a_mandatory_parameter_has_one_value,
    mandatory_values_that_are_none_are_refused_by_name,
    optional_ones_that_are_not_understood_are_ignored,
    what_is_unknown_is_not_supported,
    what_was_not_met_is_named,
    material_meets_what_it_meets,
    paths_are_those_of_the_wish_and_of_the_configuration,
    additional_slaves_are_taken_as_they_are,
    keys_of_an_answer_may_differ_in_size,
    an_answer_tells_of_its_keys_only_when_asked)
