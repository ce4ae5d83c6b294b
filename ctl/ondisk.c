/* ondisk.c - see ondisk.h. */
#include "config.h"

#include "ondisk.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
ondisk_write(int fd, const void *octets, size_t len)
{
	const char	*p = octets;
	ssize_t		 n;

	for (; len > 0; p += n, len -= (size_t)n)
		if ((n = write(fd, p, len)) <= 0)
			return false;
	return true;
}

bool
ondisk_name(const char *path)
{
	char	*copy = strdup(path);
	int	 fd, r = -1;

	if (copy != NULL && (fd = open(dirname(copy),
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0) {
		r = fsync(fd);
		close(fd);
	}
	free(copy);
	return r == 0;
}
