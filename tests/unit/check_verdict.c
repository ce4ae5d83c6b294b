/* From what daemons say to a verdict, its exit code and remedies. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "remedy.h"
#include "status.h"
#include "unit.h"
#include "verdict.h"

#define NOW	1800000000000LL
#define DAY	86400000LL

/* What each daemon says, or how it does not answer. */
#define KMA	"{'status':{'kme_id':'A','ready':true,'missing':[],'links':[" \
	"{'name':'a-b','peer':'B','state':'up','why':'ready'}]}}"
#define KMA_SIM	"{'status':{'kme_id':'A','ready':true,'missing':[],'links':[" \
	"{'name':'a-b','peer':'B','state':'up','simulated':true}," \
	"{'name':'a-c','peer':'C','state':'up','simulated':false}]}}"
#define KMA_NEW	"{'status':{'kme_id':'A','ready':true,'missing':[],'notes':" \
	"['no links are configured (qkdctl link add)'],'links':[]}}"
#define KMA_KEY(key) "{'status':{'kme_id':'A','ready':true,'missing':[]," \
	"'links':[]},'key':{" key "}}"
#define KMA_DARK "{'status':{'kme_id':'A','ready':false,'missing':" \
	"['link a-b: its qkdmod is not connected'],'links':[]}}"
#define POOL(km, octets) "{'peer':'" km "','direction':'out','octets':" \
	octets ",'usable':true,'waiting':0}"
#define KSA(missing, pools) "{'status':{'kme_id':'A','ready':true," \
	"'key_octets':32,'missing':[" missing "],'pools':[" \
	POOL("A", "640") pools "]}}"
#define KSA_2	KSA("", "," POOL("B", "3200") "," POOL("C", "640"))
#define KSA_1	KSA("'KM C cannot be reached'", "," POOL("B", "3200") "," \
	POOL("C", "0"))
#define AWAY(km) "{'peer':'" km "','direction':'out','octets':640," \
	"'usable':true,'reachable':false}"
#define KSA_AWAY KSA("'KM C cannot be reached'", "," POOL("B", "3200") "," \
	AWAY("C"))
#define KSA_LOST KSA("'KM B cannot be reached'", "," AWAY("B") "," \
	AWAY("C") "," AWAY("D") "," AWAY("E") "," AWAY("F"))
#define KSA_0	KSA("", "," POOL("B", "0") "," POOL("C", "0"))
#define RELAYD	"{'status':{'kme_id':'A','ready':true,'missing':[]}}"
#define EXPIRES(ms) "{'status':{'kme_id':'A','ready':true,'missing':[]," \
	"'certificate_expires_ms':" ms "}}"
#define GONE	"{'error':'/run/x: Connection refused','cause':'ended'}"
#define ABSENT	"{'error':'/run/x: No such file','cause':'absent'}"
#define HANGS	"{'error':'/run/x: Connection timed out','cause':'silent'}"
#define DENIED	"{'error':'/run/x: Permission denied','cause':'permission'}"

static json_t *
node(bool present, const char *kma, const char *ksa, const char *relayd,
    const char *module)
{
	char	 text[4096];
	json_t	*j;

	snprintf(text, sizeof(text), "{'run_dir':'/run/q','present':%s,"
	    "'daemons':{'kma':%s,'ksa':%s,'relayd':%s,'qkdmod-a-b':%s}}",
	    present ? "true" : "false", kma, ksa, relayd, module);
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	j = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(j);
	return j;
}

static const struct situation {
	const char	*kma, *ksa, *relayd, *module;
	bool		 absent;	/* the run directory */
	int		 code;
	const char	*verdict, *finding, *remedy;
} situations[] = {
	{ KMA, KSA_2, RELAYD, RELAYD, false, 0,
	    "A supplies keys to 2 of 2 nodes", NULL, NULL },
	{ KMA, KSA_1, RELAYD, RELAYD, false, 1,
	    "A supplies keys to 1 of 2 nodes", "KM C cannot be reached",
	    "is C up? qkdctl peers; qkdctl routes" },
	{ KMA, KSA_AWAY, RELAYD, RELAYD, false, 1,
	    "A supplies keys to 2 of 2 nodes; C not reachable",
	    "KM C cannot be reached", NULL },
	{ KMA, KSA_LOST, RELAYD, RELAYD, false, 1,
	    "A supplies keys to 5 of 5 nodes; B, C, D and 2 more not "
	    "reachable", "KM B cannot be reached", NULL },
	{ KMA_SIM, KSA_2, RELAYD, RELAYD, false, 0,
	    "A supplies keys to 2 of 2 nodes",
	    "keys of link a-b are SIMULATED: for tests only", NULL },
	{ KMA, KSA_0, RELAYD, RELAYD, false, 2,
	    "A supplies keys to 0 of 2 nodes", NULL, NULL },
	{ KMA_DARK, KSA_2, RELAYD, RELAYD, false, 1,
	    "A supplies keys to 2 of 2 nodes",
	    "link a-b: its qkdmod is not connected",
	    "systemctl status qkdnode-qkdmod@a-b; "
	    "journalctl -u qkdnode-qkdmod@a-b" },
	{ KMA, KSA_2, RELAYD, GONE, false, 1,
	    "A supplies keys to 2 of 2 nodes", "/run/x: Connection refused",
	    "systemctl start qkdnode-qkdmod@a-b; "
	    "journalctl -u qkdnode-qkdmod@a-b" },
	{ KMA, KSA_2, GONE, RELAYD, false, 2,
	    "A supplies keys to 2 of 2 nodes; relayd does not answer",
	    "/run/x: Connection refused",
	    "systemctl start qkdnode-relayd; journalctl -u qkdnode-relayd" },
	{ KMA, HANGS, RELAYD, RELAYD, false, 2,
	    "A supplies no keys: ksa does not answer",
	    "/run/x: Connection timed out",
	    "systemctl restart qkdnode-ksa; journalctl -u qkdnode-ksa" },
	{ GONE, GONE, GONE, GONE, false, 2,
	    "this node supplies no keys: ksa does not answer; kma does not "
	    "answer; relayd does not answer", "/run/x: Connection refused",
	    NULL },
	{ DENIED, DENIED, DENIED, DENIED, false, 3,
	    "the state of this node is unknown: its daemons may not be asked",
	    "/run/x: Permission denied",
	    "as root: usermod -aG qkdnode USER, then log in anew" },
	{ ABSENT, ABSENT, ABSENT, ABSENT, true, 3,
	    "no QKD node runs here: there is no /run/q",
	    "/run/x: No such file", "is qkdnode installed, was it set up "
	    "(qkdctl init) and started, is RUNDIR right?" },
	{ ABSENT, ABSENT, ABSENT, ABSENT, false, 2,
	    "this node supplies no keys: ksa does not answer; kma does not "
	    "answer; relayd does not answer", "/run/x: No such file",
	    "systemctl start qkdnode-kma; systemctl status qkdnode-kma says "
	    "what is missing, and journalctl -u qkdnode-kma -n 20 why it "
	    "ends" },
	{ KMA_NEW, KSA("", ""), RELAYD, RELAYD, false, 1,
	    "A has no links and no peers: it supplies no keys to other nodes "
	    "yet", "no links are configured (qkdctl link add)",
	    "qkdctl link add" },
	{ KMA, KSA("", ""), RELAYD, RELAYD, false, 1,
	    "A has no peers: it supplies no keys to other nodes yet", NULL,
	    NULL },
	{ KMA_KEY("'sealing_again':true,'unreadable':0"), KSA_2, RELAYD,
	    RELAYD, false, 0, "A supplies keys to 2 of 2 nodes",
	    "the store is being sealed again",
	    "wait; how far it is: qkdctl kma key" },
	{ KMA_KEY("'node_key_unsettled':true"), KSA_2, RELAYD, RELAYD, false,
	    1, "A supplies keys to 2 of 2 nodes",
	    "the change of the node key is not settled",
	    "qkdctl rotate-key --node-key" },
	{ KMA_KEY("'unreadable':3"), KSA_2, RELAYD, RELAYD, false, 1,
	    "A supplies keys to 2 of 2 nodes",
	    "3 rows of the store cannot be opened", NULL },
	{ KMA, KSA_2, EXPIRES("1800432000000"), RELAYD, false, 1,
	    "A supplies keys to 2 of 2 nodes",
	    "the Kx certificate of this node expires in 5 days", NULL },
	{ KMA, KSA_2, EXPIRES("1799999999999"), RELAYD, false, 2,
	    "A supplies keys to 2 of 2 nodes",
	    "the Kx certificate of this node has expired",
	    "replace it, then systemctl reload qkdnode-relayd" },
	{ KMA, KSA_2, EXPIRES("1900000000000"), RELAYD, false, 0,
	    "A supplies keys to 2 of 2 nodes", NULL, NULL },
};

START_TEST(each_situation_has_its_verdict_its_exit_code_and_its_remedy)
{
	const struct situation	*s = &situations[_i];
	json_t	*n = node(!s->absent, s->kma, s->ksa, s->relayd, s->module);
	json_t	*v = verdict(n, NOW), *first;

	ck_assert_str_eq(field_str(v, "verdict", ""), s->verdict);
	ck_assert_int_eq(field_int(v, "code", -1), s->code);
	first = json_array_get(field_array(v, "findings"), 0);
	if (s->finding != NULL)
		ck_assert_str_eq(field_str(first, "what", ""), s->finding);
	else
		ck_assert_ptr_null(first);
	if (s->remedy != NULL)
		ck_assert_str_eq(field_str(first, "remedy", ""), s->remedy);
	json_decref(v);
	json_decref(n);
}
END_TEST

/* Whatever became of the daemons, nobody is told to start them. */
static void
says_once(const char *field, bool value, int code, const char *says,
    const char *finding, const char *first_to_do)
{
	static const char *const	how[] = { ABSENT, GONE };
	json_t				*n, *v, *f;

	for (int i = 0; i < 4; i++) {
		n = node(i < 2, how[i % 2], how[i % 2], how[i % 2],
		    how[i % 2]);
		json_object_set_new(n, field, json_boolean(value));
		v = verdict(n, NOW);
		f = field_array(v, "findings");
		ck_assert_str_eq(field_str(v, "verdict", ""), says);
		ck_assert_int_eq(field_int(v, "code", -1), code);
		ck_assert_uint_eq(json_array_size(f), 1);
		f = json_array_get(f, 0);
		ck_assert_ptr_nonnull(strstr(field_str(f, "what", ""),
		    finding));
		ck_assert_ptr_eq(strstr(field_str(f, "remedy", ""),
		    first_to_do), field_str(f, "remedy", ""));
		ck_assert_ptr_nonnull(strstr(field_str(f, "remedy", ""),
		    "qkdctl init"));
		json_decref(v);
		json_decref(n);
	}
}

START_TEST(of_a_node_that_was_zeroized_it_says_the_way_back)
{
	says_once("zeroized", true, VERDICT_CRITICAL, "this node supplies no "
	    "keys: it was zeroized", "was zeroized", "move ");
}
END_TEST

START_TEST(of_a_machine_without_a_node_it_says_how_to_make_one)
{
	says_once("set_up", false, VERDICT_UNKNOWN, "no QKD node is set up "
	    "here: qkdctl init", "kma.conf", "qkdctl init");
}
END_TEST

START_TEST(what_matters_most_comes_first)
{
	json_t	*n = node(true, KMA_DARK, KSA_1, GONE, RELAYD);
	json_t	*v = verdict(n, NOW), *f = field_array(v, "findings");

	ck_assert_uint_eq(json_array_size(f), 3);
	ck_assert_str_eq(field_str(json_array_get(f, 0), "severity", ""),
	    "critical");
	ck_assert_str_eq(field_str(json_array_get(f, 1), "daemon", ""), "kma");
	json_decref(v);
	json_decref(n);
}
END_TEST

/* A captured daemon must not put commands of its own into a remedy. */
START_TEST(a_remedy_holds_nothing_of_a_daemon_but_names)
{
	char	out[REMEDY_TEXT];

	remedy(out, "kma", "link $(reboot): its qkdmod is not connected");
	ck_assert_ptr_nonnull(strstr(out, "qkdmod@NAME"));
	ck_assert_ptr_null(strstr(out, "reboot"));
	remedy(out, "kma", "link a-b;reboot: its qkdmod is not connected");
	ck_assert_ptr_null(strstr(out, "reboot"));
	remedy(out, "qkdmod-a-b", "something new");
	ck_assert_str_eq(out, "journalctl -u qkdnode-qkdmod@a-b");
	remedy(out, "ksa", "something new");
	ck_assert_str_eq(out, "journalctl -u 'qkdnode-*'");
}
END_TEST

static char *
printed(const json_t *v, bool colour)
{
	char	*text = NULL;
	size_t	 len;
	FILE	*f = open_memstream(&text, &len);

	status_print(f, v, 0, colour);
	fclose(f);
	return text;
}

START_TEST(the_first_line_is_the_verdict_and_colour_is_for_terminals)
{
	json_t	*n = node(true, KMA, KSA_1, RELAYD, RELAYD);
	json_t	*v = verdict(n, NOW);
	char	*plain = printed(v, false), *coloured = printed(v, true);

	ck_assert_int_eq(strncmp(plain, "A supplies keys to 1 of 2 nodes\n"
	    "warning: ksa: KM C cannot be reached\n    do: is C up?", 80 - 8),
	    0);
	ck_assert_ptr_null(strchr(plain, '\033'));
	ck_assert_ptr_nonnull(strstr(coloured, "\033[33m"));
	ck_assert_ptr_nonnull(strstr(plain, "B    yes      3.1 KiB  100"));
	free(plain);
	free(coloured);
	json_decref(v);
	json_decref(n);
}
END_TEST

START_TEST(status_is_one_screen_however_large_the_network)
{
	json_t	*v, *list = json_array();
	char	*text, name[16];
	size_t	 lines = 0;

	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "KM-%d", i);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b}",
		    "peer", name, "what", name, "link", name, "supplied",
		    i != 150));
	}
	v = json_pack("{s:s, s:O, s:O, s:O}", "verdict", "x", "peers", list,
	    "findings", list, "links", list);
	text = printed(v, false);
	for (char *p = text; *p != '\0'; p++)
		lines += *p == '\n';
	ck_assert_uint_lt(lines, 50);
	ck_assert_ptr_nonnull(strstr(text, "KM-150"));
	ck_assert_ptr_nonnull(strstr(text, "and 190 more: qkdctl pools"));
	free(text);
	json_decref(v);
	json_decref(list);
}
END_TEST

int
main(void)
{
	Suite	*s = suite_create("verdict");
	TCase	*t = tcase_create("verdict");
	SRunner	*r = srunner_create(s);
	int	 failed;

	suite_add_tcase(s, t);
	tcase_add_loop_test(t,
	    each_situation_has_its_verdict_its_exit_code_and_its_remedy, 0,
	    sizeof(situations) / sizeof(*situations));
	tcase_add_test(t, of_a_node_that_was_zeroized_it_says_the_way_back);
	tcase_add_test(t,
	    of_a_machine_without_a_node_it_says_how_to_make_one);
	tcase_add_test(t, what_matters_most_comes_first);
	tcase_add_test(t, a_remedy_holds_nothing_of_a_daemon_but_names);
	tcase_add_test(t,
	    the_first_line_is_the_verdict_and_colour_is_for_terminals);
	tcase_add_test(t, status_is_one_screen_however_large_the_network);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
