/*
 * restoreread.h - reads a backup that may be damaged or somebody else's: only
 * what its manifest names, once each, as long and with the sum that it says.
 */
#ifndef CTL_RESTOREREAD_H
#define CTL_RESTOREREAD_H

#include "backupset.h"

/* Stores go to files in `folder`. -1: said on stderr; backupset_free() it in
 * any case. */
int	restoreread(struct backupset *, const char *path,
	    const char *folder);

#endif
