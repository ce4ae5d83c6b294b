/*
 * doorfigures.h - what the doors count for the command "metrics": how long
 * requests took, what was answered and why not.
 */
#ifndef KSA_DOORFIGURES_H
#define KSA_DOORFIGURES_H

#include <jansson.h>
#include <stdint.h>

#include "histogram.h"
#include "supply.h"

#define DOORFIGURES_METHODS	24	/* of both doors */

struct door;

struct doorfigures {
	struct {
		const char	*interface, *method;	/* static texts */
		struct histogram took;
	}		v[DOORFIGURES_METHODS];
	uint64_t	refused[SUPPLY_STATUSES];	/* over HTTPS */
};

/* A request that came in the turn that began then is answered now; `method`
 * NULL: it had none that we know. */
void	doorfigures_took(struct door *, const char *interface,
	    const char *method, uint64_t begun);
void	doorfigures(const struct door *, json_t *all);

#endif
