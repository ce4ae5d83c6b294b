/*
 * servesample.h - one step of the history, from what kma and ksa say of
 * themselves. Pure; their answers are hostile.
 */
#ifndef CTL_SERVESAMPLE_H
#define CTL_SERVESAMPLE_H

#include <jansson.h>
#include <stdint.h>

#include "history.h"

#define SERVESAMPLE_RATES	4

struct servesample {			/* zeroed at first */
	uint64_t	ms;		/* of the step before */
	double		count[SERVESAMPLE_RATES]; /* counters then; < 0: none */
};

/* Either may be NULL: that daemon does not answer. */
void	servesample(struct servesample *, struct history *, uint64_t ms,
	    const json_t *kma, const json_t *ksa);

#endif
