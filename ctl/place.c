/* place.c - see place.h. */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ondisk.h"

static int
failed(const char *path)
{
	fprintf(stderr, "qkdctl: %s: %s\n", path, strerror(errno));
	return -1;
}

static int
copy(int to, const char *from)
{
	char	buf[65536];
	ssize_t	n;
	int	fd, r = 0;

	if ((fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) < 0)
		return -1;
	while (r == 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		r = ondisk_write(to, buf, (size_t)n) ? 0 : -1;
	close(fd);
	return n < 0 ? -1 : r;
}

/* Nobody else has it open before it has its owner. */
static int
begin(char name[4096], const char *path)
{
	snprintf(name, 4096, "%s.new", path);
	(void)unlink(name);
	return open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
}

static int
end(int fd, int r, const char *name, const char *path,
    const struct place_owner *o)
{
	if (fd < 0)
		return failed(name);
	if (r == 0 && geteuid() == 0)
		r = fchown(fd, o->uid, o->gid);
	if (r == 0)
		r = fchmod(fd, o->mode);
	if (r == 0)
		r = fsync(fd);
	if (close(fd) < 0 || r < 0 || rename(name, path) < 0 ||
	    !ondisk_name(path)) {
		failed(path);
		(void)unlink(name);
		return -1;
	}
	return 0;
}

int
place_text(const char *path, const char *text, size_t len,
    const struct place_owner *o)
{
	char	name[4096];
	int	fd = begin(name, path);

	return end(fd, fd >= 0 && ondisk_write(fd, text, len) ? 0 : -1, name,
	    path, o);
}

int
place_file(const char *path, const char *from, const struct place_owner *o)
{
	char	name[4096];
	int	fd = begin(name, path);

	return end(fd, fd < 0 ? -1 : copy(fd, from), name, path, o);
}

int
place_folder(const char *path, struct place_owner *o)
{
	char		dir[4096], *slash;
	struct stat	st;

	if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir) ||
	    (slash = strrchr(dir, '/')) == NULL || slash == dir)
		return 0;
	*slash = '\0';
	if (lstat(dir, &st) < 0) {
		if (errno != ENOENT || place_folder(dir, o) < 0 ||
		    mkdir(dir, 0755) < 0 || lstat(dir, &st) < 0)
			return failed(dir);
	}
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return failed(dir);
	}
	*o = (struct place_owner){ st.st_uid, st.st_gid, 0640 };
	return 0;
}
