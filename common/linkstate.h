/*
 * linkstate.h - the network as its nodes announce it: links, the key there
 * is for them, and the best routes. A pure state machine: time comes in,
 * decisions go out.
 */
#ifndef QKD_LINKSTATE_H
#define QKD_LINKSTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ident.h"

#define LINKSTATE_LINKS_MAX	64
#define LINKSTATE_NODES_MAX	16384
#define LINKSTATE_MAX_AGE_MS	120000
#define LINKSTATE_SERIAL_MAX	((uint64_t)1 << 62)

/*
 * How scarce key is in the announcer's own direction of a link. The
 * announcer decides, calmly: the level weighs, stock and rate inform.
 */
enum linkstate_level {
	LINKSTATE_NONE,
	LINKSTATE_SCARCE,
	LINKSTATE_FAIR,
	LINKSTATE_AMPLE,
};

struct linkstate_link {
	km_id		peer;
	uint8_t		level;		/* enum linkstate_level */
	uint64_t	stock;		/* octets of key, own direction */
	uint64_t	rate;		/* octets/s that come in, the same */
};

/* What a node says of itself. Newer: higher incarnation, then sequence. */
struct linkstate_ad {
	km_id			origin;
	uint64_t		incarnation, sequence;
	unsigned		n;
	/* Each peer once, not the origin; given out in order of peer. */
	struct linkstate_link	links[LINKSTATE_LINKS_MAX];
};

struct linkstate;

/* incarnation: higher than in the life before; the time in ms. */
int	linkstate_new(struct linkstate **, const char *me,
	    uint64_t incarnation);
void	linkstate_free(struct linkstate **);

/* My links now; a new announcement of mine results in any case. */
void	linkstate_announce(struct linkstate *, const struct linkstate_link *,
	    unsigned n);
void	linkstate_mine(const struct linkstate *, struct linkstate_ad *);

enum linkstate_verdict {
	LINKSTATE_OLD,		/* known: do not pass on */
	LINKSTATE_NEW,		/* pass on */
	LINKSTATE_ECHO,		/* mine, from a life before: announce anew */
	LINKSTATE_FULL,		/* too many nodes: not taken */
};
/* now: ms of a clock that does not go back. */
enum linkstate_verdict linkstate_input(struct linkstate *,
	    const struct linkstate_ad *, uint64_t now);
/* Forgets who was not heard of for LINKSTATE_MAX_AGE_MS; true if any. */
bool	linkstate_age(struct linkstate *, uint64_t now);
/* Calls fn for every node known but this one, in no order. */
void	linkstate_each(struct linkstate *, void (*fn)(void *arg,
	    const struct linkstate_ad *), void *arg);
size_t	linkstate_count(const struct linkstate *);	/* me among them */
/*
 * Another number than before: routes may be others. It stays when a new
 * announcement repeats the one before or changes no link that counts.
 */
uint64_t linkstate_version(const struct linkstate *);

/*
 * The cost of a link is that of the scarcer of its two ends. Only links
 * count that both ends announce; one with LINKSTATE_NONE is not used.
 */
#define LINKSTATE_UNREACHED	UINT32_MAX
uint32_t linkstate_cost(enum linkstate_level);
/* What km says of its link to peer: 0; -E_DOWN: nothing; -E_NOT_FOUND: there is
 * no such node. And when it was heard of last; 0: never, or it is this one. */
int	linkstate_look(const struct linkstate *, const char *km,
	    const char *peer, struct linkstate_link *);
uint64_t linkstate_heard(const struct linkstate *, const char *km);
/*
 * The cheapest route, ends included; of several the one whose IDs, read from
 * the end with the lower ID, come first: so there and back are the same way.
 * n = 0: none (or too long to be written). Returns its cost.
 */
uint32_t linkstate_route(struct linkstate *, const char *to, struct route *);
/*
 * What a given route costs now; or LINKSTATE_UNREACHED, and the first link
 * km[*broken]..km[*broken + 1] that cannot be used.
 */
uint32_t linkstate_check(const struct linkstate *, const struct route *,
	    unsigned *broken);
/*
 * Up to `want` routes that share no node but their ends, as many as there
 * are, of the smallest cost together; cheapest first. A link straight to the
 * other end is one. Those too long to be written are left out.
 */
#define LINKSTATE_DISJOINT_MAX	8
unsigned linkstate_disjoint(struct linkstate *, const char *to,
	    unsigned want, struct route *routes);

#endif
