/* applicationcmd.c - applications of this node, in ksa.conf. */
#include <stdio.h>
#include <stdlib.h>

#include "confread.h"
#include "confset.h"
#include "editcmd.h"
#include "editopt.h"
#include "grouptext.h"
#include "unit.h"

/* {"id": ...; km = this node's, unless the operator names another } */
static int
put(struct conffile *f, const struct editopt *o)
{
	struct grouptext	g;
	config_t		cfg;
	int			r;

	if (confset_parse(f, &cfg) < 0)
		return -1;
	r = grouptext_begin(&g, false);
	if (r == 0) {
		grouptext_text(&g, "id", o->id);
		grouptext_text(&g, "km", o->km != NULL ? o->km :
		    confread_str(&cfg, "kme_id", ""));
		grouptext_texts(&g, "names", o->names.n, o->names.v);
		grouptext_value(&g, "rate", o->rate);
		grouptext_value(&g, "burst", o->burst);
		if ((r = grouptext_end(&g)) == 0)
			r = confset_add(f, "applications", "id", o->id,
			    g.text);
		free(g.text);
	}
	config_destroy(&cfg);
	return r;
}

static int
change(const struct editopt *o, int (*edit)(struct conffile *,
    const struct editopt *), const char *done)
{
	struct confset	 s;
	struct conffile	*f;
	int		 r = -1;

	if (confset_open(&s, o->etc, o->daemons) < 0)
		return -1;
	if ((f = confset_file(&s, "ksa", "ksa")) != NULL &&
	    edit(f, o) == 0 && (r = confset_commit(&s)) == 0)
		printf("%s: application %s %s\n", f->path, o->id, done);
	confset_close(&s);
	if (r == 0 && !o->no_start && unit_there())
		r = unit_do("try-reload-or-restart", "qkdnode-ksa.service",
		    "it reads its applications again");
	return r;
}

static int
add(const struct editopt *o)
{
	return change(o, put, "added");
}

static int
take(struct conffile *f, const struct editopt *o)
{
	return confset_remove(f, "applications", "id", o->id);
}

static int
drop(const struct editopt *o)
{
	return change(o, take, "removed");
}

int
applicationcmd(const struct call *call, int argc, char **argv)
{
	static const struct editcmd	cmd = { "application",
		"  --name KIND:NAME      its certificate, as ksa.conf(5) has it "
		"(the CN is ID)\n"
		"  --rate OCTETS         a second, at most\n"
		"  --burst OCTETS        at once, at most\n"
		"  --km KM               the application is at that node, "
		"whatever is announced\n",
		" name rate burst km ", add, drop };

	(void)call;
	return editopt_run(&cmd, argc, argv);
}
