/* appstore.h - the applications of other nodes, on disk. */
#ifndef KSA_APPSTORE_H
#define KSA_APPSTORE_H

#include <stdbool.h>

#include "ksa/applist.h"
#include "ksa/keystore.h"

/* Which list of the peer is there; 0: none was ever heard. */
uint64_t appstore_generation(struct side *, int64_t peer);
int	appstore_load(struct side *, int64_t peer, struct applist *);
int	appstore_change(struct side *, int64_t peer, const char *id,
	    bool added);
/* As if none had been heard. */
int	appstore_clear(struct side *, int64_t peer);
int	appstore_set(struct side *, int64_t peer, uint64_t generation,
	    uint64_t now);

#endif
