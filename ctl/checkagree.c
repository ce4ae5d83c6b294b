/* checkagree.c - what the configuration files say of the same thing. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "checkup.h"
#include "confread.h"
#include "user.h"

#define RUN_DIR	RUNSTATEDIR "/qkdnode"

/* An option that all three must have alike. */
static void
alike(struct check *c, const char *name, const char *dflt)
{
	const struct check_conf	*others[] = { &c->ksa, &c->relayd };
	const char		*mine, *theirs;

	mine = confread_str(&c->kma.cfg, name, dflt);
	for (size_t i = 0; i < 2; i++) {
		theirs = confread_str(&others[i]->cfg, name, dflt);
		if (strcmp(mine, theirs) != 0)
			check_say(c, CHECK_ERROR, others[i]->path, "make "
			    "both alike, then systemctl restart "
			    "qkdnode.target", "%s is \"%s\", but \"%s\" in "
			    "kma.conf", name, theirs, mine);
	}
}

static void
user(struct check *c, const struct check_conf *f, const char *option)
{
	const char	*name = confread_str(&f->cfg, option, "");
	uid_t		 uid;

	if (*c->root == '\0' && user_uid(name, &uid) < 0)
		check_say(c, CHECK_ERROR, f->path, "systemd-sysusers",
		    "%s: there is no user \"%s\"", option, name);
	else if (*name == '\0')
		check_say(c, CHECK_WARNING, f->path, "name the user",
		    "%s is empty: any process may come, if the socket's "
		    "directory lets it", option);
}

static void
users(struct check *c)
{
	const struct { struct check_conf *f; const char *name; } v[] = {
		{ &c->kma, "user_ksa" }, { &c->kma, "user_relayd" },
		{ &c->ksa, "user_kma" }, { &c->ksa, "user_relayd" },
		{ &c->relayd, "user_kma" }, { &c->relayd, "user_ksa" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++)
		user(c, v[i].f, v[i].name);
}

static void
doors(struct check *c)
{
	const char	*at[] = { confread_str(&c->ksa.cfg, "listen", ""),
		    confread_str(&c->ksa.cfg, "ak_listen", ""),
		    confread_str(&c->relayd.cfg, "listen", "") };

	for (size_t i = 0; i < 2; i++)
		if (*at[i] != '\0' && strcmp(at[i], at[2]) == 0)
			check_say(c, CHECK_ERROR, c->relayd.path, "give one "
			    "of them another port", "listen is %s, which ksa "
			    "has too", at[2]);
}

static void
module(struct check *c, const char *link)
{
	char		path[CHECK_PATH], why[CONFREAD_WHY];
	config_t	cfg;
	const int64_t	dflt = strtoll(BLOCK_OCTETS_DEFAULT, NULL, 10);
	int64_t		mine = confread_int(&c->kma.cfg, "block_octets", dflt);
	int64_t		theirs;

	check_module_path(c, link, path);
	if (confread(path, &cfg, why) < 0)
		return;
	theirs = confread_int(&cfg, "block_octets", dflt);
	if (mine != theirs)
		check_say(c, CHECK_ERROR, path, "make both alike",
		    "block_octets is %lld, but %lld in kma.conf",
		    (long long)theirs, (long long)mine);
	if (strcmp(confread_str(&cfg, "link", ""), link) != 0)
		check_say(c, CHECK_ERROR, path, "make both alike",
		    "link is \"%s\", but the file is that of %s",
		    confread_str(&cfg, "link", ""), link);
	if (strcmp(confread_str(&cfg, "driver", ""), "sim") == 0)
		check_say(c, CHECK_WARNING, path, "qkdctl link remove, then "
		    "link add with the module's own driver", "the keys of "
		    "this link are SIMULATED: for tests only");
	config_destroy(&cfg);
}

static void
link_row(struct check *c, unsigned i)
{
	const char	*name, *peer;
	char		 remedy[256];

	name = confread_member(&c->kma.cfg, "links", i, "name");
	peer = confread_member(&c->kma.cfg, "links", i, "peer");
	snprintf(remedy, sizeof(remedy), "qkdctl peer add %.64s --address "
	    "HOST:8445", peer);
	if (confread_find(&c->relayd.cfg, "peers", "kme_id", peer) < 0)
		check_say(c, CHECK_ERROR, c->relayd.path, remedy, "link %s "
		    "leads to %s, which is none of the peers", name, peer);
	if (confread_find(&c->ksa.cfg, "peers", "kme_id", peer) < 0)
		check_say(c, CHECK_WARNING, c->ksa.path, remedy, "link %s "
		    "leads to %s, but no key is shared with it", name, peer);
	module(c, name);
}

static void
neighbour_row(struct check *c, unsigned i)
{
	const char	*km = confread_member(&c->relayd.cfg, "peers", i,
		    "kme_id");

	if (strcmp(confread_member(&c->relayd.cfg, "peers", i, "protection"),
	    "tls") == 0)
		return;
	if (confread_find(&c->kma.cfg, "links", "peer", km) < 0)
		check_say(c, CHECK_WARNING, c->kma.path, "qkdctl link add "
		    "NAME --peer KM ..., or qkdctl peer remove", "%s is a "
		    "neighbour in relayd.conf, but no QKD link leads to it",
		    km);
}

static void
empty(struct check *c)
{
	const struct { struct check_conf *f; const char *list, *remedy; }
	v[] = {
		{ &c->kma, "links", "qkdctl link add" },
		{ &c->ksa, "peers", "qkdctl peer add" },
		{ &c->ksa, "applications", "qkdctl application add" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++)
		if (confread_count(&v[i].f->cfg, v[i].list) == 0)
			check_say(c, CHECK_NOTE, v[i].f->path, v[i].remedy,
			    "no %s are configured", v[i].list);
}

/* Where the octets are; false: in no file. */
static bool
node_key(const struct check *c, const struct check_conf *f, char out[PATH_MAX])
{
	const char	*name = confread_str(&f->cfg, "node_key", "");
	char		 path[CHECK_PATH];

	if (name[0] != '/')
		return false;
	check_path(c, name, path);
	if (realpath(path, out) == NULL)
		snprintf(out, PATH_MAX, "%s", path);
	return true;
}

static void
node_keys(struct check *c)
{
	char	mine[PATH_MAX], theirs[PATH_MAX];

	if (node_key(c, &c->kma, mine) && node_key(c, &c->ksa, theirs) &&
	    strcmp(mine, theirs) == 0)
		check_say(c, CHECK_ERROR, c->ksa.path, "copy the file, name "
		    "the copy in node_key of ksa.conf, systemctl restart "
		    "qkdnode-ksa, then qkdctl rotate-key --node-key",
		    "node_key is %s, which kma has too: whoever has one store's "
		    "key has both, and it cannot be changed", mine);
}

void
check_agree(struct check *c)
{
	if (!c->kma.there || !c->ksa.there || !c->relayd.there)
		return;			/* of that there is a word already */
	alike(c, "kme_id", "");
	alike(c, "run_dir", RUN_DIR);
	users(c);
	doors(c);
	node_keys(c);
	for (unsigned i = 0; i < confread_count(&c->kma.cfg, "links"); i++)
		link_row(c, i);
	for (unsigned i = 0; i < confread_count(&c->relayd.cfg, "peers"); i++)
		neighbour_row(c, i);
	empty(c);
}
