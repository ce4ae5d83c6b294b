/* Configuration files. */
#include "config.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "err.h"
#include "ident.h"
#include "unit.h"

struct peer {
	km_id			id;
	char			at[64];
	struct conf_strings	names;
};

struct sample {
	km_id			kme_id;
	sae_id			sae;
	char			dir[32], text[8];
	int64_t			age, big;
	bool			loud;
	int			level;
	struct conf_strings	words;
	struct conf_list	peers;
};

static const char *const	levels[] = { "low", "high", NULL };

static const struct conf_opt	peer_opts[] = {
	OPT_TEXT(CONF_KM_ID, peer, id, NULL, "The peer."),
	OPT_TEXT(CONF_ADDRESS, peer, at, "", "Where it is."),
	OPT_STRINGS(peer, names, "Its names."),
	OPT_END
};

static const struct conf_opt	opts[] = {
	OPT_TEXT(CONF_KM_ID, sample, kme_id, NULL, "This node."),
	OPT_TEXT(CONF_SAE_ID, sample, sae, "SAE-\xc3\xa4", "An application."),
	OPT_TEXT(CONF_PATH, sample, dir, "/run", "Where."),
	OPT_TEXT(CONF_STRING, sample, text, "", "A \\ text."),
	OPT_INT(sample, age, "86400", 60, 604800, "s", "How old."),
	OPT_INT(sample, big, "1", -1, 1099511627776, "", "A large number."),
	OPT_BOOL(sample, loud, "false", "Noise."),
	OPT_CHOICE(sample, level, "high", levels, ".How much."),
	OPT_STRINGS(sample, words, "Words."),
	OPT_LIST(sample, peers, 0, 2, peer_opts, peer, "The peers."),
	OPT_END
};

static struct sample	conf;

/* What conf_load() complains about; free() it. */
static char *
load(const char *text, int *r)
{
	const char	*path = unit_path("x.conf");
	char		*out = NULL;
	size_t		 len;
	FILE		*f = open_memstream(&out, &len);

	memset(&conf, 0, sizeof(conf));
	unit_write(path, text, strlen(text), 0644);
	*r = conf_load(opts, &conf, path, f);
	fclose(f);
	return out;
}

START_TEST(a_full_file_fills_the_struct)
{
	int		 r;
	char		*out = load("# comment\n"
	    "kme_id = \"KME-A\"; sae = \"SAE 1\";\ndir = \"/x\"\n"
	    "text = \"1234567\"; age = 60; big = 1099511627776L; loud = true;\n"
	    "level = \"low\"; words = [ \"a\", \"b c\" ];\n"
	    "peers = ( { id = \"KME-B\"; at = \"[::1]:80\"; },\n"
	    " { id = \"KME-C\"; names = ( \"x\" ); } );\n", &r);
	struct peer	*p = conf.peers.v;

	ck_assert_str_eq(out, "");
	ck_assert_int_eq(r, 0);
	ck_assert_str_eq(conf.kme_id, "KME-A");
	ck_assert_str_eq(conf.sae, "SAE 1");
	ck_assert_str_eq(conf.dir, "/x");
	ck_assert_str_eq(conf.text, "1234567");
	ck_assert_int_eq(conf.age, 60);
	ck_assert_int_eq(conf.big, 1099511627776);
	ck_assert(conf.loud);
	ck_assert_int_eq(conf.level, 0);
	ck_assert_uint_eq(conf.words.n, 2);
	ck_assert_str_eq(conf.words.v[1], "b c");
	ck_assert_uint_eq(conf.peers.n, 2);
	ck_assert_str_eq(p[0].at, "[::1]:80");
	ck_assert_str_eq(p[1].id, "KME-C");
	ck_assert_str_eq(p[1].at, "");
	ck_assert_str_eq(p[1].names.v[0], "x");
	conf_free(opts, &conf);
	ck_assert_ptr_null(conf.peers.v);
	free(out);
}
END_TEST

START_TEST(what_is_left_out_has_its_default)
{
	int	 r;
	char	*out = load("kme_id = \"KME-A\";", &r);

	ck_assert_str_eq(out, "");
	ck_assert_int_eq(r, 0);
	ck_assert_str_eq(conf.sae, "SAE-\xc3\xa4");
	ck_assert_str_eq(conf.dir, "/run");
	ck_assert_int_eq(conf.age, 86400);
	ck_assert_int_eq(conf.level, 1);
	ck_assert(!conf.loud);
	ck_assert_uint_eq(conf.words.n + conf.peers.n, 0);
	conf_free(opts, &conf);
	free(out);
}
END_TEST

/* The fault names file and line, and holds `what`. */
static void
refused(const char *line, unsigned lineno, const char *what)
{
	char	 text[512], at[256], *out;
	int	 r;

	snprintf(text, sizeof(text), "kme_id = \"A\";\n%s\n", line);
	out = load(text, &r);
	ck_assert_int_eq(r, -E_CONFIG);
	snprintf(at, sizeof(at), "%s:%u: ", unit_path("x.conf"), lineno);
	ck_assert_msg(strncmp(out, at, strlen(at)) == 0, "%s", out);
	ck_assert_msg(strstr(out, what) != NULL, "%s: %s", what, out);
	free(out);
}

START_TEST(a_fault_names_file_line_option_and_what_was_expected)
{
	refused("age = 59;", 2, "age: 59 is out of range; expected: "
	    "integer from 60 to 604800 s");
	refused("age = 604801;", 2, "60 to 604800 s");
	refused("age = 99999999999999L;", 2, "out of range");
	refused("age = \"60\";", 2, "age: \"60\" is not an integer");
	refused("age = 4294967356;", 2, "needs an L at its end: 4294967356L");
	refused("\n/*\n*/ age = 0x10000003C;", 4, "needs an L at its end");
	refused("age = 60.5;", 2, "is not an integer");
	refused("age = true;", 2, "is not an integer");
	refused("age = { };", 2, "is not an integer");
	refused("loud = 1;", 2, "expected: true or false");
	refused("\n\nlevel = \"medium\";", 4, "one of \"low\", \"high\"");
	refused("dir = \"relative\";", 2, "dir: \"relative\" does not begin");
	refused("dir = \"\";", 2, "does not begin with /");
	refused("dir = \"/3456789012345678901234567890123\";", 2,
	    "too long; expected: absolute path of at most 31 octets");
	refused("text = \"12345678\";", 2, "text of at most 7 octets");
	refused("text = \"a\\nb\";", 2, "control character");
	refused("sae = \"\";", 2, "is not an application ID");
	refused("words = \"a\";", 2, "array of texts");
	refused("words = ( 1 );", 2, "item 1");
	refused("peers = 5;", 2, "list of 0 to 2 groups");
	refused("peers = ( { id = \"B\"; }, { id = \"C\"; }, {} );", 2,
	    "list of 0 to 2 groups");
	refused("peers = ( 7 );", 2, "item 1 is not a group");
	refused("peers = ( { id = \"B B\"; } );", 2, "is not a KM ID");
	refused("peers = ( { at = \"h:1\"; } );", 2,
	    "id: is missing and must be given");
	refused("peers = ( {\n id = \"B\"; colour = 1;\n} );", 3,
	    "colour: unknown option");
}
END_TEST

START_TEST(addresses_need_a_host_and_a_port)
{
	static const char *const	bad[] = { "host", ":80", "host:",
		"host:0", "host:65536", "host:123456", "host:8x", "::1:80",
		"[::1]", "[]:80", "[::1:80", "a b:80", "[a]b:80", "h/x:80",
		"host:-1", "host: 80" };
	char	line[128];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(line, sizeof(line),
		    "peers = ( { id = \"B\"; at = \"%s\"; } );", bad[i]);
		refused(line, 2, "is not an address with a port");
	}
}
END_TEST

START_TEST(unknown_options_and_groups_are_faults)
{
	refused("colour = 7;", 2, "colour: unknown option");
	refused("extra : { a = 1; };", 2, "extra: unknown group");
	refused("Age = 60;", 2, "Age: unknown option");
}
END_TEST

START_TEST(syntax_errors_and_repeated_options_are_faults)
{
	refused("age = ;", 2, "syntax");
	refused("age = 60; age = 61;", 2, "duplicate");
	refused("kme_id = \"B\";", 2, "duplicate");
}
END_TEST

START_TEST(includes_are_refused)
{
	refused("@include \"/etc/passwd\"", 2, "@include: is not supported");
	refused("  @include \"x\"", 2, "@include: is not supported");
}
END_TEST

START_TEST(texts_and_comments_are_not_searched_for_numbers_and_includes)
{
	int	 r;
	char	*out = load("kme_id = \"99999999999\"; # @include 9999999999\n"
	    "sae = \"@include \\\" 9999999999\"; /* 9999999999\n @include */\n"
	    "// @include \"x\" 9999999999\n age = 2147483647L;", &r);

	ck_assert_ptr_nonnull(strstr(out, ":5: age: 2147483647 is out of "));
	ck_assert_ptr_null(strstr(out, "L at its end"));
	ck_assert_ptr_null(strstr(out, "@include: "));
	free(out);
}
END_TEST

START_TEST(all_faults_are_told_at_once)
{
	int	 r, n = 0;
	char	*out = load("age = 1;\nloud = 2;\ncolour = 3;\n", &r);

	for (char *p = out; *p != '\0'; p++)
		n += *p == '\n';
	ck_assert_int_eq(n, 4);		/* and kme_id is missing */
	ck_assert_ptr_nonnull(strstr(out, ":1: age: "));
	ck_assert_ptr_nonnull(strstr(out, ":2: loud: "));
	ck_assert_ptr_nonnull(strstr(out, ":3: colour: "));
	ck_assert_ptr_nonnull(strstr(out, "kme_id: is missing"));
	free(out);
}
END_TEST

START_TEST(only_a_regular_file_is_read)
{
	static const char *const	paths[] = { "/dev/zero", "/", "/no/f" };
	char	*out;
	size_t	 len;
	FILE	*f;

	for (size_t i = 0; i < 3; i++) {
		f = open_memstream(&out, &len);
		ck_assert_int_eq(conf_load(opts, &conf, paths[i], f),
		    -E_CONFIG);
		fclose(f);
		ck_assert_int_eq(strncmp(out, paths[i], strlen(paths[i])), 0);
		free(out);
	}
}
END_TEST

START_TEST(options_and_the_manual_tell_type_range_unit_and_default)
{
	char	*out;
	size_t	 len;
	FILE	*f = open_memstream(&out, &len);

	conf_print_options(opts, f);
	conf_print_man(opts, f);
	fclose(f);
	ck_assert_ptr_nonnull(strstr(out, "age: integer from 60 to 604800 s, "
	    "default 86400 - How old.\n"));
	ck_assert_ptr_nonnull(strstr(out, "kme_id: KM ID (letters, digits and "
	    "._:-, at most 64), must be given - This node.\n"));
	ck_assert_ptr_nonnull(strstr(out, "        at: address"));
	ck_assert_ptr_nonnull(strstr(out, ".TP\n\\fBage\\fR \\(em integer "
	    "from 60 to 604800 s; default 86400\nHow old.\n"));
	ck_assert_ptr_nonnull(strstr(out, "A \\e text.\n"));
	ck_assert_ptr_nonnull(strstr(out, "\\&.How much.\n"));
	ck_assert_ptr_nonnull(strstr(out, ".RS\n.TP\n\\fBid\\fR"));
	ck_assert_ptr_nonnull(strstr(out, ".RE\n"));
	free(out);
}
END_TEST

UNIT_MAIN("conf", a_full_file_fills_the_struct,
    what_is_left_out_has_its_default,
    a_fault_names_file_line_option_and_what_was_expected,
    addresses_need_a_host_and_a_port, unknown_options_and_groups_are_faults,
    syntax_errors_and_repeated_options_are_faults, includes_are_refused,
    texts_and_comments_are_not_searched_for_numbers_and_includes,
    all_faults_are_told_at_once, only_a_regular_file_is_read,
    options_and_the_manual_tell_type_range_unit_and_default)
