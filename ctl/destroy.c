/* destroy.c - see destroy.h. */
#include "config.h"

#include "destroy.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK	65536

/* Random octets, so that nothing in between makes them into a hole. */
static int
overwrite(int fd, off_t size)
{
	unsigned char	buf[CHUNK];
	ssize_t		n;

	for (off_t at = 0; at < size; at += n) {
		size_t	len = size - at < CHUNK ? (size_t)(size - at) : CHUNK;

		if (RAND_bytes(buf, (int)len) != 1)
			memset(buf, 0xff, len);
		if ((n = pwrite(fd, buf, len, at)) <= 0)
			return -1;
	}
	return fsync(fd);
}

int
destroy_file(const char *path)
{
	struct stat	st;
	int		fd, r = 0;

	fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && chmod(path, 0600) == 0)
		fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK |
		    O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd >= 0) {
		if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		    overwrite(fd, st.st_size) < 0 || ftruncate(fd, 0) < 0 ||
		    fsync(fd) < 0)
			r = -1;
		close(fd);
	}
	/* Gone by name in any case. */
	return unlink(path) < 0 ? -1 : r;
}

bool
destroy_gone(const char *path)
{
	struct stat	st;

	return lstat(path, &st) < 0 && errno == ENOENT;
}

static void
look_at(pid_t pid, const char *prefix,
    void (*fn)(void *, pid_t, const char *), void *arg)
{
	char		 dir[64], link[64 + NAME_MAX + 1], to[PATH_MAX];
	struct dirent	*e;
	ssize_t		 n;
	DIR		*d;

	snprintf(dir, sizeof(dir), "/proc/%d/fd", (int)pid);
	if ((d = opendir(dir)) == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		snprintf(link, sizeof(link), "%s/%s", dir, e->d_name);
		if ((n = readlink(link, to, sizeof(to) - 1)) <= 0)
			continue;
		to[n] = '\0';
		if (strncmp(to, prefix, strlen(prefix)) == 0)
			fn(arg, pid, to);
	}
	closedir(d);
}

/* As the kernel names it: links on the way to its folder are followed. */
static int
settled(const char *prefix, char out[PATH_MAX + NAME_MAX + 2])
{
	char		 dir[PATH_MAX], real[PATH_MAX];
	const char	*base = strrchr(prefix, '/');
	int		 n;

	if (base == NULL || base - prefix >= PATH_MAX)
		return -1;
	snprintf(dir, sizeof(dir), "%.*s", (int)(base - prefix), prefix);
	n = snprintf(out, PATH_MAX + NAME_MAX + 2, "%s%s",
	    realpath(dir, real) != NULL ? real : dir, base);
	return n < PATH_MAX + NAME_MAX + 2 ? 0 : -1;
}

int
destroy_holders(const char *path,
    void (*fn)(void *, pid_t, const char *), void *arg)
{
	struct dirent	*e;
	char		 prefix[PATH_MAX + NAME_MAX + 2];
	DIR		*d;

	if (settled(path, prefix) < 0 || (d = opendir("/proc")) == NULL)
		return -1;
	while ((e = readdir(d)) != NULL)
		if (isdigit((unsigned char)e->d_name[0]) &&
		    atoi(e->d_name) != (int)getpid())
			look_at(atoi(e->d_name), prefix, fn, arg);
	closedir(d);
	return 0;
}
