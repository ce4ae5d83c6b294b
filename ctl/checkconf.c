/* checkconf.c - each daemon's own word on its configuration file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checkup.h"
#include "confread.h"
#include "run.h"

/* Its first line that is about the file. */
static void
first_line(char *said)
{
	said[strcspn(said, "\n")] = '\0';
}

static void
ask(struct check *c, const char *path, const char *daemon)
{
	char	exe[CHECK_PATH], said[4096], remedy[CHECK_PATH * 2 + 32];
	char	*argv[] = { exe, (char *)"-n", (char *)"-c", (char *)path,
		    NULL };
	int	r;

	snprintf(exe, sizeof(exe), "%.1100s/%s", c->daemons, daemon);
	snprintf(remedy, sizeof(remedy), "%s -n -c %s", exe, path);
	if ((r = run(argv, said, sizeof(said))) == 0)
		return;
	first_line(said);
	if (r < 0 || r == 127)
		check_say(c, CHECK_ERROR, exe, "install the package again",
		    "the daemon cannot be run");
	else
		check_say(c, CHECK_ERROR, path, remedy, "%s", said);
}

static bool
readable(struct check *c, const char *path, const char *missing)
{
	if (access(path, R_OK) == 0)
		return true;
	if (errno == ENOENT)
		check_say(c, CHECK_ERROR, path, missing, "is missing");
	else
		check_say(c, CHECK_WARNING, path, "ask as root",
		    "cannot be read: %s", strerror(errno));
	return false;
}

static void
modules(struct check *c)
{
	char		path[CHECK_PATH], remedy[256];
	unsigned	n = confread_count(&c->kma.cfg, "links");

	for (unsigned i = 0; i < n; i++) {
		const char	*link = confread_member(&c->kma.cfg, "links",
		    i, "name");

		check_module_path(c, link, path);
		snprintf(remedy, sizeof(remedy), "qkdctl link remove %.64s, "
		    "then link add", link);
		if (readable(c, path, remedy))
			ask(c, path, "qkdmod");
	}
}

void
check_conf(struct check *c)
{
	struct { struct check_conf *f; const char *daemon; } v[] = {
		{ &c->kma, "kma" }, { &c->ksa, "ksa" },
		{ &c->relayd, "relayd" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++)
		if (readable(c, v[i].f->path, "qkdctl init"))
			ask(c, v[i].f->path, v[i].daemon);
	if (c->kma.there)
		modules(c);
}
