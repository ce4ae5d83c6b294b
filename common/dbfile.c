/* dbfile.c - the files of a key store. */
#include "dbfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "log.h"

#define MODE		0640
#define LARGE		(256LL * 1024 * 1024)	/* octets */

static int
refuse(const char *path, const char *what)
{
	log_err(what, "path=%s error=%s", log_quote(path),
	    log_quote(strerror(errno)));
	return -E_STORE;
}

/*
 * An existing file is not opened here: closing it again would drop the
 * locks that SQLite holds on it in this process.
 */
static int
make(const char *path)
{
	int	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, MODE);

	if (fd < 0)
		return errno == EEXIST ? 0 :
		    refuse(path, "key store cannot be made");
	if (fchmod(fd, MODE) < 0) {
		close(fd);
		return refuse(path, "key store cannot be made");
	}
	close(fd);
	log_notice("new key store", "path=%s", log_quote(path));
	return 0;
}

int
dbfile_prepare(const char *path)
{
	struct stat	st;
	int		r;

	if ((r = make(path)) < 0)
		return r;
	if (lstat(path, &st) < 0)
		return refuse(path, "key store cannot be read");
	if (S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    (st.st_mode & (S_IWGRP | S_IRWXO)) == 0)
		return 0;
	log_err("key store has the wrong owner or mode",
	    "path=%s owner=%u mode=%04o remedy=\"a regular file, owner %u, "
	    "mode 0640\"", log_quote(path), (unsigned)st.st_uid,
	    (unsigned)st.st_mode & 07777, (unsigned)geteuid());
	return -E_STORE;
}

int
dbfile_lock(const char *path)
{
	char	name[PATH_MAX];
	int	fd;

	if (snprintf(name, sizeof(name), "%s-lock", path) >=
	    (int)sizeof(name)) {
		errno = ENAMETOOLONG;
		return refuse(path, "key store cannot be locked");
	}
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return refuse(name, "key store cannot be locked");
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	close(fd);
	log_err("key store is in use by another process",
	    "path=%s remedy=\"stop the other daemon first\"", log_quote(path));
	return -E_BUSY;
}

void
dbfile_unlock(int fd)
{
	if (fd >= 0)
		close(fd);
}

bool
dbfile_is_large(const char *path)
{
	struct stat	st;

	return stat(path, &st) == 0 && st.st_size > LARGE;
}
