/* status.h - the engine's figures for the control socket. */
#ifndef KSA_STATUS_H
#define KSA_STATUS_H

#include <jansson.h>

#include "ksa/env.h"

/* True: keys can be supplied to every peer. */
bool	status_report(const struct env *, json_t *figures, json_t *missing,
	    json_t *warnings);

#endif
