/*
 * routes.h - the ways that key relay takes from this node (Q.4163 7.1), by
 * what the nodes announce of their links (announce.h), or as an operator set
 * them. A way is left at once when it breaks, else calmly.
 */
#ifndef KMA_ROUTES_H
#define KMA_ROUTES_H

#include <stdbool.h>
#include <stdint.h>

#include "ident.h"

struct kma;
struct linkstate;
struct routes;

/* To a peer; `set`: by an operator, and nothing else is used then. */
struct routes_way {
	const char		*km;
	const struct route	*route;		/* n = 0: none */
	uint32_t		 cost;
	const struct route	*set;		/* NULL: not set */
	uint64_t		 set_at;	/* ms since 1970 */
	const char		*why;		/* what is wrong; "": nothing */
	uint64_t		 failing;	/* for so many ms */
	const char		*relay;		/* what the last relay that failed
						 * was told, or "" */
};

int	routes_new(struct kma *);
void	routes_free(struct kma *);
/* Each 100 ms: ways that are better, or gone. */
void	routes_tick(struct kma *);
/* NULL: none. Stands until the next turn of the loop. */
const struct route *routes_to(struct kma *, const char *peer);
/* Why there is none: -E_NO_ROUTE, -E_ROUTE_SET. */
int	routes_error(struct kma *, const char *peer);
/* Up to `want` routes that share no node but their ends, the cheapest first;
 * what an operator set is the only one. Returns how many there are. */
unsigned routes_disjoint(struct kma *, const char *peer, unsigned want,
	    struct route *);
/* Whether all its links have key now, as far as is known here. */
bool	routes_works(struct kma *, const struct route *);
/* Whether a neighbour is to be reached by way of others. */
bool	routes_has_detour(struct kma *, const char *peer);
/* Whether the way to a neighbour is the link. */
bool	routes_is_straight(struct kma *, const char *peer);
/* A relay on the way to a peer failed, or (response "") did not. */
void	routes_relayed(struct kma *, const struct route *,
	    const char *response);

/* What an operator sets; kept in the store. Else a text says why not. */
const char *routes_set(struct kma *, const char *peer, const char *route);
const char *routes_clear(struct kma *, const char *peer);
/* Every way in use or set, in the order of IDs; computes those to all nodes
 * that are known. */
void	routes_each(struct kma *, void (*fn)(void *arg,
	    const struct routes_way *), void *arg);

#endif
