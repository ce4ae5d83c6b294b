#include "saeopt.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define S	(1u << SAEVERB_STATUS)
#define G	(1u << SAEVERB_GET)
#define F	(1u << SAEVERB_FETCH)
#define ALL	(S | G | F)

#define OPTIONS_MAX	32
#define SECONDS_MAX	86400
#define BITS_MAX	(SAE_KEY_OCTETS * 8)

static const char *const verbs[] = { "status", "get", "fetch" };

static int	set_kme(struct saeopt *, char *), set_cert(struct saeopt *,
	char *), set_key(struct saeopt *, char *), set_ca(struct saeopt *,
	char *), set_crl(struct saeopt *, char *), set_kme_id(struct saeopt *,
	char *), set_slave(struct saeopt *, char *), set_master(
	struct saeopt *, char *), set_also(struct saeopt *, char *),
	set_number(struct saeopt *, char *), set_size(struct saeopt *,
	char *), set_mandatory(struct saeopt *, char *), set_optional(
	struct saeopt *, char *), set_out(struct saeopt *, char *),
	set_format(struct saeopt *, char *), set_retry(struct saeopt *,
	char *), set_wait(struct saeopt *, char *);

static const struct option_row {
	const char	*name;
	char		 letter;
	unsigned	 verbs;		/* that know it */
	const char	*arg, *env, *help;
	int		(*set)(struct saeopt *, char *);
} rows[] = {
	{ "kme", 'k', ALL, "HOST:PORT", "QKDNODE_KME",
	    "the KME of this site", set_kme },
	{ "cert", 'c', ALL, "FILE", "QKDNODE_CERT",
	    "certificate of this application (PEM)", set_cert },
	{ "key", 'K', ALL, "FILE", "QKDNODE_KEY",
	    "private key of the certificate (PEM)", set_key },
	{ "ca", 'a', ALL, "FILE", "QKDNODE_CA",
	    "who vouches for the KME (PEM)", set_ca },
	{ "crl", 0, ALL, "FILE", "QKDNODE_CRL",
	    "whose certificates are revoked (PEM)", set_crl },
	{ "kme-id", 'i', ALL, "ID", "QKDNODE_KME_ID",
	    "the KME ID that its certificate shall say", set_kme_id },
	{ "slave", 0, S | G, "ID", NULL,
	    "the SAE to share keys with", set_slave },
	{ "also", 0, G, "ID", NULL,
	    "one more SAE that gets the same keys", set_also },
	{ "master", 0, F, "ID", NULL,
	    "the SAE that got the keys first", set_master },
	{ "number", 'n', G, "N", NULL, "number of keys (1)", set_number },
	{ "size", 's', G | F, "BITS", NULL,
	    "of each key (get: what the KME has set; fetch: any)", set_size },
	{ "mandatory", 0, G, "NAME=JSON", NULL,
	    "extension that the KME shall honour or refuse", set_mandatory },
	{ "optional", 0, G, "NAME=JSON", NULL,
	    "extension that the KME may ignore", set_optional },
	{ "out", 'o', G | F, "FILE", NULL,
	    "keys into a file of mode 0600; -: standard output", set_out },
	{ "exec", 'e', G | F, NULL, NULL,
	    "COMMAND follows; gets the keys on its stdin; -- does too",
	    NULL },
	{ "format", 'f', G | F, "FORMAT", NULL,
	    "of the keys: json (the default), base64, hex, raw", set_format },
	{ "retry", 'r', ALL, "SECONDS", NULL,
	    "try again so long after 503 or a lost connection (0)",
	    set_retry },
	{ "wait", 'w', ALL, "SECONDS", NULL,
	    "for each answer at most (30)", set_wait },
	{ "help", 'h', ALL, NULL, NULL, "this", NULL },
};
#define N_ROWS	(sizeof(rows) / sizeof(rows[0]))

static int
misuse(const char *what, const char *why)
{
	fprintf(stderr, "qkdctl sae: %s%s%s (qkdctl sae --help)\n", what,
	    why[0] != '\0' ? ": " : "", why);
	return -1;
}

/* A setter for a text that an option names. */
#define SET_TEXT(name, field) \
static int \
set_##name(struct saeopt *o, char *arg) \
{ \
	o->field = arg; \
	return 0; \
}
SET_TEXT(kme, conf.kme)
SET_TEXT(cert, conf.certificate)
SET_TEXT(key, conf.private_key)
SET_TEXT(ca, conf.ca)
SET_TEXT(crl, conf.crl)
SET_TEXT(kme_id, conf.kme_id)
SET_TEXT(slave, slave)
SET_TEXT(master, master)
SET_TEXT(out, out.file)

static int
number(const char *arg, unsigned long min, unsigned long max, uint32_t *out)
{
	unsigned long	v;
	char		*end, why[80];

	errno = 0;
	v = strtoul(arg, &end, 10);
	if (arg[0] < '0' || arg[0] > '9' || *end != '\0' || errno != 0 ||
	    v < min || v > max) {
		snprintf(why, sizeof(why), "%lu to %lu expected", min, max);
		return misuse(arg, why);
	}
	*out = (uint32_t)v;
	return 0;
}

static int
set_number(struct saeopt *o, char *arg)
{
	return number(arg, 1, SAE_KEYS_MAX, &o->number);
}

static int
set_size(struct saeopt *o, char *arg)
{
	return number(arg, 1, BITS_MAX, &o->size);
}

static int
set_seconds(char *arg, unsigned min, unsigned *ms)
{
	uint32_t	s;

	if (number(arg, min, SECONDS_MAX, &s) < 0)
		return -1;
	*ms = s * 1000;
	return 0;
}

static int
set_retry(struct saeopt *o, char *arg)
{
	return set_seconds(arg, 0, &o->conf.retry_ms);
}

static int
set_wait(struct saeopt *o, char *arg)
{
	return set_seconds(arg, 1, &o->conf.wait_ms);
}

static int
set_format(struct saeopt *o, char *arg)
{
	o->out.format = saeout_format(arg);
	return o->out.format != SAEFORMAT_NONE ? 0 :
	    misuse(arg, "json, base64, hex or raw expected");
}

static int
set_also(struct saeopt *o, char *arg)
{
	if (o->nalso == SAE_ALSO_MAX)
		return misuse("--also", "too many");
	o->also[o->nalso++] = arg;
	return 0;
}

static int
add_extension(struct saeopt *o, char *arg, bool mandatory)
{
	char	*equals = strchr(arg, '=');

	if (equals == NULL || equals == arg)
		return misuse(arg, "NAME=JSON expected");
	if (o->nextensions == SAE_EXTENSIONS_MAX)
		return misuse(arg, "too many extensions");
	*equals = '\0';
	o->extensions[o->nextensions++] = (struct saeextension){ arg,
	    equals + 1, mandatory };
	return 0;
}

static int
set_mandatory(struct saeopt *o, char *arg)
{
	return add_extension(o, arg, true);
}

static int
set_optional(struct saeopt *o, char *arg)
{
	return add_extension(o, arg, false);
}

void
saeopt_usage(FILE *f)
{
	char	left[48];

	fputs("usage: qkdctl sae status --slave ID [OPTION...]\n"
	    "       qkdctl sae get --slave ID [OPTION...] "
	    "{--out FILE | -- COMMAND...}\n"
	    "       qkdctl sae fetch --master ID [OPTION...] KEY_ID... "
	    "{--out FILE | -- COMMAND...}\n\n"
	    "Keys for an application, by ETSI GS QKD 014. get prints their "
	    "key_IDs, for the\nother side to fetch; fetch reads them from "
	    "standard input where - stands.\n\n", f);
	for (const struct option_row *r = rows; r < rows + N_ROWS; r++) {
		snprintf(left, sizeof(left), "%c%c --%s %s",
		    r->letter != 0 ? '-' : ' ', r->letter != 0 ? r->letter :
		    ' ', r->name, r->arg != NULL ? r->arg : "");
		fprintf(f, "  %-24s %s\n", left, r->help);
	}
	fputs("\nInstead of an option, in the environment:", f);
	for (const struct option_row *r = rows; r < rows + N_ROWS; r++)
		if (r->env != NULL)
			fprintf(f, " %s", r->env);
	fputs("\n\nExit status: 0 done, 1 usage or this machine, 2 refused "
	    "(400, 401), 3 no keys now\n(503), 4 network, TLS or a wrong "
	    "answer; otherwise that of COMMAND.\n", f);
}

static void
read_environment(struct saeopt *o)
{
	char	*value;

	for (const struct option_row *r = rows; r < rows + N_ROWS; r++)
		if (r->env != NULL && (value = getenv(r->env)) != NULL &&
		    value[0] != '\0')
			r->set(o, value);
}

static int
add_id(struct saeopt *o, const char *id)
{
	if (o->verb != SAEVERB_FETCH)
		return misuse(id, "not expected here");
	if (o->nids == SAE_KEYS_MAX)
		return misuse(id, "too many key_IDs");
	o->ids[o->nids++] = id;
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

static const struct option_row *
row_of(int c)
{
	if (c >= 256)
		return &rows[c - 256];
	for (const struct option_row *r = rows; r < rows + N_ROWS; r++)
		if (r->letter == c)
			return r;
	return NULL;
}

/* One option: 0, 1 (help), 2 (a command follows) or -1. */
static int
take(struct saeopt *o, int c)
{
	const struct option_row	*r = row_of(c);

	if (c == 1)
		return add_id(o, optarg);
	if (r == NULL)
		return misuse("usage", "");
	if (strcmp(r->name, "help") == 0) {
		saeopt_usage(stdout);
		return 1;
	}
	if (!(r->verbs & 1u << o->verb))
		return misuse(r->name, "not an option of this command");
	return r->set != NULL ? r->set(o, optarg) : 2;
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
		return misuse("--exec", "which command?");
	if (optind < argc && o->verb == SAEVERB_STATUS)
		return misuse(argv[optind], "not expected here");
	if (optind < argc)
		o->out.command = argv + optind;
	return 0;
}

static int
check(const struct saeopt *o)
{
	const struct {
		bool		 missing;
		const char	*what;
	} needs[] = {
		{ o->conf.kme == NULL, "--kme HOST:PORT" },
		{ o->conf.certificate == NULL, "--cert FILE" },
		{ o->conf.private_key == NULL, "--key FILE" },
		{ o->conf.ca == NULL, "--ca FILE" },
		{ o->verb != SAEVERB_FETCH && o->slave == NULL,
		    "--slave ID" },
		{ o->verb == SAEVERB_FETCH && o->master == NULL,
		    "--master ID" },
		{ o->verb == SAEVERB_FETCH && o->nids == 0,
		    "key_IDs, or - for standard input" },
	};

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (needs[i].missing)
			return misuse("missing", needs[i].what);
	return o->verb == SAEVERB_STATUS ? 0 : saeout_check(&o->out);
}

int
saeopt_read(struct saeopt *o, int argc, char **argv)
{
	int	r;

	memset(o, 0, sizeof(*o));
	o->number = 1;
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0)) {
		saeopt_usage(stdout);
		return 1;
	}
	while (o->verb < SAEVERB_NONE && (argc < 2 ||
	    strcmp(argv[1], verbs[o->verb]) != 0))
		o->verb++;
	if (o->verb == SAEVERB_NONE)
		return misuse("status, get or fetch", "which?");
	read_environment(o);
	if ((r = read_options(o, argc - 1, argv + 1)) != 0)
		return r;
	return check(o);
}
