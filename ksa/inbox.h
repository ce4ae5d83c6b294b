/*
 * inbox.h - bindings that come from the peer: checked, committed in batches,
 * acknowledged. Idempotent; a binding that differs or that claims octets
 * which are not there is void at both ends.
 */
#ifndef KSA_INBOX_H
#define KSA_INBOX_H

#include "ksa/bindings.h"
#include "ksa/peer.h"

int	inbox_new(struct inbox **, struct peer *, uint64_t last);
void	inbox_free(struct inbox **);
/* Collects; inbox_flush() commits what one payload brought. */
void	inbox_bind(struct inbox *, const struct msg_bind *);
void	inbox_flush(struct inbox *);
/* Of a copy of keys; the bind that needs it comes after it. */
void	inbox_part(struct inbox *, const struct msg_bind_part *);
/* The keys of a request are void at the source: answered once they are void
 * here, on disk, or cannot come any more. */
void	inbox_void(struct inbox *, const struct msg_bind_void *);
/* Says up to where bindings are on disk here. */
void	inbox_acknowledge(struct inbox *);
/* The channel opened: the same, each second until the peer sends bindings; it
 * sends none before it was told. */
void	inbox_open(struct inbox *);
void	inbox_tick(struct inbox *);

#endif
