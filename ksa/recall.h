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
/* What is still to be told. Each second; and after a bindings_recall(). */
void	recall_send(struct peer *);
/* The peer has answered. */
void	recall_answered(struct peer *, uint64_t request);

#endif
