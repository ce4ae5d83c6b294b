/* place.h - puts a file where it belongs: whole, on disk, with its owner. */
#ifndef CTL_PLACE_H
#define CTL_PLACE_H

#include <stddef.h>
#include <sys/types.h>

struct place_owner { uid_t uid; gid_t gid; mode_t mode; };

/* Both by way of PATH.new; -1: said on stderr. */
int	place_text(const char *path, const char *text, size_t len,
	    const struct place_owner *);
int	place_file(const char *path, const char *from,
	    const struct place_owner *);
/* The folder of this path, and those above it, if there are none. */
int	place_folder(const char *path, struct place_owner *);

#endif
