/*
 * rollback.h - a store went back in time: all stock that the pair shares is
 * void before any of it is used again.
 */
#ifndef KSA_ROLLBACK_H
#define KSA_ROLLBACK_H

#include "ksa/peer.h"

/*
 * back_mine: keys bound here and not fetched are void too, for the deliveries
 * of the lost time are forgotten. The mark gets past `mark`. done() is
 * called with 0 when all that is on disk.
 */
void	rollback_start(struct peer *, bool back_mine, uint64_t mark,
	    void (*done)(struct peer *, int));
/*
 * Start-up, no jobs yet: the unissued stock between applications of this
 * node is void; it costs nothing, and nobody else could tell that it was used
 * before. `back_mine`: the store is known to be older than it should be;
 * each peer hears of it before key shared with it is used.
 */
int	rollback_self(struct peer *, bool back_mine);

#endif
