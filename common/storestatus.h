/* storestatus.h - what a daemon's status tells of its store's files. */
#ifndef QKD_STORESTATUS_H
#define QKD_STORESTATUS_H

#include <jansson.h>

#include "committer.h"

/* A new object; what an operator should act on is added to `warnings`. */
json_t	*store_status(const char *path, struct committer *,
	    json_t *warnings);

#endif
