/* ondisk.h - what a file needs to be there after a power failure. */
#ifndef CTL_ONDISK_H
#define CTL_ONDISK_H

#include <stdbool.h>
#include <stddef.h>

/* All of it. On false errno says why. */
bool	ondisk_write(int fd, const void *, size_t len);
/* That this name is in its folder, or is not. */
bool	ondisk_name(const char *path);

#endif
