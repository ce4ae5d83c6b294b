/* backupset.c - see backupset.h. */
#include "backupset.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confread.h"
#include "digest.h"
#include "ondisk.h"

static int
failed(const char *path, const char *why)
{
	fprintf(stderr, "qkdctl: %s: %s\n", path, why);
	return -1;
}

/* ---- what is in it ---- */

static struct manifest_member *
grow(struct backupset *b, const char *name)
{
	struct manifest		*m = &b->manifest;
	size_t			 n = m->n + 1;
	struct manifest_member	*v = reallocarray(m->members, n, sizeof(*v));
	char			**text, **path;

	if (v != NULL)
		m->members = v;
	if ((text = reallocarray(b->text, n, sizeof(*text))) != NULL)
		b->text = text;
	if ((path = reallocarray(b->path, n, sizeof(*path))) != NULL)
		b->path = path;
	if (v == NULL || text == NULL || path == NULL ||
	    m->n == MANIFEST_MEMBERS) {
		failed(name, "too many files");
		return NULL;
	}
	b->text[m->n] = b->path[m->n] = NULL;
	v = &m->members[m->n++];
	memset(v, 0, sizeof(*v));
	snprintf(v->name, sizeof(v->name), "%s", name);
	return v;
}

/* It may be a private key. */
static void
forget(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

static int
add_text(struct backupset *b, const char *name, const char *path, bool keys)
{
	struct manifest_member	*m;
	char			*text, why[CONFREAD_WHY];

	if (confread_text(path, &text, why) < 0)
		return failed(path, why);
	if (!keys && strstr(text, "PRIVATE KEY-----") != NULL) {
		(void)failed(path, "holds a private key; the backup goes "
		    "without it");
		forget(text);
		return 0;
	}
	if ((m = grow(b, name)) == NULL) {
		forget(text);
		return -1;
	}
	b->text[b->manifest.n - 1] = text;
	m->size = strlen(text);
	return digest_text(text, m->size, m->sha256);
}

int
backupset_file(struct backupset *b, const char *name, const char *path)
{
	struct manifest_member	*m;

	if ((m = grow(b, name)) == NULL ||
	    (b->path[b->manifest.n - 1] = strdup(path)) == NULL)
		return -1;
	return digest_file(path, &m->size, m->sha256) < 0 ?
	    failed(path, "cannot be read") : 0;
}

static int
wanted(const char *name, bool keys)
{
	int	kind = member_kind(name);

	return kind == MEMBER_CONF || kind == MEMBER_PUBLIC ||
	    (keys && kind == MEMBER_KEY);
}

int
backupset_leave_out(struct backupset *b, const char *path)
{
	struct stat	st;
	void		*out;

	if (path[0] == '\0' || stat(path, &st) < 0)
		return 0;
	if ((out = reallocarray(b->out, b->nout + 1, sizeof(*b->out))) ==
	    NULL)
		return failed(path, "no memory");
	b->out = out;
	b->out[b->nout].dev = st.st_dev;
	b->out[b->nout++].ino = st.st_ino;
	return 0;
}

static bool
left_out(const struct backupset *b, const char *path)
{
	struct stat	st;

	if (b->nout == 0 || stat(path, &st) < 0)
		return false;
	for (unsigned i = 0; i < b->nout; i++)
		if (b->out[i].dev == st.st_dev && b->out[i].ino == st.st_ino)
			return true;
	return false;
}

int
backupset_folder(struct backupset *b, const char *path, const char *prefix,
    bool keys)
{
	struct dirent	**list;
	char		 name[MEMBER_NAME], file[4096];
	int		 n, r = 0;

	if ((n = scandir(path, &list, NULL, alphasort)) < 0)
		return errno == ENOENT ? 0 : failed(path, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (r == 0 && (size_t)snprintf(name, sizeof(name), "%s%s",
		    prefix, list[i]->d_name) < sizeof(name) &&
		    wanted(name, keys)) {
			snprintf(file, sizeof(file), "%s/%s", path,
			    list[i]->d_name);
			if (!left_out(b, file))
				r = add_text(b, name, file, keys);
		}
		free(list[i]);
	}
	free(list);
	return r;
}

const char *
backupset_text(const struct backupset *b, const char *name)
{
	for (unsigned i = 0; i < b->manifest.n; i++)
		if (strcmp(b->manifest.members[i].name, name) == 0)
			return b->text[i];
	return NULL;
}

/* ---- the archive ---- */

static int
header(struct archive *a, const char *name, uint64_t size)
{
	struct archive_entry	*e = archive_entry_new();
	int			 r;

	archive_entry_set_pathname(e, name);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0600);
	archive_entry_set_size(e, (int64_t)size);
	r = archive_write_header(a, e);
	archive_entry_free(e);
	return r == ARCHIVE_OK ? 0 : -1;
}

static int
put_text(struct archive *a, const char *name, const char *text, size_t len)
{
	return header(a, name, len) < 0 ||
	    archive_write_data(a, text, len) != (la_ssize_t)len ? -1 : 0;
}

static int
put_file(struct archive *a, const char *name, const char *path, uint64_t size)
{
	char	buf[65536];
	ssize_t	n = -1;
	int	fd, r;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return -1;
	r = header(a, name, size);
	while (r == 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		if (archive_write_data(a, buf, (size_t)n) != (la_ssize_t)n)
			r = -1;
	close(fd);
	return n < 0 ? -1 : r;
}

static int
put_all(struct backupset *b, struct archive *a)
{
	const struct manifest	*m = &b->manifest;
	char			*text = manifest_write(m);
	int			 r = text == NULL ? -1 :
				    put_text(a, "manifest.json", text,
				    strlen(text));

	free(text);
	for (unsigned i = 0; r == 0 && i < m->n; i++)
		r = b->text[i] != NULL ? put_text(a, m->members[i].name,
		    b->text[i], m->members[i].size) : put_file(a,
		    m->members[i].name, b->path[i], m->members[i].size);
	return r;
}

static int
write_to(struct backupset *b, int fd)
{
	struct archive	*a = archive_write_new();
	int		 r = -1;

	if (a != NULL && archive_write_set_format_ustar(a) == ARCHIVE_OK &&
	    archive_write_open_fd(a, fd) == ARCHIVE_OK &&
	    put_all(b, a) == 0 && archive_write_close(a) == ARCHIVE_OK)
		r = fsync(fd);
	archive_write_free(a);
	return r;
}

int
backupset_write(struct backupset *b, const char *path)
{
	char	name[4096];
	int	fd, r;

	if (snprintf(name, sizeof(name), "%s.new", path) >=
	    (int)sizeof(name))
		return failed(path, "the name is too long");
	(void)unlink(name);
	if ((fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
	    O_NOFOLLOW, 0600)) < 0)
		return failed(name, strerror(errno));
	errno = 0;
	r = write_to(b, fd);
	close(fd);
	if (r == 0 && rename(name, path) == 0 && ondisk_name(path))
		return 0;
	failed(path, errno != 0 ? strerror(errno) : "cannot be written");
	(void)unlink(name);
	return -1;
}

void
backupset_free(struct backupset *b)
{
	for (unsigned i = 0; b->text != NULL && b->path != NULL &&
	    i < b->manifest.n; i++) {
		forget(b->text[i]);
		free(b->path[i]);
	}
	free(b->text);
	free(b->path);
	free(b->out);
	manifest_free(&b->manifest);
}
