/*
 * backupset.h - the members of a backup before they are in the archive: small
 * ones in memory, copies of stores in files.
 */
#ifndef CTL_BACKUPSET_H
#define CTL_BACKUPSET_H

#include <stdbool.h>
#include <sys/types.h>

#include "manifest.h"

struct backupset {
	struct manifest	 manifest;
	char		**text;		/* of each member; NULL: in a file */
	char		**path;		/* ... this one */
	struct { dev_t dev; ino_t ino; } *out;
	unsigned	 nout;
};

/* This file is no member, whatever its name or a link's. "": none. -1: no
 * memory. */
int	backupset_leave_out(struct backupset *, const char *path);

/* All add one member or more; -1: said on stderr. Without `keys` no private
 * key is among them, also beside a certificate. */
int	backupset_folder(struct backupset *, const char *path,
	    const char *prefix, bool keys);
int	backupset_file(struct backupset *, const char *name,
	    const char *path);
/* The text of a member; NULL: it is not there. */
const char *backupset_text(const struct backupset *, const char *name);
/* To a new file, whole and on disk, or -1: said on stderr. */
int	backupset_write(struct backupset *, const char *path);
void	backupset_free(struct backupset *);

#endif
