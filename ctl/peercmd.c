/*
 * peercmd.c - other nodes: every one that keys are shared with stands in
 * ksa.conf, neighbours with their address in relayd.conf too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "confread.h"
#include "confset.h"
#include "editcmd.h"
#include "editopt.h"
#include "grouptext.h"
#include "unit.h"

struct files {
	struct confset	 set;
	struct conffile	*ksa, *relayd, *kma;
};

static int
files_open(struct files *f, const struct editopt *o)
{
	if (confset_open(&f->set, o->etc, o->daemons) < 0)
		return -1;
	if ((f->ksa = confset_file(&f->set, "ksa", "ksa")) != NULL &&
	    (f->relayd = confset_file(&f->set, "relayd", "relayd")) != NULL &&
	    (f->kma = confset_file(&f->set, "kma", "kma")) != NULL)
		return 0;
	confset_close(&f->set);
	return -1;
}

static int
put(struct conffile *f, const struct editopt *o, bool neighbour)
{
	struct grouptext	g;
	int			r;

	if (grouptext_begin(&g, false) < 0)
		return -1;
	grouptext_text(&g, "kme_id", o->id);
	if (neighbour)
		grouptext_text(&g, "address", o->address);
	else
		grouptext_value(&g, "disjoint_paths", o->disjoint_paths);
	if ((r = grouptext_end(&g)) == 0)
		r = confset_add(f, "peers", "kme_id", o->id, g.text);
	free(g.text);
	return r;
}

/* Whether a neighbour stands there with another address than is said now. */
static int
moves(struct conffile *relayd, const struct editopt *o)
{
	config_t	cfg;
	int		i, r;

	if (confset_parse(relayd, &cfg) < 0)
		return -1;
	i = confread_find(&cfg, "peers", "kme_id", o->id);
	r = i >= 0 && strcmp(confread_member(&cfg, "peers", (unsigned)i,
	    "address"), o->address) != 0;
	config_destroy(&cfg);
	return r;
}

/* Only what is not there yet; nothing that is there is changed. */
static int
put_both(struct files *f, const struct editopt *o)
{
	bool	neighbour = o->address != NULL &&
		    strcmp(o->address, "none") != 0;
	int	in_ksa = confset_has(f->ksa, "peers", "kme_id", o->id);
	int	in_relayd = confset_has(f->relayd, "peers", "kme_id", o->id);
	int	moved = moves(f->relayd, o);

	if (in_ksa < 0 || in_relayd < 0 || moved < 0)
		return -1;
	if (moved || (in_ksa && (in_relayd || !neighbour ||
	    o->disjoint_paths != NULL))) {
		fprintf(stderr, "qkdctl: peer %s stands in %s%s%s already; "
		    "\"qkdctl peer remove %s\" goes before a change\n", o->id,
		    in_ksa ? f->ksa->path : "", in_ksa && in_relayd ?
		    " and " : "", in_relayd ? f->relayd->path : "", o->id);
		return -1;
	}
	if (!in_ksa && put(f->ksa, o, false) < 0)
		return -1;
	return neighbour && !in_relayd ? put(f->relayd, o, true) : 0;
}

/* The daemons whose files changed. */
static int
restart(const struct files *f, const struct editopt *o)
{
	static const char	why[] = "its peers are read at its start";
	int			r = 0;

	if (o->no_start || !unit_there())
		return 0;
	if (f->relayd->changed)
		r |= unit_do("try-restart", "qkdnode-relayd.service", why);
	if (f->ksa->changed)
		r |= unit_do("try-restart", "qkdnode-ksa.service", why);
	return r;
}

static void
say(const struct files *f, const struct editopt *o, const char *done)
{
	if (f->relayd->changed)
		printf("%s: neighbour %s %s\n", f->relayd->path, o->id, done);
	if (f->ksa->changed)
		printf("%s: peer %s %s\n", f->ksa->path, o->id, done);
}

static int
change(const struct editopt *o, int (*edit)(struct files *,
    const struct editopt *), const char *done)
{
	struct files	f;
	int		r;

	if (files_open(&f, o) < 0)
		return -1;
	if ((r = edit(&f, o)) == 0 && (r = confset_commit(&f.set)) == 0) {
		say(&f, o, done);
		r = restart(&f, o);
	}
	confset_close(&f.set);
	return r;
}

static int
add(const struct editopt *o)
{
	if (o->address == NULL) {
		fprintf(stderr, "qkdctl: peer add %s: --address HOST:PORT of "
		    "its relayd (Kx, mostly 8445), or --address none if it is "
		    "no neighbour\n", o->id);
		return EDITOPT_USAGE;
	}
	return change(o, put_both, "added");
}

static int
take_both(struct files *f, const struct editopt *o)
{
	int	link = confset_has(f->kma, "links", "peer", o->id);
	int	in_ksa = confset_has(f->ksa, "peers", "kme_id", o->id);
	int	in_relayd = confset_has(f->relayd, "peers", "kme_id", o->id);

	if (link < 0 || in_ksa < 0 || in_relayd < 0)
		return -1;
	if (link > 0 || (!in_ksa && !in_relayd)) {
		fprintf(stderr, "qkdctl: peer %s %s\n", o->id, link > 0 ?
		    "has a QKD link: \"qkdctl link remove\" goes before" :
		    "is none of this node");
		return -1;
	}
	if (in_ksa && confset_remove(f->ksa, "peers", "kme_id", o->id) < 0)
		return -1;
	return in_relayd ? confset_remove(f->relayd, "peers", "kme_id",
	    o->id) : 0;
}

static int
drop(const struct editopt *o)
{
	return change(o, take_both, "removed");
}

int
peercmd(const struct call *call, int argc, char **argv)
{
	static const struct editcmd	cmd = { "peer",
		"  --address HOST:PORT   of a neighbour's relayd (Kx); none: "
		"no neighbour\n"
		"  --disjoint-paths N    as ksa.conf(5) has it\n",
		" address disjoint-paths ", add, drop };

	(void)call;
	return editopt_run(&cmd, argc, argv);
}
