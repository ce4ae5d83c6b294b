/* reload.h - the configuration is read again while ksa runs. */
#ifndef KSA_RELOAD_H
#define KSA_RELOAD_H

#include "conf.h"
#include "door.h"

/*
 * The file is read again; what the door can take over (its certificate, key,
 * CA, CRLs, the applications) is, all or nothing. Which other options differ
 * is logged: they wait for a restart. Errors are logged.
 */
int	reload(struct ksa_conf *, struct door *);

#endif
