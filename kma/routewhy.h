/* routewhy.h - why a route cannot be used, for an operator. */
#ifndef KMA_ROUTEWHY_H
#define KMA_ROUTEWHY_H

#include "linkstate.h"

#define ROUTEWHY_MAX	320

/* Of the first link of the route that is not usable; "" if all are. */
void	routewhy(const struct linkstate *, const struct route *,
	    char out[ROUTEWHY_MAX]);
/* Whether all its links are up, if only without key for now. */
bool	routewhy_is_dry(const struct linkstate *, const struct route *);

#endif
