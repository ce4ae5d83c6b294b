/* checkperm.c - who can read, write and enter what a node stands on. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkup.h"
#include "confread.h"

#define KMA	"qkdnode-kma"
#define KSA	"qkdnode-ksa"
#define RELAY	"qkdnode-relay"
#define MODULE	"qkdnode-mod"

/* What must not be set of the mode; who must own it, if there is the user. */
struct rule {
	const char	*owner;		/* besides root; NULL: root */
	mode_t		 never;
};

/* Whether a user can read it, by owner or by his own group. */
static bool
reads(const struct stat *st, const struct passwd *pw)
{
	if (st->st_uid == pw->pw_uid)
		return st->st_mode & S_IRUSR;
	if (st->st_gid == pw->pw_gid)
		return st->st_mode & S_IRGRP;
	return st->st_mode & S_IROTH;
}

static bool
look(struct check *c, const char *path, struct stat *st, bool must)
{
	if (stat(path, st) == 0)
		return true;
	if (errno == EACCES || errno == EPERM)
		check_say(c, CHECK_NOTE, path, "ask as root",
		    "cannot be looked at");
	else if (must)
		check_say(c, CHECK_ERROR, path, "qkdctl init made it; put it "
		    "back", "%s", strerror(errno));
	return false;
}

static void
rule(struct check *c, const char *path, bool must, const struct rule *r)
{
	const struct passwd	*pw = r->owner != NULL && *c->root == '\0' ?
		    getpwnam(r->owner) : NULL;
	char			 remedy[CHECK_PATH + 64];
	struct stat		 st;

	if (!look(c, path, &st, must))
		return;
	if (st.st_mode & r->never) {
		snprintf(remedy, sizeof(remedy), "chmod %o %s",
		    st.st_mode & 07777 & ~r->never, path);
		check_say(c, CHECK_ERROR, path, remedy, "its mode %o gives "
		    "too much", st.st_mode & 07777);
	}
	if (*c->root != '\0' || st.st_uid == 0 ||
	    (pw != NULL && st.st_uid == pw->pw_uid) ||
	    (r->owner != NULL && pw == NULL))
		return;
	snprintf(remedy, sizeof(remedy), "chown %s %s", r->owner != NULL ?
	    r->owner : "root", path);
	check_say(c, CHECK_ERROR, path, remedy, "belongs to uid %u",
	    st.st_uid);
}

static void
must_read(struct check *c, const char *path, const char *user, bool secret)
{
	const struct passwd	*pw;
	char			 remedy[2 * CHECK_PATH + 128];
	struct stat		 st;

	if (*c->root != '\0' || (pw = getpwnam(user)) == NULL ||
	    stat(path, &st) < 0 || reads(&st, pw))
		return;
	if (secret)
		snprintf(remedy, sizeof(remedy), "chown root:%s %s; chmod 640 "
		    "%s", user, path, path);
	else
		snprintf(remedy, sizeof(remedy), "chmod 644 %s", path);
	check_say(c, CHECK_ERROR, path, remedy, "%s cannot read it", user);
}

/* A private key: for its daemon, and nobody else. */
static void
private_key(struct check *c, const struct check_conf *f, const char *user)
{
	const struct rule	 r = { user, S_IRWXO | S_IWGRP };
	char			 path[CHECK_PATH];

	if (!f->there)
		return;
	check_path(c, confread_str(&f->cfg, "private_key", ""), path);
	rule(c, path, true, &r);
	must_read(c, path, user, true);
}

static bool
absent(const char *path)
{
	return access(path, F_OK) < 0 && errno == ENOENT;
}

/* The key that seals a store, where it is a file. */
static void
node_key(struct check *c, const struct check_conf *f, const char *user,
    const char *daemon)
{
	static const char *const	kinds[] = { "cred", "plain" };
	const struct rule		r = { user, S_IRWXG | S_IRWXO };
	char				path[CHECK_PATH], file[CHECK_PATH];
	const char			*key;
	size_t				gone = 0;

	if (!f->there)
		return;
	key = confread_str(&f->cfg, "node_key", "");
	if (strchr(key, ':') == NULL) {
		check_path(c, key, path);
		rule(c, path, false, &r);
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		snprintf(file, sizeof(file), "%.1000s/credentials/%s.node_key"
		    ".%s", c->etc, daemon, kinds[i]);
		rule(c, file, false, &r);
		gone += absent(file);
	}
	snprintf(file, sizeof(file), "%.1000s/credentials/%s.node_key.*",
	    c->etc, daemon);
	if (gone == 2 && strcmp(key, "credential:node_key") == 0)
		check_say(c, CHECK_ERROR, file, "put it back; if it is lost, "
		    "so are the keys of that store: move the store away, then "
		    "qkdctl init --restored", "the key of %s's store is "
		    "missing", daemon);
}

/* Sealed, but its metadata is for the node and its operators. */
static void
store(struct check *c, const struct check_conf *f, const char *user,
    const char *dflt)
{
	const struct rule	r = { user, S_IRWXO | S_IWGRP };
	char			path[CHECK_PATH], *slash;

	if (!f->there)
		return;
	check_path(c, confread_str(&f->cfg, "store", dflt), path);
	rule(c, path, false, &r);
	if ((slash = strrchr(path, '/')) != NULL)
		*slash = '\0';
	rule(c, path, *c->root == '\0', &r);
}

static void
conf(struct check *c, const char *path, const char *user)
{
	const struct rule	r = { NULL, S_IWGRP | S_IWOTH };

	rule(c, path, false, &r);
	must_read(c, path, user, false);
}

static void
confs(struct check *c)
{
	char	path[CHECK_PATH];

	conf(c, c->kma.path, KMA);
	conf(c, c->ksa.path, KSA);
	conf(c, c->relayd.path, RELAY);
	for (unsigned i = 0; c->kma.there &&
	    i < confread_count(&c->kma.cfg, "links"); i++) {
		check_module_path(c, confread_member(&c->kma.cfg, "links", i,
		    "name"), path);
		conf(c, path, MODULE);
	}
}

static void
etc(struct check *c)
{
	const struct rule	open = { NULL, S_IWGRP | S_IWOTH };
	const struct rule	closed = { NULL, S_IRWXG | S_IRWXO };
	const struct { const char *name; const struct rule *r; } v[] = {
		{ "", &open }, { "/pki", &open },
		{ "/credentials", &closed }, { "/ca", &closed },
	};
	char			path[CHECK_PATH];

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		snprintf(path, sizeof(path), "%.1000s%s", c->etc, v[i].name);
		rule(c, path, false, v[i].r);
	}
}

void
check_permissions(struct check *c)
{
	etc(c);
	confs(c);
	private_key(c, &c->ksa, KSA);
	private_key(c, &c->relayd, RELAY);
	node_key(c, &c->kma, KMA, "kma");
	node_key(c, &c->ksa, KSA, "ksa");
	store(c, &c->kma, KMA, LOCALSTATEDIR "/lib/qkdnode/kma/keys.db");
	store(c, &c->ksa, KSA, LOCALSTATEDIR "/lib/qkdnode/ksa/keys.db");
}
