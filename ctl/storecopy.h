/*
 * storecopy.h - a key store without its key bytes, and the same made such
 * that its daemon uses nothing of before.
 */
#ifndef CTL_STORECOPY_H
#define CTL_STORECOPY_H

#include <stddef.h>

enum store { STORE_KMA, STORE_KSA };

#define STORECOPY_WHY	400

/* From a store that its daemon may be writing to, at one moment; `to` is a
 * new, empty file. -1 with `why`, for one a table that is not known here. */
int	storecopy(enum store, const char *from, const char *to,
	    char why[STORECOPY_WHY]);
/* Keys that waited are void, and the peers will be told that it went back. */
int	storecopy_void(enum store, const char *path,
	    char why[STORECOPY_WHY]);

/* The last row of its record of keys, as audit_accept names it; 0: none. */
int	storecopy_anchor(const char *path, char *out, size_t room);

#endif
