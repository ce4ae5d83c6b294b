/*
 * recall.h - keys of a session that the source made void: the peer is told
 * until it says that they are void there too.
 */
#ifndef KSA_RECALL_H
#define KSA_RECALL_H

#include "ksa/peer.h"

/* Start-up, before pools are used: what the last life offered and did not
 * settle is void at both ends. */
int	recall_start(struct env *);
/* What is still to be told, each second. */
void	recall_send(struct peer *);
/* After a bindings_recall(). */
void	recall_one(struct peer *, uint64_t request);
/* The peer has answered. */
void	recall_answered(struct peer *, uint64_t request);

#endif
