/* confset.c - configuration files are changed all or none. */
#include "confset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confread.h"
#include "err.h"
#include "etclock.h"
#include "ondisk.h"
#include "run.h"

#define SAID_MAX	8192	/* octets of a daemon's complaints */

static int
complain(const char *path, const char *why)
{
	fprintf(stderr, "qkdctl: %s: %s\n", path, why);
	return -1;
}

int
confset_open(struct confset *s, const char *etc, const char *daemons)
{
	memset(s, 0, sizeof(*s));
	s->etc = etc;
	s->daemons = daemons;
	return (s->lock = etclock(etc)) < 0 ? -1 : 0;
}

void
confset_close(struct confset *s)
{
	for (unsigned i = 0; i < s->n; i++)
		confedit_free(&s->file[i].edit);
	s->n = 0;
	if (s->lock >= 0)
		close(s->lock);
	s->lock = -1;
}

/* A place in the set with its names; NULL: there is no room. */
static struct conffile *
place(struct confset *s, const char *name, const char *daemon)
{
	struct conffile	*f = &s->file[s->n];
	int		 n;

	if (s->n == CONFSET_FILES)
		return NULL;
	memset(f, 0, sizeof(*f));
	n = snprintf(f->path, sizeof(f->path), "%s/%s.conf", s->etc, name);
	snprintf(f->fresh, sizeof(f->fresh), "%s/.%s.conf.new", s->etc, name);
	snprintf(f->daemon, sizeof(f->daemon), "%s", daemon);
	if (n + 8 > CONFSET_PATH) {
		complain(f->path, "the path is too long");
		return NULL;
	}
	return f;
}

struct conffile *
confset_file(struct confset *s, const char *name, const char *daemon)
{
	struct conffile	*f = place(s, name, daemon);
	char		 why[CONFREAD_WHY], *text;
	int		 r;

	if (f == NULL)
		return NULL;
	if ((r = confread_text(f->path, &text, why)) < 0) {
		complain(f->path, r == -E_NOT_FOUND ? "is missing; begin with "
		    "\"qkdctl init\"" : why);
		return NULL;
	}
	r = confedit_open(&f->edit, text);
	free(text);
	if (r < 0)
		return NULL;
	s->n++;
	return f;
}

struct conffile *
confset_new(struct confset *s, const char *name, const char *daemon,
    const char *text)
{
	struct conffile	*f = place(s, name, daemon);

	if (f == NULL)
		return NULL;
	if (access(f->path, F_OK) == 0) {
		complain(f->path, "exists already; move it away first");
		return NULL;
	}
	if (confedit_open(&f->edit, text) < 0)
		return NULL;
	f->is_new = f->changed = true;
	s->n++;
	return f;
}

static int
edited(struct conffile *f, const char *list, const char *id, int r)
{
	if (r == 0) {
		f->changed = true;
		return 0;
	}
	fprintf(stderr, "qkdctl: %s: %s: %s: %s\n", f->path, list, id,
	    f->edit.why[0] != '\0' ? f->edit.why : err_text(r));
	return -1;
}

int
confset_add(struct conffile *f, const char *list, const char *key,
    const char *id, const char *group)
{
	return edited(f, list, id,
	    confedit_add(&f->edit, list, key, id, group));
}

int
confset_remove(struct conffile *f, const char *list, const char *key,
    const char *id)
{
	return edited(f, list, id, confedit_remove(&f->edit, list, key, id));
}

int
confset_has(struct conffile *f, const char *list, const char *key,
    const char *id)
{
	bool	has;

	if (confedit_has(&f->edit, list, key, id, &has) < 0)
		return complain(f->path, f->edit.why);
	return has;
}

int
confset_parse(struct conffile *f, config_t *cfg)
{
	char	why[CONFREAD_WHY];

	if (confread_parse(f->edit.text, cfg, why) < 0)
		return complain(f->path, why);
	return 0;
}

/* ---- onto the disk ---- */

/* The new file, with owner and mode of the old one. */
static int
stage(const struct conffile *f)
{
	struct stat	st = { .st_mode = 0644 };
	int		fd, r = -1;

	unlink(f->fresh);
	if ((fd = open(f->fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600)) < 0)
		return complain(f->fresh, errno == EACCES ? "only root may "
		    "change the configuration" : strerror(errno));
	if (!f->is_new && (stat(f->path, &st) < 0 ||
	    fchown(fd, st.st_uid, st.st_gid) < 0))
		goto out;
	if (fchmod(fd, st.st_mode & 07777) == 0 &&
	    ondisk_write(fd, f->edit.text, strlen(f->edit.text)) &&
	    fsync(fd) == 0)
		r = 0;
out:
	if (r < 0)
		complain(f->fresh, strerror(errno));
	close(fd);
	return r;
}

/* What a daemon says of the new file, under the name that it is to have. */
static void
pass_on(const struct conffile *f, const char *said)
{
	const char	*p;

	for (; (p = strstr(said, f->fresh)) != NULL;
	    said = p + strlen(f->fresh))
		fprintf(stderr, "%.*s%s", (int)(p - said), said, f->path);
	fputs(said, stderr);
}

static int
judge(const struct confset *s, const struct conffile *f)
{
	char	path[CONFSET_PATH + 32], said[SAID_MAX];
	char	*argv[] = { path, (char *)"-n", (char *)"-c",
		    (char *)f->fresh, NULL };
	int	r;

	snprintf(path, sizeof(path), "%s/%s", s->daemons, f->daemon);
	if ((r = run(argv, said, sizeof(said))) == 0)
		return 0;
	if (r < 0 || r == 127)
		return complain(path, "cannot be run, so nothing has been "
		    "changed");
	pass_on(f, said);
	return complain(f->path, "would be wrong after that, so nothing has "
	    "been changed");
}

static int
settle(const struct conffile *f)
{
	if ((f->removed ? unlink(f->path) : f->changed ?
	    rename(f->fresh, f->path) : 0) == 0)
		return 0;
	return complain(f->path, strerror(errno));
}

/* New files first, removed ones last: who is named in a file is there. */
static int
settle_all(const struct confset *s)
{
	int	r = 0;

	for (int turn = 0; turn < 3; turn++)
		for (unsigned i = 0; r == 0 && i < s->n; i++) {
			const struct conffile	*f = &s->file[i];

			if ((f->is_new ? 0 : f->removed ? 2 : 1) == turn)
				r = settle(f);
		}
	return r;
}

int
confset_commit(struct confset *s)
{
	int	r = 0;

	for (unsigned i = 0; r == 0 && i < s->n; i++)
		if (s->file[i].changed && (r = stage(&s->file[i])) == 0)
			r = judge(s, &s->file[i]);
	if (r == 0)
		r = settle_all(s);
	if (r == 0 && fsync(s->lock) < 0)
		r = complain(s->etc, strerror(errno));
	for (unsigned i = 0; i < s->n; i++)
		if (s->file[i].changed)
			unlink(s->file[i].fresh);
	return r;
}
