/*
 * linkstate.h - who is connected to whom in the network, from what each node
 * announces of itself, and the shortest routes. A pure state machine: time
 * comes in, decisions go out.
 */
#ifndef RELAYD_LINKSTATE_H
#define RELAYD_LINKSTATE_H

#include <stdbool.h>
#include <stdint.h>

#include "ident.h"

#define LINKSTATE_NEIGHBOURS_MAX	64
#define LINKSTATE_NODES_MAX		1024
#define LINKSTATE_MAX_AGE_MS		20000
#define LINKSTATE_SERIAL_MAX		((uint64_t)1 << 62)

/* What a node says of itself. Newer: higher incarnation, then sequence. */
struct linkstate_ad {
	km_id		origin;
	uint64_t	incarnation, sequence;
	unsigned	n;
	km_id		neighbours[LINKSTATE_NEIGHBOURS_MAX];
	uint64_t	keyless;	/* bit i: no key for neighbours[i] */
};

struct linkstate;

/* incarnation: higher than in the life before; the time in ms. */
int	linkstate_new(struct linkstate **, const char *me,
	    uint64_t incarnation);
void	linkstate_free(struct linkstate **);

/* My neighbours now, and for which of them there is no link key (bit i); a
 * new announcement of mine results in any case. */
void	linkstate_announce(struct linkstate *, const km_id *neighbours,
	    unsigned n, uint64_t keyless);
const struct linkstate_ad *linkstate_mine(const struct linkstate *);

enum linkstate_verdict {
	LINKSTATE_OLD,		/* known: do not pass on */
	LINKSTATE_NEW,		/* pass on */
	LINKSTATE_ECHO,		/* mine, from a life before: announce anew */
	LINKSTATE_FULL,		/* too many nodes: not taken */
};
enum linkstate_verdict linkstate_input(struct linkstate *,
	    const struct linkstate_ad *, uint64_t now);
/* Forgets who was not heard of for LINKSTATE_MAX_AGE_MS; true if any. */
bool	linkstate_age(struct linkstate *, uint64_t now);
/* Calls fn for every node known but this one, in the order of IDs. */
void	linkstate_each(struct linkstate *, void (*fn)(void *arg,
	    const struct linkstate_ad *), void *arg);

/*
 * The route with the fewest hops, ends included; of several the one whose
 * IDs come first. Only connections that both ends announce count. n = 0:
 * none (or too long to be written).
 */
void	linkstate_route(struct linkstate *, const char *to, struct route *);
/*
 * The same for frames that use up link key: of the routes where both ends of
 * every connection have key; if there is none the route above.
 */
void	linkstate_relay(struct linkstate *, const char *to, struct route *);

#endif
