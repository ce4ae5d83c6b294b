/*
 * linkcmd.c - QKD links: a row in kma.conf, and qkdmod-LINK.conf, which says
 * what kind of module it is.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "confread.h"
#include "confset.h"
#include "editcmd.h"
#include "editopt.h"
#include "grouptext.h"
#include "ident.h"
#include "unit.h"

#define MODULE_USER	"qkdnode-mod"
#define KMA_USER	"qkdnode-kma"
#define UNIT		"qkdnode-qkdmod@%s.service"

/* The name becomes that of a file, a directory and a unit. */
static int
check_name(const char *name)
{
	if (km_id_valid(name, strlen(name)) && name[0] != '.' &&
	    name[0] != '-')
		return 0;
	fprintf(stderr, "qkdctl: link \"%s\": 1 to %d letters, digits, '.', "
	    "'_', ':', '-' expected, the first of them none of '.' and '-'\n",
	    name, LINK_NAME_MAX);
	return EDITOPT_USAGE;
}

/* --set NAME=VALUE */
static int
more_options(struct grouptext *g, const struct editopt *o)
{
	char	 name[64];
	size_t	 len;

	for (unsigned i = 0; i < o->set.n; i++) {
		len = strcspn(o->set.v[i], "=");
		if (o->set.v[i][len] == '\0' || len == 0 ||
		    len >= sizeof(name)) {
			fprintf(stderr, "qkdctl: --set %s: NAME=VALUE "
			    "expected\n", o->set.v[i]);
			return -1;
		}
		memcpy(name, o->set.v[i], len);
		name[len] = '\0';
		grouptext_value(g, name, o->set.v[i] + len + 1);
	}
	return 0;
}

/* The same size of blocks as kma, and the same run directory. */
static int
module_text(struct grouptext *g, const struct editopt *o,
    const config_t *kma)
{
	char	octets[24];
	int64_t	n = confread_int(kma, "block_octets", 0);

	if (grouptext_begin(g, true) < 0)
		return -1;
	fprintf(g->f, "# The QKD module of the link to %s; qkdmod.conf(5).\n",
	    o->peer);
	grouptext_text(g, "link", o->id);
	grouptext_text(g, "driver", o->driver);
	grouptext_text(g, "user_kma", KMA_USER);
	grouptext_text(g, "run_dir", confread_str(kma, "run_dir", NULL));
	snprintf(octets, sizeof(octets), "%lld", (long long)n);
	grouptext_value(g, "block_octets", n > 0 ? octets : NULL);
	grouptext_text(g, "sim_seed_file", o->seed_file);
	return more_options(g, o);
}

static struct conffile *
new_module(struct confset *s, const struct editopt *o, struct conffile *kma)
{
	struct conffile		*f = NULL;
	struct grouptext	 g = { NULL, NULL, 0, true };
	char			 name[96];
	config_t		 cfg;
	int			 r;

	if (confset_parse(kma, &cfg) < 0)
		return NULL;
	r = module_text(&g, o, &cfg);
	config_destroy(&cfg);
	if (g.f != NULL && grouptext_end(&g) == 0 && r == 0) {
		snprintf(name, sizeof(name), "qkdmod-%s", o->id);
		f = confset_new(s, name, "qkdmod", g.text);
	}
	free(g.text);
	return f;
}

static int
put_link(struct conffile *kma, const struct editopt *o)
{
	struct grouptext	g;
	int			r;

	if (grouptext_begin(&g, false) < 0)
		return -1;
	grouptext_text(&g, "name", o->id);
	grouptext_text(&g, "peer", o->peer);
	grouptext_text(&g, "user", MODULE_USER);
	if ((r = grouptext_end(&g)) == 0)
		r = confset_add(kma, "links", "name", o->id, g.text);
	free(g.text);
	return r;
}

static int
start(const struct editopt *o, const char *what, const char *why)
{
	char	unit[128];
	int	r;

	if (o->no_start || !unit_there())
		return 0;
	snprintf(unit, sizeof(unit), UNIT, o->id);
	r = unit_do(what, unit, why);
	r |= unit_do("try-restart", "qkdnode-kma.service",
	    "its links are read at its start");
	return r;
}

/* What is still to do, as far as this node's files say. */
static void
hints(const struct editopt *o, struct conffile *relayd)
{
	if (o->driver != NULL && strcmp(o->driver, "sim") == 0)
		printf("link %s: its keys are SIMULATED, for tests only\n",
		    o->id);
	if (confset_has(relayd, "peers", "kme_id", o->peer) == 0)
		printf("next: \"qkdctl peer add %s --address HOST:8445\"\n",
		    o->peer);
}

static int
commit_link(struct confset *s, const struct editopt *o)
{
	struct conffile	*kma = confset_file(s, "kma", "kma"), *module;
	struct conffile	*relayd = confset_file(s, "relayd", "relayd");

	if (kma == NULL || relayd == NULL || put_link(kma, o) < 0 ||
	    (module = new_module(s, o, kma)) == NULL ||
	    confset_commit(s) < 0)
		return -1;
	printf("%s: link %s to %s added\n%s: made\n", kma->path, o->id,
	    o->peer, module->path);
	hints(o, relayd);
	return 0;
}

static int
add(const struct editopt *o)
{
	struct confset	s;
	int		r;

	if (check_name(o->id) < 0)
		return EDITOPT_USAGE;
	if (o->peer == NULL || o->driver == NULL) {
		fprintf(stderr, "qkdctl: link add %s: --peer KM and --driver "
		    "KIND are needed; \"qkdmod --options\" names the kinds of "
		    "modules\n", o->id);
		return EDITOPT_USAGE;
	}
	if (confset_open(&s, o->etc, o->daemons) < 0)
		return -1;
	r = commit_link(&s, o);
	confset_close(&s);
	return r < 0 ? r : start(o, "enable --now", "the module's process");
}

static int
find_places(char run_dir[PATH_MAX], struct conffile *kma)
{
	config_t	cfg;

	if (confset_parse(kma, &cfg) < 0)
		return -1;
	snprintf(run_dir, PATH_MAX, "%s", confread_str(&cfg, "run_dir",
	    RUNSTATEDIR "/qkdnode"));
	config_destroy(&cfg);
	return 0;
}

/* 1: it is to be removed; 0: there is none, as after a removal that was
 * interrupted, or by the operator's hand. */
static int
take_module(struct confset *s, const struct editopt *o,
    struct conffile **module)
{
	char	path[PATH_MAX], name[96];

	snprintf(name, sizeof(name), "qkdmod-%s", o->id);
	snprintf(path, sizeof(path), "%s/%s.conf", o->etc, name);
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	if ((*module = confset_file(s, name, "qkdmod")) == NULL)
		return -1;
	(*module)->removed = true;
	return 1;
}

static int
commit_removal(struct confset *s, const struct editopt *o,
    char run_dir[PATH_MAX])
{
	struct conffile	*kma = confset_file(s, "kma", "kma"), *module = NULL;
	int		 in_kma, there;

	if (kma == NULL || find_places(run_dir, kma) < 0 ||
	    (in_kma = confset_has(kma, "links", "name", o->id)) < 0 ||
	    (there = take_module(s, o, &module)) < 0)
		return -1;
	if (!in_kma && !there) {
		fprintf(stderr, "qkdctl: link %s is none of this node\n",
		    o->id);
		return -1;
	}
	if ((in_kma && confset_remove(kma, "links", "name", o->id) < 0) ||
	    confset_commit(s) < 0)
		return -1;
	if (in_kma)
		printf("%s: link %s removed\n", kma->path, o->id);
	if (there)
		printf("%s: removed\n", module->path);
	return 0;
}

/* Where its module's sockets were: what has such a place is looked for. */
static void
remove_places(const char *run_dir, const char *id)
{
	static const char *const	kinds[] = { "mod", "ctl-qkdmod" };
	char				path[PATH_MAX + 96];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s-%s", run_dir, kinds[i], id);
		(void)rmdir(path);
	}
}

static int
drop(const struct editopt *o)
{
	struct confset	s;
	char		run_dir[PATH_MAX];
	int		r;

	if (check_name(o->id) < 0)
		return EDITOPT_USAGE;
	if (confset_open(&s, o->etc, o->daemons) < 0)
		return -1;
	r = commit_removal(&s, o, run_dir);
	confset_close(&s);
	if (r < 0 || o->no_start || !unit_there())
		return r;
	r = start(o, "disable --now", "its link is gone");
	remove_places(run_dir, o->id);
	return r;
}

int
linkcmd(const struct call *call, int argc, char **argv)
{
	static const struct editcmd	cmd = { "link",
		"  --peer KM             the node at the other end\n"
		"  --driver KIND         of module; \"qkdmod --options\" names "
		"them\n"
		"  --seed-file FILE      of the driver sim\n"
		"  --set NAME=VALUE      another option of "
		"qkdmod-ID.conf, repeatable\n",
		" peer driver seed-file set ", add, drop };

	(void)call;
	return editopt_run(&cmd, argc, argv);
}
