/* ksafigures.h - pools, peers, counters for the command "metrics" of ksa. */
#ifndef KSA_KSAFIGURES_H
#define KSA_KSAFIGURES_H

#include <jansson.h>

#include "ksa/env.h"

void	ksafigures(const struct env *, json_t *all);

#endif
