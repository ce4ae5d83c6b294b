/*
 * backupcmd.c - one file with all of a node but its key bytes: configuration,
 * certificates, and the stores as storecopy.c leaves them.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backupcmd.h"
#include "backupset.h"
#include "confread.h"
#include "nodekey.h"
#include "storecopy.h"

static const struct option	options[] = {
	{ "etc", required_argument, NULL, 'e' },
	{ "with-private-keys", no_argument, NULL, 'k' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static const char *const	daemons[] = { "kma", "ksa" };

/* What opens the stores stays here, whatever its name. */
static int
leave_out_keys(struct backupset *b, const char *etc)
{
	char		path[4096];
	struct nodekey	k;

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s.conf", etc, daemons[i]);
		if (access(path, F_OK) < 0)
			continue;	/* of which option() tells */
		if (nodekey_find(&k, etc, daemons[i]) < 0 ||
		    backupset_leave_out(b, k.path) < 0 ||
		    backupset_leave_out(b, k.next) < 0 ||
		    backupset_leave_out(b, k.pin) < 0 ||
		    backupset_leave_out(b, k.next_pin) < 0)
			return -1;
	}
	return 0;
}

/* So does what a simulated link draws all of its keys from. */
static int
leave_out_seed(struct backupset *b, const char *path)
{
	char		why[CONFREAD_WHY];
	config_t	cfg;
	int		r;

	if (confread(path, &cfg, why) < 0) {
		fprintf(stderr, "qkdctl: %s: %s\n", path, why);
		return -1;
	}
	r = backupset_leave_out(b, confread_str(&cfg, "sim_seed_file", ""));
	config_destroy(&cfg);
	return r;
}

static int
leave_out(struct backupset *b, const char *etc)
{
	char	pattern[4096];
	glob_t	g;
	int	r = leave_out_keys(b, etc);

	snprintf(pattern, sizeof(pattern), "%s/qkdmod-*.conf", etc);
	if (r < 0 || glob(pattern, 0, NULL, &g) != 0)
		return r;
	for (size_t i = 0; r == 0 && i < g.gl_pathc; i++)
		r = leave_out_seed(b, g.gl_pathv[i]);
	globfree(&g);
	return r;
}

static int
configuration(struct backupset *b, const char *etc, bool keys)
{
	char	pki[4096];

	snprintf(pki, sizeof(pki), "%s/pki", etc);
	return backupset_folder(b, etc, "etc/", keys) < 0 ? -1 :
	    backupset_folder(b, pki, "etc/pki/", keys);
}

/* An option of a daemon's file, or its default; "": it cannot be read. */
static int
option(const struct backupset *b, const char *daemon, const char *name,
    const char *dflt, char *out, size_t room)
{
	char		 file[64], why[CONFREAD_WHY];
	const char	*text;
	config_t	 cfg;

	snprintf(file, sizeof(file), "etc/%s.conf", daemon);
	if ((text = backupset_text(b, file)) == NULL) {
		fprintf(stderr, "qkdctl: %s.conf: is not there; --etc says "
		    "where the configuration is\n", daemon);
		return -1;
	}
	if (confread_parse(text, &cfg, why) < 0) {
		fprintf(stderr, "qkdctl: %s.conf: %s\n", daemon, why);
		return -1;
	}
	snprintf(out, room, "%s", confread_str(&cfg, name, dflt));
	config_destroy(&cfg);
	return 0;
}

static int
add_store(struct backupset *b, enum store store, const char *folder)
{
	char	path[4096], dflt[256], copy[4096], name[64];
	char	why[STORECOPY_WHY];

	snprintf(dflt, sizeof(dflt), LOCALSTATEDIR "/lib/qkdnode/%s/keys.db",
	    daemons[store]);
	if (option(b, daemons[store], "store", dflt, path, sizeof(path)) < 0)
		return -1;
	snprintf(copy, sizeof(copy), "%s/%s.db", folder, daemons[store]);
	snprintf(name, sizeof(name), "stores/%s.db", daemons[store]);
	if (access(path, F_OK) < 0 && errno == ENOENT) {
		fprintf(stderr, "qkdctl: %s: is not there; the backup goes "
		    "without it\n", path);
		return 0;
	}
	if (storecopy(store, path, copy, why) < 0) {
		fprintf(stderr, "qkdctl: %s, copied to %s: %s\n", path, copy,
		    why);
		return -1;
	}
	return backupset_file(b, name, copy);
}

static void
remove_copies(const char *folder)
{
	char	copy[4096];

	for (int i = 0; i < 2; i++) {
		snprintf(copy, sizeof(copy), "%s/%s.db", folder, daemons[i]);
		(void)unlink(copy);
		strcat(copy, "-journal");
		(void)unlink(copy);
	}
	(void)rmdir(folder);
}

static int
fill(struct backupset *b, const char *etc, bool keys, const char *folder)
{
	time_t	now = time(NULL);

	if (leave_out(b, etc) < 0 || configuration(b, etc, keys) < 0 ||
	    option(b, "kma", "kme_id", "", b->manifest.kme_id,
	    MANIFEST_TEXT) < 0 || add_store(b, STORE_KMA, folder) < 0 ||
	    add_store(b, STORE_KSA, folder) < 0)
		return -1;
	snprintf(b->manifest.version, MANIFEST_TEXT, "%s", PACKAGE_VERSION);
	strftime(b->manifest.made, MANIFEST_TEXT, "%Y-%m-%d %H:%M:%S",
	    gmtime(&now));
	return 0;
}

/* Its key signs for the whole network; it goes where no backup goes. */
static void
tell_of_ca(const char *etc)
{
	char	key[4096];

	snprintf(key, sizeof(key), "%s/ca/ca.key", etc);
	if (access(key, F_OK) == 0)
		fprintf(stderr, "qkdctl: the CA in %s/ca is not in it; keep a "
		    "copy of that directory elsewhere\n", etc);
}

static int
make(const char *path, const char *etc, bool keys)
{
	struct backupset	b = { 0 };
	char			folder[4000];
	int			r;

	if (snprintf(folder, sizeof(folder), "%s.XXXXXX", path) >=
	    (int)sizeof(folder) || mkdtemp(folder) == NULL) {
		fprintf(stderr, "qkdctl: %s: %s\n", path, strerror(errno));
		return CALL_REFUSED;
	}
	r = fill(&b, etc, keys, folder);
	if (r == 0)
		r = backupset_write(&b, path);
	if (r == 0) {
		printf("%s: %s, %u files%s\n", path, b.manifest.kme_id,
		    b.manifest.n, keys ? ", with private keys" : "");
		tell_of_ca(etc);
	}
	remove_copies(folder);
	backupset_free(&b);
	return r == 0 ? CALL_DONE : CALL_REFUSED;
}

static int
usage(FILE *f, int code)
{
	fputs("usage: qkdctl backup [--etc DIR] [--with-private-keys] FILE\n\n"
	    "Writes configuration, certificates and the stores without key "
	    "bytes to FILE.\n\n"
	    "  --with-private-keys  those of certificates too\n"
	    "  --etc DIR            configuration (" SYSCONFDIR
	    "/qkdnode)\n", f);
	return code;
}

int
backupcmd(const struct call *call, int argc, char **argv)
{
	const char	*etc = SYSCONFDIR "/qkdnode";
	bool		 keys = false;
	int		 c;

	(void)call;
	optind = 0;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'e')
			etc = optarg;
		else if (c == 'k')
			keys = true;
		else if (c == 'h')
			return usage(stdout, CALL_DONE);
		else
			return usage(stderr, CALL_USAGE);
	}
	return optind + 1 == argc ? make(argv[optind], etc, keys) :
	    usage(stderr, CALL_USAGE);
}
