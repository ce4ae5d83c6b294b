/* zeroizefind.c - which files hold keys of this node. */
#include "config.h"

#include "zeroize.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC		"SQLite format 3"

const char *const	zeroize_daemons[2] = { "kma", "ksa" };

static void
add(struct zeroize *z, const char *path, const char *what)
{
	struct stat	st;

	for (size_t i = 0; i < z->n; i++)
		if (strcmp(z->target[i].path, path) == 0)
			return;
	if (path[0] != '/' || z->n == TARGETS_MAX || lstat(path, &st) < 0 ||
	    S_ISDIR(st.st_mode))
		return;
	snprintf(z->target[z->n].path, PATH_MAX, "%s", path);
	snprintf(z->target[z->n++].what, sizeof(z->target->what), "%s", what);
}

static void
add_all(struct zeroize *z, const char *pattern, const char *what)
{
	glob_t	g;

	if (glob(pattern, 0, NULL, &g) != 0)
		return;
	for (size_t i = 0; i < g.gl_pathc; i++)
		add(z, g.gl_pathv[i], what);
	globfree(&g);
}

/* In place, on its way there, on its way out; also such as are not in use. */
static void
add_node_key(struct zeroize *z, const char *key)
{
	char	path[PATH_MAX + 64];

	if (key[0] == '\0')
		return;
	add(z, key, "node key");
	snprintf(path, sizeof(path), "%s.*", key);
	add_all(z, path, "node key");
}

static void
add_node_keys(struct zeroize *z, const struct nodekey *k)
{
	char	path[PATH_MAX + 64];

	add_node_key(z, k->path);
	add_node_key(z, k->next);
	snprintf(path, sizeof(path), "%s/credentials/%s.*", z->etc,
	    k->daemon);
	add_all(z, path, "credential");
	snprintf(path, sizeof(path), "%s/ctl-%s/node-key", k->run_dir,
	    k->daemon);
	add(z, path, "node key");
	snprintf(path, sizeof(path), "%s/node-key-%s", k->run_dir, k->daemon);
	add(z, path, "node key");
	add(z, k->pin, "PIN of a token");
	add(z, k->next_pin, "PIN of a token");
}

static bool
is_database(const char *path)
{
	char	head[sizeof(MAGIC)] = "";
	int	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
		    O_CLOEXEC);
	ssize_t	n = fd < 0 ? -1 : read(fd, head, sizeof(MAGIC) - 1);

	if (fd >= 0)
		close(fd);
	return n == sizeof(MAGIC) - 1 && memcmp(head, MAGIC, (size_t)n) == 0;
}

/* keys.db and what is beside it of that name, or is a database. */
static void
add_stores(struct zeroize *z, const struct nodekey *k)
{
	char		 dir[PATH_MAX], path[PATH_MAX + NAME_MAX + 2], *base;
	struct dirent	*e;
	DIR		*d;

	snprintf(dir, sizeof(dir), "%s", k->store);
	if ((base = strrchr(dir, '/')) == NULL)
		return;
	*base++ = '\0';
	if ((d = opendir(dir)) == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (strlen(path) < PATH_MAX && (strncmp(e->d_name, base,
		    strlen(base)) == 0 || is_database(path)))
			add(z, path, "store");
	}
	closedir(d);
}

static void
add_witnesses(struct zeroize *z, const struct nodekey *k)
{
	char	path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/ctl-%s/witness*", k->run_dir,
	    k->daemon);
	add_all(z, path, "mark of a store");
}

/* What "qkdctl init --csr" has asked certificates for, and what an init that
 * was interrupted has made. */
static void
add_unfinished(struct zeroize *z)
{
	static const char *const	places[] = { "request/*.key",
		".init*/*.key", ".init*/made/*.key",
		".init*/qkdnode/pki/*.key" };
	char				path[PATH_MAX + 64];

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", z->etc, places[i]);
		add_all(z, path, i == 0 ? "key of a request" :
		    "of a broken init");
	}
}

static void
add_tls_keys(struct zeroize *z)
{
	struct nodekey	relayd;

	if (z->known[1])
		add(z, z->node[1].tls_key, "TLS key of ksa");
	z->relayd_known = nodekey_find(&relayd, z->etc, "relayd") == 0;
	if (z->relayd_known)
		add(z, relayd.tls_key, "TLS key of relayd");
	add_unfinished(z);
}

void
zeroize_find(struct zeroize *z)
{
	char	path[PATH_MAX + 64], *slash;

	for (int i = 0; i < 2; i++) {
		z->known[i] = nodekey_find(&z->node[i], z->etc,
		    zeroize_daemons[i]) == 0;
		/* A file that is damaged keeps no key from going. */
		z->found[i] = z->known[i] ||
		    strcmp(z->etc, SYSCONFDIR "/qkdnode") == 0;
		if (z->found[i])
			add_node_keys(z, &z->node[i]);
	}
	snprintf(path, sizeof(path), "%s/.init*/qkdnode/credentials/*",
	    z->etc);
	add_all(z, path, "node key");
	z->nkeys = z->n;
	for (int i = 0; i < 2; i++)
		if (z->found[i]) {
			add_stores(z, &z->node[i]);
			add_witnesses(z, &z->node[i]);
			snprintf(z->mark, sizeof(z->mark), "%s",
			    z->node[i].store);
		}
	if (!z->keep_tls)
		add_tls_keys(z);
	for (int i = 0; i < 2 && (slash = strrchr(z->mark, '/')) != NULL; i++)
		*slash = '\0';
	if (z->mark[0] != '\0' && strlen(z->mark) + 10 < sizeof(z->mark))
		strcat(z->mark, "/zeroized");
}
