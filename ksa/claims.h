/*
 * claims.h - which other node says of which application that it is its own,
 * as announced. Knows nothing of the configuration.
 */
#ifndef KSA_CLAIMS_H
#define KSA_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "ident.h"
#include "ksa/applist.h"

struct claims;

struct teller {			/* a node that announces */
	km_id		 km;
	bool		 heard;		/* its list is known */
	uint32_t	 n;		/* IDs of its list */
	struct claim	**list;		/* in order */
};

int	claims_new(struct claims **);
void	claims_free(struct claims **);
/* One more node. */
int	claims_add(struct claims *, const char *km);
struct teller *claims_teller(const struct claims *, const char *km);
/* A node whose list is not known, or NULL. */
const struct teller *claims_unheard(const struct claims *);
const struct teller *claims_each(const struct claims *, unsigned i);
/* The i-th ID that it announces; i below n. */
const char *claims_id(const struct teller *, uint32_t i);

/* An ID that the list has and the node's did not have, or the other way. */
typedef int	claims_change(void *arg, const char *id, bool added);
/* Each of them, in order, until fn() returns other than 0. */
int	claims_compare(const struct teller *, const struct applist *,
	    claims_change *fn, void *arg);
/* This is the node's list now: all of it, or -E_NO_MEMORY and none. fn() is
 * told of each change afterwards. */
int	claims_learn(struct claims *, struct teller *, const struct applist *,
	    claims_change *fn, void *arg);

/* How many nodes announce it, and the first two. */
unsigned claims_find(const struct claims *, const char *id,
	    const struct teller *who[2]);
bool	claims_by(const struct claims *, const char *id, const char *km);

#endif
