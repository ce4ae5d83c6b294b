/* etclock.c - see etclock.h. */
#include "etclock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

int
etclock(const char *etc)
{
	int	fd = open(etc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	fprintf(stderr, "qkdctl: %s: %s\n", etc, fd >= 0 ?
	    "another qkdctl changes this node just now" : errno == ENOENT ?
	    "there is no node here; begin with \"qkdctl init\"" :
	    strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}
