/*
 * apps.h - what two KSAs tell each other of their nodes' applications: each
 * announces those registered at its own node, in parts, until the other says
 * that it has them on disk.
 */
#ifndef KSA_APPS_H
#define KSA_APPS_H

#include <jansson.h>

#include "ksa/applist.h"
#include "ksa/peer.h"

/* Of this node: what it announces. */
struct apps_own {
	struct applist	 list;
	uint64_t	 generation;
};

/* From the configuration; again after a reload. */
int	apps_own_read(struct env *);
void	apps_own_free(struct env *);

/* What a peer announces, from the store; what it was told. */
int	apps_new(struct apps **, struct peer *);
void	apps_free(struct apps **);
void	apps_open(struct apps *);		/* the channel came up */
void	apps_tick(struct apps *);		/* every 100 ms */
/* From the peer, inside the authlink. */
void	apps_part(struct apps *, const struct msg_apps *);
void	apps_confirmed(struct apps *, const struct msg_apps_known *);

/* Whether our list is where it should be: with the peer, or refused. */
bool	apps_told(const struct apps *);
/* Whether that list of the peer is the one we know, or do not take. */
bool	apps_settled(const struct apps *, uint64_t generation);
bool	apps_heard(const struct apps *);

/* For an operator. */
json_t	*apps_status(const struct env *);

#endif
