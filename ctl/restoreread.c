/* restoreread.c - see restoreread.h. */
#include "restoreread.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "digest.h"
#include "err.h"
#include "ondisk.h"

#define CHUNK	65536

struct reading {
	struct backupset	*set;
	struct archive		*a;
	const char		*path, *folder;
};

static int
refuse(const struct reading *r, const char *what, const char *name)
{
	fprintf(stderr, "qkdctl: %s: %s%s%s; nothing was changed\n", r->path,
	    what, name == NULL ? "" : ": ", name == NULL ? "" : name);
	return -1;
}

/* The next regular file's name and size; NULL: the end, or *bad. */
static const char *
next(struct reading *r, uint64_t *size, bool *bad)
{
	struct archive_entry	*e;
	int			 code = archive_read_next_header(r->a, &e);

	*bad = code != ARCHIVE_EOF;
	if (code != ARCHIVE_OK)
		return NULL;
	if (archive_entry_filetype(e) != AE_IFREG ||
	    archive_entry_hardlink(e) != NULL ||
	    archive_entry_symlink(e) != NULL || archive_entry_size(e) < 0)
		return NULL;
	*bad = archive_entry_pathname(e) == NULL;
	*size = (uint64_t)archive_entry_size(e);
	return archive_entry_pathname(e);
}

static char *
read_text(struct reading *r, uint64_t size)
{
	char		*p = size > member_limit(MEMBER_CONF) ? NULL :
			    calloc(1, (size_t)size + 1);
	size_t		 at = 0;
	la_ssize_t	 n = 0;

	if (p == NULL)
		return NULL;
	while (at < size && (n = archive_read_data(r->a, p + at,
	    (size_t)size - at)) > 0)
		at += (size_t)n;
	if (at == size)
		return p;
	free(p);
	return NULL;
}

static int
manifest(struct reading *r)
{
	char		 why[128], *text = NULL;
	const char	*name;
	uint64_t	 size;
	bool		 bad;
	int		 e = -1;

	name = next(r, &size, &bad);
	if (name == NULL || strcmp(name, "manifest.json") != 0 ||
	    (text = read_text(r, size)) == NULL)
		return refuse(r, "is no backup of a node, or damaged", NULL);
	if (manifest_parse(&r->set->manifest, text, size, why,
	    sizeof(why)) < 0)
		refuse(r, why, NULL);
	else
		e = 0;
	free(text);
	if (e < 0)
		return -1;
	r->set->text = calloc(r->set->manifest.n, sizeof(char *));
	r->set->path = calloc(r->set->manifest.n, sizeof(char *));
	return r->set->text == NULL || r->set->path == NULL ?
	    refuse(r, "out of memory", NULL) : 0;
}

/* -E_SYSTEM: errno says why there is no room for it. */
static int
to_file(struct reading *r, const char *path, EVP_MD_CTX *sum, uint64_t left)
{
	char		buf[CHUNK];
	la_ssize_t	n = 1;
	int		fd, e = 0;

	if ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600)) < 0)
		return -E_SYSTEM;
	while (e == 0 && left > 0) {
		n = archive_read_data(r->a, buf, left < CHUNK ?
		    (size_t)left : CHUNK);
		if (n <= 0 || sum == NULL) {
			e = -E_BAD_FORMAT;
		} else if (!ondisk_write(fd, buf, (size_t)n)) {
			e = -E_SYSTEM;
		} else {
			EVP_DigestUpdate(sum, buf, (size_t)n);
			left -= (uint64_t)n;
		}
	}
	close(fd);
	return e;
}

static int
store(struct reading *r, unsigned i, char sha[MANIFEST_SHA + 1])
{
	const struct manifest_member	*m = &r->set->manifest.members[i];
	EVP_MD_CTX			*sum = digest_begin();
	char				 path[4096];
	int				 e;

	snprintf(path, sizeof(path), "%s/%s", r->folder,
	    strrchr(m->name, '/') + 1);
	if ((r->set->path[i] = strdup(path)) == NULL)
		e = -E_NO_MEMORY;
	else
		e = to_file(r, path, sum, m->size);
	if (e == -E_SYSTEM)
		refuse(r, strerror(errno), path);
	return digest_end(sum, sha) < 0 && e == 0 ? -E_BAD_FORMAT : e;
}

static int
member(struct reading *r, const char *name, uint64_t size)
{
	const struct manifest_member	*m = manifest_find(
					    &r->set->manifest, name);
	char				 sha[MANIFEST_SHA + 1];
	unsigned			 i;
	int				 kind, e;

	if (m == NULL || m->size != size)
		return refuse(r, "holds what its manifest does not say", name);
	i = (unsigned)(m - r->set->manifest.members);
	if (r->set->text[i] != NULL || r->set->path[i] != NULL)
		return refuse(r, "holds a file twice", name);
	kind = member_kind(name);
	if (kind == MEMBER_KMA || kind == MEMBER_KSA)
		e = store(r, i, sha);
	else if ((r->set->text[i] = read_text(r, size)) == NULL)
		e = -1;
	else
		e = digest_text(r->set->text[i], size, sha);
	if (e == -E_SYSTEM)
		return -1;
	if (e < 0 || strcmp(sha, m->sha256) != 0)
		return refuse(r, "is damaged", name);
	return 0;
}

static int
all(struct reading *r)
{
	const struct manifest	*m = &r->set->manifest;
	const char		*name;
	uint64_t		 size;
	bool			 bad;

	while ((name = next(r, &size, &bad)) != NULL)
		if (member(r, name, size) < 0)
			return -1;
	if (bad)
		return refuse(r, "is damaged, or holds no regular file", NULL);
	for (unsigned i = 0; i < m->n; i++)
		if (r->set->text[i] == NULL && r->set->path[i] == NULL)
			return refuse(r, "lacks a file", m->members[i].name);
	return 0;
}

int
restoreread(struct backupset *set, const char *path, const char *folder)
{
	struct reading	r = { set, archive_read_new(), path, folder };
	int		e;

	if (r.a == NULL || archive_read_support_format_tar(r.a) !=
	    ARCHIVE_OK || archive_read_open_filename(r.a, path, CHUNK) !=
	    ARCHIVE_OK)
		e = refuse(&r, r.a == NULL ? "out of memory" :
		    archive_error_string(r.a), NULL);
	else if ((e = manifest(&r)) == 0)
		e = all(&r);
	archive_read_free(r.a);
	return e;
}
