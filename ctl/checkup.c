/* checkup.c - the list of checks, what they found, and the exit code. */
#include "checkup.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "confread.h"
#include "field.h"

enum { WELL, WARNED, FAILED, MISUSED };	/* exit codes */

static const struct {
	const char	*area;
	void		(*run)(struct check *);
	bool		 local;		/* of this machine as it runs now */
} checks[] = {
	{ "configuration", check_conf, false },
	{ "agreement", check_agree, false },
	{ "certificates", check_certificates, false },
	{ "permissions", check_permissions, false },
	{ "disk", check_disk, false },
	{ "clock", check_clock, true },
	{ "kernel", check_kernel, true },
	{ "memory", check_memory, true },
	{ "units", check_units, true },
	{ "peers", check_peers, true },
};

static const char *const names[] = {
	[CHECK_NOTE] = "note", [CHECK_WARNING] = "warning",
	[CHECK_ERROR] = "error",
};

void
check_say(struct check *c, enum check_level level, const char *where,
    const char *remedy, const char *fmt, ...)
{
	char	text[1024], clean[1024], place[CHECK_PATH];
	char	fix[2 * CHECK_PATH + 128];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->count[level]++;
	/* Files and a peer's certificate may say anything. */
	json_array_append_new(c->findings, json_pack(
	    "{s:s, s:s, s:s, s:s, s:s}", "level", names[level], "area",
	    c->area, "where", field_text(place, sizeof(place), where), "what",
	    field_text(clean, sizeof(clean), text), "remedy", field_text(fix,
	    sizeof(fix), remedy)));
}

void
check_path(const struct check *c, const char *path, char out[CHECK_PATH])
{
	snprintf(out, CHECK_PATH, "%s%s", c->root, path);
}

void
check_module_path(const struct check *c, const char *link,
    char out[CHECK_PATH])
{
	snprintf(out, CHECK_PATH, "%.1000s/qkdmod-%.100s.conf", c->etc, link);
}

static void
read_conf(const struct check *c, struct check_conf *f, const char *daemon)
{
	char	why[CONFREAD_WHY];

	snprintf(f->path, sizeof(f->path), "%.1000s/%s.conf", c->etc, daemon);
	f->there = confread(f->path, &f->cfg, why) == 0;
}

static void
forget_conf(struct check_conf *f)
{
	if (f->there)
		config_destroy(&f->cfg);
	f->there = false;
}

/* The worst first, else in the order of the checks. */
static void
sort(struct check *c)
{
	json_t	*sorted = json_array(), *f;
	size_t	 i;

	for (int level = CHECK_ERROR; level >= CHECK_NOTE; level--)
		json_array_foreach(c->findings, i, f)
			if (strcmp(field_str(f, "level", ""),
			    names[level]) == 0)
				json_array_append(sorted, f);
	json_decref(c->findings);
	c->findings = sorted;
}

static void
print(const struct check *c)
{
	json_t	*f;
	size_t	 i;

	json_array_foreach(c->findings, i, f) {
		const char	*level, *area, *where, *what, *remedy;

		if (json_unpack(f, "{s:s, s:s, s:s, s:s, s:s}", "level",
		    &level, "area", &area, "where", &where, "what", &what,
		    "remedy", &remedy) < 0)
			continue;
		printf("%-8s %s: %s: %s\n", level, area, where, what);
		if (*remedy != '\0')
			printf("         -> %s\n", remedy);
	}
	printf("%u errors, %u warnings\n", c->count[CHECK_ERROR],
	    c->count[CHECK_WARNING]);
}

static void
report(const struct check *c, bool json, const char *level)
{
	json_t	*o;

	if (!json) {
		print(c);
		return;
	}
	o = json_pack("{s:s, s:i, s:i, s:O}", "level", level, "errors",
	    (int)c->count[CHECK_ERROR], "warnings",
	    (int)c->count[CHECK_WARNING], "findings", c->findings);
	json_dumpf(o, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(o);
}

static int
run_all(struct check *c, bool json, bool files)
{
	bool	gone;
	int	code;

	c->findings = json_array();
	read_conf(c, &c->kma, "kma");
	read_conf(c, &c->ksa, "ksa");
	read_conf(c, &c->relayd, "relayd");
	c->area = "node";
	gone = check_zeroized(c);
	for (size_t i = 0; !gone && i < sizeof(checks) / sizeof(*checks);
	    i++) {
		if (checks[i].local && files)
			continue;
		c->area = checks[i].area;
		checks[i].run(c);
	}
	code = c->count[CHECK_ERROR] > 0 ? FAILED :
	    c->count[CHECK_WARNING] > 0 ? WARNED : WELL;
	sort(c);
	report(c, json, code == WELL ? "ok" :
	    names[code == WARNED ? CHECK_WARNING : CHECK_ERROR]);
	forget_conf(&c->kma);
	forget_conf(&c->ksa);
	forget_conf(&c->relayd);
	json_decref(c->findings);
	return code;
}

static void
usage(FILE *f)
{
	fputs("usage: qkdctl check [-j] [OPTION...]\n\n"
	    "Looks at configuration, certificates, clock, disk, permissions "
	    "and peers;\neach finding says what to do. Changes nothing.\n\n"
	    "  -j, --json     as one line of JSON\n"
	    "  --files        only files, not what runs\n"
	    "  --root DIR     those of a machine below DIR; implies --files\n"
	    "  --etc DIR      configuration (" SYSCONFDIR "/qkdnode)\n"
	    "  --daemons DIR  the daemons that check theirs\n\n"
	    "Exit status: 0 all is well, 1 warnings, 2 errors, 3 usage.\n", f);
}

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "files", no_argument, NULL, 'f' },
	{ "root", required_argument, NULL, 'r' },
	{ "etc", required_argument, NULL, 'e' },
	{ "daemons", required_argument, NULL, 'd' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

int
checkcmd(const struct call *call, int argc, char **argv)
{
	struct check	 c = { .call = call, .root = "",
			    .daemons = LIBEXECDIR "/qkdnode" };
	const char	*etc = NULL;
	bool		 json = call->json, files = false;
	int		 ch;

	signal(SIGPIPE, SIG_IGN);	/* a peer may hang up */
	optind = 0;
	while ((ch = getopt_long(argc, argv, "jh", options, NULL)) != -1) {
		switch (ch) {
		case 'j': json = true; break;
		case 'f': files = true; break;
		case 'r': c.root = optarg; files = true; break;
		case 'e': etc = optarg; break;
		case 'd': c.daemons = optarg; break;
		case 'h': usage(stdout); return WELL;
		default: usage(stderr); return MISUSED;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return MISUSED;
	}
	check_path(&c, SYSCONFDIR "/qkdnode", c.etc);
	if (etc != NULL)
		snprintf(c.etc, sizeof(c.etc), "%s", etc);
	return run_all(&c, json, files);
}
