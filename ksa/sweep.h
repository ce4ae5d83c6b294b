/*
 * sweep.h - erasure, each second and in batches: octets given away by us,
 * keys delivered whose redelivery window is over, keys that expired or are
 * void; tombstones after their time.
 */
#ifndef KSA_SWEEP_H
#define KSA_SWEEP_H

#include "ksa/peer.h"

int	sweep_new(struct sweep **, struct env *);
void	sweep_free(struct sweep **);
/* Start-up: blocks whose used octets the last life did not erase. */
int	sweep_load(struct sweep *);
/* Octets of this block of our own direction were given away. */
void	sweep_touch(struct sweep *, struct peer *, uint64_t serial);
void	sweep_tick(struct sweep *);		/* each second */

#endif
