#include "saeopt.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "saeoptset.h"

#define S	(1u << SAEVERB_STATUS)
#define G	(1u << SAEVERB_GET)
#define F	(1u << SAEVERB_FETCH)
#define O	(1u << SAEVERB_SESSION)
#define L	(1u << SAEVERB_LISTEN)
#define ALL	(S | G | F | O | L)

#define OPTIONS_MAX	48
#define SECONDS_MAX	86400

static const char *const verbs[] = { "status", "get", "fetch", "session",
	"listen" };

#define AT(member)	offsetof(struct saeopt, member)
#define TEXT(member)	saeoptset_text, AT(member), 0, 0
#define NUMBER(member, min, max) \
			saeoptset_number, AT(member), min, max
#define MS(member, min)	saeoptset_ms, AT(member), min, SECONDS_MAX
#define OTHER(set)	set, 0, 0, 0

static const struct saeoptrow rows[] = {
	{ "door", 'd', ALL, "DOOR", "QKDNODE_DOOR",
	    "https (ETSI GS QKD 014) or q4161 (sessions, too)",
	    OTHER(saeoptset_door) },
	{ "kme", 'k', ALL, "HOST:PORT", "QKDNODE_KME",
	    "the KME of this site, at that door", TEXT(conf.address) },
	{ "cert", 'c', ALL, "FILE", "QKDNODE_CERT",
	    "certificate of this application (PEM)", TEXT(conf.certificate) },
	{ "key", 'K', ALL, "FILE", "QKDNODE_KEY",
	    "private key of the certificate (PEM)", TEXT(conf.private_key) },
	{ "ca", 'a', ALL, "FILE", "QKDNODE_CA",
	    "who vouches for the KME (PEM)", TEXT(conf.ca) },
	{ "crl", 0, ALL, "FILE", "QKDNODE_CRL",
	    "whose certificates are revoked (PEM)", TEXT(conf.crl) },
	{ "kme-id", 'i', ALL, "ID", "QKDNODE_KME_ID",
	    "the KME ID that its certificate shall say", TEXT(conf.km_id) },
	{ "sae-id", 0, ALL, "ID", "QKDNODE_SAE_ID",
	    "our own ID at q4161 (the CN of the certificate)",
	    TEXT(conf.application_id) },
	{ "slave", 0, S | G, "ID", NULL,
	    "the SAE to share keys with", TEXT(other) },
	{ "also", 0, G, "ID", NULL,
	    "one more SAE that gets the same keys", OTHER(saeoptset_also) },
	{ "master", 0, F, "ID", NULL,
	    "the SAE that got the keys first", TEXT(other) },
	{ "name", 0, O, "NAME", NULL,
	    "what this application calls itself, for people", TEXT(name) },
	{ "limit", 0, O, "N", NULL,
	    "most keys that the session may use (without end)",
	    NUMBER(limit, 1, UINT32_MAX) },
	{ "session", 0, O, "ID", NULL,
	    "go on with a session instead of opening one",
	    OTHER(saeoptset_session) },
	{ "number", 'n', G | O, "N", NULL, "number of keys (1)",
	    NUMBER(number, 1, QKDSAE_KEYS_MAX) },
	{ "size", 's', G | F | O, "BITS", NULL,
	    "of each key (what the KME has set; fetch: any)",
	    NUMBER(bits, 1, QKDSAE_BITS_MAX) },
	{ "repeat", 0, O, "N", NULL,
	    "draw so many times (1; with --every without end)",
	    NUMBER(repeat, 1, UINT32_MAX) },
	{ "every", 0, O, "SECONDS", NULL,
	    "draw again so long after; what fails, sooner",
	    NUMBER(every, 1, SECONDS_MAX) },
	{ "from", 0, L, "ID", NULL,
	    "sessions of this application only; may be repeated",
	    OTHER(saeoptset_from) },
	{ "count", 0, L, "N", NULL,
	    "end when keys were taken so many times",
	    NUMBER(count, 1, UINT32_MAX) },
	{ "once", '1', L, NULL, NULL, "the same as --count 1",
	    OTHER(saeoptset_once) },
	{ "timeout", 't', L, "SECONDS", NULL,
	    "end with 3 when no keys came for so long",
	    NUMBER(timeout, 1, SECONDS_MAX) },
	{ "mandatory", 0, G | O, "NAME=JSON", NULL,
	    "extension that the KME shall honour or refuse",
	    OTHER(saeoptset_mandatory) },
	{ "optional", 0, G | O, "NAME=JSON", NULL,
	    "extension that the KME may ignore", OTHER(saeoptset_optional) },
	{ "out", 'o', G | F | O | L, "FILE", NULL,
	    "keys into a file of mode 0600; -: standard output",
	    TEXT(out.file) },
	{ "exec", 'e', G | F | O | L, NULL, NULL,
	    "COMMAND follows; has the keys on its stdin; or --",
	    OTHER(NULL) },
	{ "format", 'f', G | F | O | L, "FORMAT", NULL,
	    "of the keys: json (the default), base64, hex, raw",
	    OTHER(saeoptset_format) },
	{ "json", 'j', O | L, NULL, NULL,
	    "about the keys a line of JSON instead of their IDs",
	    saeoptset_flag, AT(json), 0, 0 },
	{ "retry", 'r', ALL, "SECONDS", NULL,
	    "try again so long if there are no keys, or no KME (0)",
	    MS(conf.retry_ms, 0) },
	{ "wait", 'w', ALL, "SECONDS", NULL,
	    "for each answer at most (30)", MS(conf.wait_ms, 1) },
	{ "help", 'h', ALL, NULL, NULL, "this", OTHER(NULL) },
};
#define N_ROWS	(sizeof(rows) / sizeof(rows[0]))

void
saeopt_usage(FILE *f)
{
	char	left[48];

	fputs("usage: qkdctl sae status --slave ID [OPTION...]\n"
	    "       qkdctl sae get --slave ID [OPTION...] "
	    "{--out FILE | -- COMMAND...}\n"
	    "       qkdctl sae fetch --master ID [OPTION...] KEY_ID... "
	    "{--out FILE | -- COMMAND...}\n"
	    "       qkdctl sae session {ID | --session SESSION_ID} "
	    "[OPTION...]\n"
	    "              {--out FILE | -- COMMAND...}\n"
	    "       qkdctl sae listen [OPTION...] "
	    "{--out FILE | -- COMMAND...}\n\n"
	    "Keys for an application, by ETSI GS QKD 014 or ITU-T Q.4161. "
	    "get prints their\nkey_IDs, for the other side to fetch; fetch "
	    "reads them from standard input where\n- stands. session draws "
	    "keys that the other side has got already, by listen.\n\n", f);
	for (const struct saeoptrow *r = rows; r < rows + N_ROWS; r++) {
		snprintf(left, sizeof(left), "%c%c --%s %s",
		    r->letter != 0 ? '-' : ' ', r->letter != 0 ? r->letter :
		    ' ', r->name, r->arg != NULL ? r->arg : "");
		fprintf(f, "  %-24s %s\n", left, r->help);
	}
	fputs("\nInstead of an option, in the environment:", f);
	for (size_t i = 0, n = 0; i < N_ROWS; i++)
		if (rows[i].env != NULL)
			fprintf(f, "%s%s", n++ % 4 == 0 ? "\n  " : " ",
			    rows[i].env);
	fputs("\n\nExit status: 0 done, 1 usage or this machine, 2 refused, "
	    "3 no keys now, 4 network,\nTLS or a wrong answer; otherwise "
	    "that of COMMAND.\n", f);
}

static int
read_environment(struct saeopt *o)
{
	char	*value;

	for (const struct saeoptrow *r = rows; r < rows + N_ROWS; r++)
		if (r->env != NULL && (value = getenv(r->env)) != NULL &&
		    value[0] != '\0' && r->set(o, r, value) < 0)
			return -1;
	return 0;
}

/* What is no option: key_IDs to fetch, whom to have a session with. */
static int
add_word(struct saeopt *o, const char *word)
{
	if (o->verb == SAEVERB_SESSION && o->other == NULL) {
		o->other = word;
		return 0;
	}
	if (o->verb != SAEVERB_FETCH)
		return saeoptset_misuse(word, "not expected here");
	if (o->nids == QKDSAE_KEYS_MAX)
		return saeoptset_misuse(word, "too many key_IDs");
	o->ids[o->nids++] = word;
	return 0;
}

static void
make_table(struct option longs[OPTIONS_MAX], char shorts[2 * OPTIONS_MAX])
{
	char	*s = shorts;

	/* '-': what is no option comes in its place, as code 1. */
	*s++ = '-';
	for (size_t i = 0; i < N_ROWS; i++) {
		longs[i] = (struct option){ rows[i].name, rows[i].arg != NULL,
		    NULL, 256 + (int)i };
		if (rows[i].letter != 0) {
			*s++ = rows[i].letter;
			if (rows[i].arg != NULL)
				*s++ = ':';
		}
	}
	longs[N_ROWS] = (struct option){ NULL, 0, NULL, 0 };
	*s = '\0';
}

static const struct saeoptrow *
row_of(int c)
{
	if (c >= 256)
		return &rows[c - 256];
	for (const struct saeoptrow *r = rows; r < rows + N_ROWS; r++)
		if (r->letter == c)
			return r;
	return NULL;
}

/* One option: 0, 1 (help), 2 (a command follows) or -1. */
static int
take(struct saeopt *o, int c)
{
	const struct saeoptrow	*r = row_of(c);

	if (c == 1)
		return add_word(o, optarg);
	if (r == NULL)
		return saeoptset_misuse("usage", "");
	if (strcmp(r->name, "help") == 0) {
		saeopt_usage(stdout);
		return 1;
	}
	if (!(r->verbs & 1u << o->verb))
		return saeoptset_misuse(r->name, "not an option of this "
		    "command");
	return r->set != NULL ? r->set(o, r, optarg) : 2;
}

static int
read_options(struct saeopt *o, int argc, char **argv)
{
	struct option	longs[OPTIONS_MAX];
	char		shorts[2 * OPTIONS_MAX];
	int		c, r = 0;

	_Static_assert(N_ROWS < OPTIONS_MAX, "more room is needed");
	make_table(longs, shorts);
	optind = 0;			/* getopt begins anew */
	while (r == 0 && (c = getopt_long(argc, argv, shorts, longs, NULL)) !=
	    -1)
		r = take(o, c);
	if (r == 1 || r < 0)
		return r;
	if (r == 2 && optind == argc)
		return saeoptset_misuse("--exec", "which command?");
	if (optind < argc && o->verb == SAEVERB_STATUS)
		return saeoptset_misuse(argv[optind], "not expected here");
	if (optind < argc)
		o->out.command = argv + optind;
	return 0;
}

static bool
on_stdout(const struct saeopt *o)
{
	return o->out.file != NULL && strcmp(o->out.file, "-") == 0;
}

static int
check(const struct saeopt *o)
{
	enum saeverb	v = o->verb;
	const struct {
		bool		 wrong;
		const char	*what, *why;
	} faults[] = {
		{ o->conf.address == NULL, "missing", "--kme HOST:PORT" },
		{ o->conf.certificate == NULL, "missing", "--cert FILE" },
		{ o->conf.private_key == NULL, "missing", "--key FILE" },
		{ o->conf.ca == NULL, "missing", "--ca FILE" },
		{ (v == SAEVERB_STATUS || v == SAEVERB_GET) &&
		    o->other == NULL, "missing", "--slave ID" },
		{ v == SAEVERB_FETCH && o->other == NULL, "missing",
		    "--master ID" },
		{ v == SAEVERB_FETCH && o->nids == 0, "missing",
		    "key_IDs, or - for standard input" },
		{ v == SAEVERB_SESSION && (o->other == NULL) ==
		    (o->session[0] == '\0'), "session", "with whom: the ID of "
		    "an application, or --session" },
		{ o->session[0] != '\0' && (o->limit != 0 || o->name != NULL),
		    "--session", "--limit and --name are for a new one" },
		{ v >= SAEVERB_SESSION && o->conf.door != QKDSAE_Q4161,
		    verbs[v], "sessions need --door q4161" },
		{ v == SAEVERB_STATUS && o->conf.door != QKDSAE_HTTPS,
		    verbs[v], "only --door https can tell" },
		{ o->json && on_stdout(o), "--json",
		    "standard output is for the keys (--out -)" },
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (faults[i].wrong)
			return saeoptset_misuse(faults[i].what,
			    faults[i].why);
	return v == SAEVERB_STATUS ? 0 : saeout_check(&o->out);
}

static void
begin(struct saeopt *o)
{
	memset(o, 0, sizeof(*o));
	o->conf = (struct qkdsae_conf)QKDSAE_CONF_INIT;
	o->wanted = (struct qkdsae_wanted)QKDSAE_WANTED_INIT;
	o->wanted.also = o->also;
	o->wanted.extensions = o->extensions;
	o->number = 1;
}

/* What follows from what was said, and from what was not. */
static void
complete(struct saeopt *o)
{
	o->wanted.number = o->number;
	o->wanted.bits = o->bits;
	if (o->door == NULL && o->verb >= SAEVERB_SESSION)
		o->conf.door = QKDSAE_Q4161;
	if (o->repeat == 0 && o->every == 0)
		o->repeat = 1;
}

int
saeopt_read(struct saeopt *o, int argc, char **argv)
{
	int	r;

	begin(o);
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0)) {
		saeopt_usage(stdout);
		return 1;
	}
	while (o->verb < SAEVERB_NONE && (argc < 2 ||
	    strcmp(argv[1], verbs[o->verb]) != 0))
		o->verb++;
	if (o->verb == SAEVERB_NONE)
		return saeoptset_misuse("status, get, fetch, session or "
		    "listen", "which?");
	if (read_environment(o) < 0)
		return -1;
	if ((r = read_options(o, argc - 1, argv + 1)) != 0)
		return r;
	complete(o);
	return check(o);
}
