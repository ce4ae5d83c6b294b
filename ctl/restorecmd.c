/*
 * restorecmd.c - a node as a backup has it. Its stores hold no keys, and say
 * that they went back, so that the peers void what they shared with it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backupcmd.h"
#include "confread.h"
#include "etclock.h"
#include "place.h"
#include "restoreread.h"
#include "storecopy.h"

#define PATH_ROOM	4096

struct restore {
	struct backupset set;
	const char	*file, *etc, *root;	/* "": this machine's */
	bool		 force;
	char		 store[2][PATH_ROOM];	/* where they go */
	int		 lock[2], etc_lock;
};

static const char *const	daemons[] = { "kma", "ksa" };

static const struct option	options[] = {
	{ "etc", required_argument, NULL, 'e' },
	{ "to-root", required_argument, NULL, 'r' },
	{ "force", no_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static int
refuse(const struct restore *r, const char *what, const char *name)
{
	fprintf(stderr, "qkdctl: %s: %s%s; nothing was changed\n", r->file,
	    what, name);
	return -1;
}

/* ---- the record of keys ---- */

static const char *
staged(const struct restore *r, int store)
{
	for (unsigned i = 0; i < r->set.manifest.n; i++)
		if (member_kind(r->set.manifest.members[i].name) ==
		    MEMBER_KMA + store)
			return r->set.path[i];
	return NULL;
}

/*
 * The record of keys holds up to its last row by word of root, who restores
 * it: the key of its head is not in a backup. The file without what it may
 * have said of that before; free() it.
 */
static char *
accepting(const struct restore *r, int store, const char *text)
{
	static const char	name[] = "audit_accept";
	const char		*path = staged(r, store), *end;
	char			anchor[256], *out;
	size_t			n = 0;

	if ((out = malloc(strlen(text) + sizeof(anchor) + 64)) == NULL)
		return NULL;
	for (; *text != '\0'; text = end) {
		end = text + strcspn(text, "\n");
		end += *end == '\n';
		if (strncmp(text + strspn(text, " \t\r\v\f"), name,
		    strlen(name)) == 0)
			continue;
		memcpy(out + n, text, (size_t)(end - text));
		n += (size_t)(end - text);
	}
	out[n] = '\0';
	if (path != NULL && storecopy_anchor(path, anchor, sizeof(anchor)))
		sprintf(out + n, "%s%s = \"%s\";\n",
		    n > 0 && out[n - 1] != '\n' ? "\n" : "", name, anchor);
	return out;
}

/* ---- what is checked before anything changes ---- */

/* With that line the file is still one that the daemon can read. */
static int
accepts(const struct restore *r, int i, const char *name, const char *text)
{
	char		*with = accepting(r, i, text), why[CONFREAD_WHY];
	config_t	 cfg;
	int		 e = with == NULL ? -1 : confread_parse(with, &cfg,
			    why);

	if (with == NULL)
		return refuse(r, "no memory", "");
	free(with);
	if (e < 0)
		return refuse(r, "has an audit_accept that does not stand on "
		    "a line of its own: ", name);
	config_destroy(&cfg);
	return 0;
}

/* What its own configuration says. */
static int
read_conf(struct restore *r, int i)
{
	char		 name[64], why[CONFREAD_WHY], dflt[256];
	const char	*text, *path;
	config_t	 cfg;
	int		 e = 0;

	snprintf(name, sizeof(name), "etc/%s.conf", daemons[i]);
	snprintf(dflt, sizeof(dflt), LOCALSTATEDIR "/lib/qkdnode/%s/keys.db",
	    daemons[i]);
	if ((text = backupset_text(&r->set, name)) == NULL)
		return refuse(r, "lacks ", name);
	if (confread_parse(text, &cfg, why) < 0)
		return refuse(r, why, "");
	path = confread_str(&cfg, "store", dflt);
	if (strcmp(confread_str(&cfg, "kme_id", ""),
	    r->set.manifest.kme_id) != 0)
		e = refuse(r, "is of another node than it says: ", name);
	else if (path[0] != '/' || snprintf(r->store[i], PATH_ROOM, "%s%s",
	    r->root, path) >= PATH_ROOM - 16)
		e = refuse(r, "has a store without a whole path: ", path);
	config_destroy(&cfg);
	return e < 0 ? e : accepts(r, i, name, text);
}

/* Another node's configuration is not to be written over by accident. */
static int
same_node(const struct restore *r)
{
	char		path[PATH_ROOM], why[CONFREAD_WHY];
	const char	*here;
	config_t	cfg;
	int		e = 0;

	snprintf(path, sizeof(path), "%s%s/kma.conf", r->root, r->etc);
	if (r->force || confread(path, &cfg, why) < 0)
		return 0;
	here = confread_str(&cfg, "kme_id", "");
	if (here[0] != '\0' && strcmp(here, r->set.manifest.kme_id) != 0) {
		fprintf(stderr, "qkdctl: %s is the backup of %s, and this "
		    "node is %s; --force makes it the other\n", r->file,
		    r->set.manifest.kme_id, here);
		e = -1;
	}
	config_destroy(&cfg);
	return e;
}

/* A daemon holds this lock while it runs. */
static int
lock(struct restore *r, int i)
{
	char	name[PATH_ROOM + 8];

	snprintf(name, sizeof(name), "%s-lock", r->store[i]);
	r->lock[i] = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (r->lock[i] < 0)
		return errno == ENOENT ? 0 : refuse(r, strerror(errno), "");
	if (flock(r->lock[i], LOCK_EX | LOCK_NB) == 0)
		return 0;
	return refuse(r, "the node runs; \"systemctl stop 'qkdnode*'\" "
	    "goes first: ", daemons[i]);
}

/* Nobody edits meanwhile what is there. */
static int
lock_etc(struct restore *r)
{
	char	path[PATH_ROOM];

	snprintf(path, sizeof(path), "%s%s", r->root, r->etc);
	if (access(path, F_OK) < 0)
		return 0;
	r->etc_lock = etclock(path);
	return r->etc_lock < 0 ? refuse(r, "not now", "") : 0;
}

/* Where it goes there is a store, or nothing. */
static int
store_place(struct restore *r, int i)
{
	static const char	magic[] = "SQLite format 3";
	char			head[sizeof(magic)] = "";
	ssize_t			n;
	int			fd = open(r->store[i], O_RDONLY | O_CLOEXEC |
				    O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return errno == ENOENT ? 0 : refuse(r, strerror(errno), "");
	n = read(fd, head, sizeof(head));
	close(fd);
	return n == 0 || memcmp(head, magic, sizeof(magic)) == 0 ? 0 :
	    refuse(r, "what stands there is no store: ", r->store[i]);
}

static int
check(struct restore *r)
{
	if (strverscmp(r->set.manifest.version, PACKAGE_VERSION) > 0)
		return refuse(r, "was made by a newer version: ",
		    r->set.manifest.version);
	for (int i = 0; i < 2; i++)
		if (read_conf(r, i) < 0)
			return -1;
	if (same_node(r) < 0 || lock_etc(r) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		if (store_place(r, i) < 0 || lock(r, i) < 0)
			return -1;
	return 0;
}

/* ---- then it is put in place ---- */

/* Keys of the two doors are read by their daemons. */
static void
key_owner(const char *name, struct place_owner *o)
{
	static const struct { const char *suffix, *group; } of[] = {
		{ "-ak.key", "qkdnode-ksa" }, { "-kx.key", "qkdnode-relay" } };
	const struct group	*g;
	size_t			 n = strlen(name);

	o->mode = 0600;
	for (size_t i = 0; i < 2; i++)
		if (n > 7 && strcmp(name + n - 7, of[i].suffix) == 0 &&
		    (g = getgrnam(of[i].group)) != NULL) {
			o->gid = g->gr_gid;
			o->mode = 0640;
		}
}

/* As it goes into the file; free() it. */
static char *
text_of(const struct restore *r, unsigned i)
{
	char	name[64];

	for (int s = 0; s < 2; s++) {
		snprintf(name, sizeof(name), "etc/%s.conf", daemons[s]);
		if (strcmp(r->set.manifest.members[i].name, name) == 0)
			return accepting(r, s, r->set.text[i]);
	}
	return strdup(r->set.text[i]);
}

static int
put_text(const struct restore *r, unsigned i)
{
	const struct manifest_member	*m = &r->set.manifest.members[i];
	char				 path[PATH_ROOM];
	struct place_owner		 o;
	struct stat			 st;
	char				*text;
	int				 e;

	snprintf(path, sizeof(path), "%s%s/%s", r->root, r->etc,
	    m->name + strlen("etc/"));
	if (place_folder(path, &o) < 0)
		return -1;
	o.mode = 0644;
	if (lstat(path, &st) == 0)
		o = (struct place_owner){ st.st_uid, st.st_gid,
		    st.st_mode & 0644 };
	else if (member_kind(m->name) == MEMBER_KEY)
		key_owner(m->name, &o);
	if ((text = text_of(r, i)) == NULL)
		return -1;
	e = place_text(path, text, strlen(text), &o);
	explicit_bzero(text, strlen(text));
	free(text);
	return e;
}

/*
 * What was there goes first: its log would be taken for one of the new file.
 * Who ends here leaves a node without a store, which the peers notice.
 */
static int
put_store(const struct restore *r, unsigned i)
{
	static const char *const	parts[] = { "", "-wal", "-shm",
					    "-journal" };
	char			 path[PATH_ROOM + 16], why[STORECOPY_WHY];
	int			 s = member_kind(r->set.manifest.members[i]
				    .name) == MEMBER_KMA ? 0 : 1;
	struct place_owner	 o;

	if (storecopy_void((enum store)s, r->set.path[i], why) < 0) {
		fprintf(stderr, "qkdctl: %s: %s\n", r->set.path[i], why);
		return -1;
	}
	if (place_folder(r->store[s], &o) < 0)
		return -1;
	for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++) {
		snprintf(path, sizeof(path), "%s%s", r->store[s], parts[k]);
		if (unlink(path) < 0 && errno != ENOENT) {
			fprintf(stderr, "qkdctl: %s: %s\n", path,
			    strerror(errno));
			return -1;
		}
	}
	return place_file(r->store[s], r->set.path[i], &o);
}

static int
put(const struct restore *r)
{
	for (unsigned i = 0; i < r->set.manifest.n; i++)
		if ((r->set.path[i] != NULL ? put_store(r, i) :
		    put_text(r, i)) < 0) {
			fprintf(stderr, "qkdctl: %s: only a part of it is in "
			    "place; when that is mended, restore it again\n",
			    r->file);
			return -1;
		}
	printf("%s of %s UTC is back: %u files. Its stores hold no keys: what "
	    "waited is void, and the peers void their stock with it before "
	    "there is new key.\n", r->set.manifest.kme_id,
	    r->set.manifest.made, r->set.manifest.n);
	fprintf(stderr, "qkdctl: warning: do not restore the node at the other "
	    "end of a link from a backup, too, at the same time, unless its "
	    "QKD module never gives a key twice; see qkdctl(1)\n");
	return 0;
}

static void
clean(struct restore *r, const char *folder)
{
	char	path[PATH_ROOM];

	for (int i = 0; i < 2; i++) {
		if (r->lock[i] >= 0)
			close(r->lock[i]);
		snprintf(path, sizeof(path), "%s/%s.db", folder, daemons[i]);
		(void)unlink(path);
	}
	if (r->etc_lock >= 0)
		close(r->etc_lock);
	(void)rmdir(folder);
	backupset_free(&r->set);
}

static int
restore(struct restore *r)
{
	char	folder[PATH_ROOM - 64];
	int	e;

	if (snprintf(folder, sizeof(folder), "%s.XXXXXX", r->file) >=
	    (int)sizeof(folder) || mkdtemp(folder) == NULL) {
		fprintf(stderr, "qkdctl: %s: %s; it is unpacked beside it, "
		    "so copy it to where there is room\n", r->file,
		    strerror(errno));
		return CALL_REFUSED;
	}
	if ((e = restoreread(&r->set, r->file, folder)) == 0 &&
	    (e = check(r)) == 0)
		e = put(r);
	clean(r, folder);
	return e == 0 ? CALL_DONE : CALL_REFUSED;
}

static int
usage(FILE *f, int code)
{
	fputs("usage: qkdctl restore [--etc DIR] [--to-root DIR] [--force] "
	    "FILE\n\n"
	    "Puts what a backup has in place; the node must not run. Then: "
	    "qkdctl init --restored.\n\n"
	    "  --force        also the backup of another node\n"
	    "  --to-root DIR  below DIR, for a machine that is prepared\n"
	    "  --etc DIR      configuration (" SYSCONFDIR "/qkdnode)\n", f);
	return code;
}

int
restorecmd(const struct call *call, int argc, char **argv)
{
	struct restore	r = { .etc = SYSCONFDIR "/qkdnode", .root = "",
			    .lock = { -1, -1 }, .etc_lock = -1 };
	int		c;

	(void)call;
	optind = 0;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'e')
			r.etc = optarg;
		else if (c == 'r')
			r.root = optarg;
		else if (c == 'f')
			r.force = true;
		else if (c == 'h')
			return usage(stdout, CALL_DONE);
		else
			return usage(stderr, CALL_USAGE);
	}
	if (optind + 1 != argc)
		return usage(stderr, CALL_USAGE);
	r.file = argv[optind];
	return restore(&r);
}
