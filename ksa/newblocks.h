/*
 * newblocks.h - pool blocks, of both directions, from their arrival until both
 * KSAs know that they are equal and on disk, or until they are void.
 */
#ifndef KSA_NEWBLOCKS_H
#define KSA_NEWBLOCKS_H

#include "ksa/peer.h"

int	newblocks_new(struct newblocks **, struct peer *);
void	newblocks_free(struct newblocks **);
/* Start-up: what the last life left unconfirmed. */
int	newblocks_load(struct newblocks *);
/* A block from kma; takes the secret, whatever happens. */
struct material;
void	newblocks_add(struct newblocks *, int direction, uint64_t serial,
	    const struct material *, struct secret *);
/* A block of the peer's direction waits at kma. */
void	newblocks_fetch(struct newblocks *, uint64_t serial);
void	newblocks_confirm(struct newblocks *, const struct msg_confirm *,
	    bool authentic);
void	newblocks_confirmed(struct newblocks *, const struct msg_confirmed *,
	    bool authentic);
/* Each second: repeats what was not answered, voids what is too old. */
void	newblocks_tick(struct newblocks *);
/* All of the pair's stock is void: forget; the store was seen to. */
void	newblocks_clear(struct newblocks *);
/* Octets of our own direction on the way to be available. */
uint64_t newblocks_pending(const struct newblocks *);
/* The same of those that came over so many node-disjoint paths. */
uint64_t newblocks_pending_over(const struct newblocks *, uint32_t paths);
unsigned newblocks_count(const struct newblocks *, int direction);
/* The block is void here; the peer is told until it says so too. */
void	newblocks_void(struct newblocks *, int direction, uint64_t serial,
	    const char *why);
void	newblocks_block_void(struct newblocks *, const struct msg_block_void *);
void	newblocks_notices(struct newblocks *);

#endif
