/*
 * outbox.h - bindings on their way to the peer: the issued rows above what it
 * acknowledged. Sent at once, again after a gap, a reconnect, a second
 * without progress.
 */
#ifndef KSA_OUTBOX_H
#define KSA_OUTBOX_H

#include "ksa/bindings.h"
#include "ksa/peer.h"

int	outbox_new(struct outbox **, struct peer *, const struct peer_row *);
void	outbox_free(struct outbox **);
/* A request was committed; in the order of serials. */
void	outbox_push(struct outbox *, const struct binding *);
/* The peer has everything up to there on disk. */
void	outbox_bound(struct outbox *, uint64_t upto);
/* The peer asks for a request that it does not have. */
void	outbox_query(struct outbox *, uint64_t request);
/* The peer refused it, or does not have its key: void here too. */
void	outbox_void(struct outbox *, const struct msg_bind_void *);
/* The channel came up: nothing is sent before the peer says where it is. */
void	outbox_reset(struct outbox *);
void	outbox_tick(struct outbox *);	/* each second */
uint64_t outbox_acked(const struct outbox *);

#endif
