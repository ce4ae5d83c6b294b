/* routes.h - the ways that key relay takes from this node (Q.4163 7.1). */
#ifndef KMA_ROUTES_H
#define KMA_ROUTES_H

#include <stdbool.h>

#include "ident.h"

struct kma;
struct msg_route;
struct routes;

int	routes_new(struct kma *);
void	routes_free(struct kma *);
/* What relayd says of one. */
void	routes_learn(struct kma *, const struct msg_route *);
/* NULL: none. Stands until the next turn of the loop. */
const struct route *routes_to(struct kma *, const char *peer);
/* Up to `want` routes that share no node but their ends, the cheapest first;
 * what an operator set does not count. Returns how many there are. */
unsigned routes_disjoint(struct kma *, const char *peer, unsigned want,
	    struct route *);
/* Whether a neighbour can be reached by way of others too. */
bool	routes_has_detour(struct kma *, const char *peer);
/* Whether the way to a neighbour is the link. */
bool	routes_is_straight(struct kma *, const char *peer);

#endif
