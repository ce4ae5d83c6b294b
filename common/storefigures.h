/* storefigures.h - figures of a store, for the command "metrics". */
#ifndef QKD_STOREFIGURES_H
#define QKD_STOREFIGURES_H

#include <jansson.h>

#include "committer.h"
#include "storekey.h"

void	storefigures(json_t *all, struct committer *, struct storekey *);

#endif
