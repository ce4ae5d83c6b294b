/* bindmsg.h - bind messages: hostile until they were decoded. */
#ifndef KSA_BINDMSG_H
#define KSA_BINDMSG_H

#include "ksa/bindings.h"
#include "msg.h"

/*
 * Pure: a message to a binding. `all`: with a copy, the pieces of pad and MAC
 * key; else NULL. -E_BAD_FORMAT, -E_NO_MEMORY: both are NULL.
 */
int	bindmsg_decode(const struct msg_bind *, uint64_t now,
	    struct binding **, struct pieces **all);

#endif
