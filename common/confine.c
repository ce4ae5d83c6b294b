/* confine.c - the door of a daemon, shut in two steps. */
#include "config.h"
#include "confine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confineint.h"
#include "log.h"

#define ALSO_MAX	1100	/* the peers of relayd, and a few */

const char *const confine_modes[] = { "try", "require", "off", NULL };

int
confine_mode(const char *word)
{
	for (int i = 0; confine_modes[i] != NULL; i++)
		if (strcmp(confine_modes[i], word) == 0)
			return i;
	return -1;
}

/*
 * What libraries read of their own accord, whoever links them. None of it is
 * secret, none of it is written.
 */
static const struct confine_place everybody[] = {
	{ CONFINE_READ, "/lib", NULL },
	{ CONFINE_READ, "/lib64", NULL },
	{ CONFINE_READ, "/usr/lib", NULL },
	{ CONFINE_READ, "/usr/lib64", NULL },
	{ CONFINE_READ, "/usr/local/lib", NULL },
	{ CONFINE_READ, "/usr/share/zoneinfo", NULL },
	{ CONFINE_READ, "/etc/ld.so.cache", NULL },
	{ CONFINE_READ, "/etc/localtime", NULL },
	{ CONFINE_READ, "/etc/hosts", NULL },	/* listen */
	{ CONFINE_READ, "/etc/host.conf", NULL },
	{ CONFINE_READ, "/etc/resolv.conf", NULL },
	{ CONFINE_READ, "/etc/gai.conf", NULL },
	{ CONFINE_READ, "/etc/nsswitch.conf", NULL },
	{ CONFINE_READ, "/etc/passwd", NULL },	/* user_kma, ... */
	{ CONFINE_READ, "/etc/ssl/openssl.cnf", NULL },
	{ CONFINE_READ, "/dev/urandom", NULL },
	{ CONFINE_READ, "/proc/sys/kernel/random/boot_id", NULL },
	{ CONFINE_READ, "/proc/sys/vm/overcommit_memory", NULL },
	{ CONFINE_READ, "/sys/devices/system/cpu", NULL },
#ifdef QKD_SANITIZED	/* they read the maps of the process */
	{ CONFINE_READ, "/proc", NULL },
#endif
	{ CONFINE_END, NULL, NULL }
};

static struct confine_place	also[ALSO_MAX];
static size_t			nalso;
static bool			files_open;	/* landlock did not shut */

/* A configuration file is named as one likes. */
static char *
absolute(const char *path)
{
	char	*here = NULL, *full = NULL;

	if (path[0] == '/' || strchr(path, ':') != NULL ||
	    (here = getcwd(NULL, 0)) == NULL)
		return strdup(path);
	if (asprintf(&full, "%s/%s", here, path) < 0)
		full = NULL;
	free(here);
	return full;
}

void
confine_also(enum confine_what what, const char *path)
{
	char	*copy = absolute(path);

	if (nalso == ALSO_MAX || copy == NULL)
		fatal("too much to confine the process to", "path=%s",
		    log_quote(path));
	also[nalso++] = (struct confine_place){ what, copy, NULL };
}

void
confine_also_all(enum confine_what what, const struct conf_strings *paths)
{
	for (size_t i = 0; i < paths->n; i++)
		confine_also(what, paths->v[i]);
}

static void
forget_also(void)
{
	while (nalso > 0)
		free((char *)also[--nalso].path);
}

static size_t
count(const struct confine_place *p)
{
	size_t	n = 0;

	while (p[n].what != CONFINE_END)
		n++;
	return n;
}

static void
stays_open(int mode, const char *which, const char *why)
{
	if (mode == CONFINE_REQUIRE)
		fatal("the door does not shut", "door=%s reason=%s "
		    "remedy=\"another kernel, or confine = \\\"try\\\"\"",
		    which, log_quote(why));
	log_warn("the door does not shut: file modes and the service manager "
	    "alone protect", "door=%s reason=%s", which, log_quote(why));
}

static void
files_stay_open(int mode, const char *why)
{
	stays_open(mode, "landlock", why);
	files_open = true;
}

/* Those there are already would stay outside. A link for each of them. */
static bool
has_threads(void)
{
	struct stat	st;

	return stat("/proc/self/task", &st) == 0 && st.st_nlink > 3;
}

void
confine_files(const struct confine_role *role, int mode)
{
	/* What the service manager has for this daemon alone. */
	const char			*given = getenv(
					    "CREDENTIALS_DIRECTORY");
	const struct confine_place	credentials = { CONFINE_READ,
					    given == NULL ? "" : given, NULL };
	const struct confine_rules	rules[] = {
		{ everybody, count(everybody) }, { &credentials, 1 },
		{ role->places, count(role->places) }, { also, nalso } };
	int				abi = 0;

	if (mode != CONFINE_OFF && has_threads())	/* a token's module */
		files_stay_open(mode, "threads began before");
	if (mode != CONFINE_OFF && ((abi = confine_abi()) <= 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    confine_landlock(abi, rules,
	    sizeof(rules) / sizeof(rules[0])) < 0))
		files_stay_open(mode, strerror(errno));
	else if (mode != CONFINE_OFF && confine_lacks(abi) != NULL)
		log_warn("this kernel cannot refuse everything", "role=%s "
		    "landlock=%d lacks=%s", role->name, abi,
		    log_quote(confine_lacks(abi)));
	forget_also();
}

void
confine_calls(const struct confine_role *role, int mode)
{
	int	r;

	if (mode == CONFINE_OFF)
		log_warn("the door stays open: confine is \"off\"", NULL);
	else if ((r = confine_seccomp(role->calls)) < 0)
		stays_open(mode, "seccomp", strerror(-r));
	else if (files_open)
		log_warn("the door is shut but for files and ports",
		    "role=%s open=landlock", role->name);
	else
		log_info("the door is shut", "role=%s", role->name);
}
