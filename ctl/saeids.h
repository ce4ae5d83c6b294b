/* saeids.h - what is printed of keys when they have found their place. */
#ifndef CTL_SAEIDS_H
#define CTL_SAEIDS_H

#include "saeopt.h"

/*
 * On standard output, unless the keys are there: their IDs, one a line, or
 * with --json one object. It is out when this returns 0; -1: said on stderr.
 */
int	saeids_print(const struct saeopt *, const struct qkdsae_keys *,
	    const struct saeout_about *);

#endif
