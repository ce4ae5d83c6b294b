/*
 * confset.h - several configuration files of this node, changed together: what
 * comes out is checked by the daemons (-n) before it takes the place of what
 * was there. With an error nothing has changed. Errors are said on stderr.
 */
#ifndef CTL_CONFSET_H
#define CTL_CONFSET_H

#include <libconfig.h>
#include <stdbool.h>

#include "confedit.h"

#define CONFSET_FILES	4
#define CONFSET_PATH	512

struct conffile {
	char		path[CONFSET_PATH], fresh[CONFSET_PATH];
	char		daemon[16];
	struct confedit	edit;
	bool		is_new, changed, removed;
};

struct confset {
	const char	*etc, *daemons;	/* directories */
	int		 lock;
	unsigned	 n;
	struct conffile	 file[CONFSET_FILES];
};

/* Keeps other editors out of `etc` until confset_close(). 0 or -1. */
int	confset_open(struct confset *, const char *etc, const char *daemons);
void	confset_close(struct confset *);
/* NAME.conf of that daemon; NULL: it cannot be read. */
struct conffile *confset_file(struct confset *, const char *name,
	    const char *daemon);
/* One that does not exist yet. `text` is copied. */
struct conffile *confset_new(struct confset *, const char *name,
	    const char *daemon, const char *text);
/* As confedit.h; 0 or -1. */
int	confset_add(struct conffile *, const char *list, const char *key,
	    const char *id, const char *group);
int	confset_remove(struct conffile *, const char *list, const char *key,
	    const char *id);
/* -1: the file cannot be read as it is. */
int	confset_has(struct conffile *, const char *list, const char *key,
	    const char *id);
/* config_destroy() after 0. */
int	confset_parse(struct conffile *, config_t *);
/* All files, or none. 0 or -1. */
int	confset_commit(struct confset *);

#endif
