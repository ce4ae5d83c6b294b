/*
 * pool.h - the stock of one peer in our own direction: blocks available, in the
 * order of their serials, used up from the front. The cursor moves at once
 * and never back; what was cut is given away only after its commit.
 */
#ifndef KSA_POOL_H
#define KSA_POOL_H

#include "ksa/peer.h"
#include "ksa/pieces.h"
#include "ksa/supply.h"

/* How far blocks are used, for the commit; owned by whoever commits. */
struct touched {
	struct { struct peer *peer; int64_t id; uint64_t serial;
	    uint32_t used; } *v;
	uint32_t n, room;
};

int	pool_new(struct pool **, struct peer *, uint64_t block_last);
void	pool_free(struct pool **);
/* Start-up: the blocks on disk. */
int	pool_load(struct pool *);
/* A block became available. Wakes who waits. */
struct material;
void	pool_add(struct pool *, int64_t id, uint64_t serial, uint32_t octets,
	    uint32_t used, const struct material *);
void	pool_drop(struct pool *, uint64_t serial);
void	pool_clear(struct pool *);
/*
 * Cutting, in steps of which only the last changes anything. Where the next
 * octets lie that are as wished: -E_NO_KEY: there are too few of any;
 * -E_UNMET: of these; -E_TOO_LARGE: in too many pieces. The oldest come first.
 */
int	pool_find(const struct pool *, const struct supply_wish *,
	    unsigned wishes, uint32_t octets, struct pieces **);
/* What these are like: whatever is worse than *origin says goes into it. */
void	pool_origin(const struct pool *, const struct pieces *,
	    struct supply_origin *);
/*
 * Octets from..from+octets of these, into locked memory; with `text` that XOR
 * them, into any. -E_SEAL, -E_STORE...: a block does not open and is void.
 */
int	pool_read(struct pool *, const struct pieces *, uint32_t from,
	    uint32_t octets, const uint8_t *text, uint8_t *out);
/* For the pieces of all pools of one request. */
int	pool_room(struct touched *, uint32_t pieces);
/* They are given away. Only right after pool_find() and pool_room(). */
void	pool_take(struct pool *, const struct pieces *, uint64_t request,
	    struct touched *);
/* Closes what was opened for cutting; it will be read again. */
void	pool_forget(struct pool *);
uint64_t pool_available(const struct pool *);
/* Of these, octets that are as wished. */
uint64_t pool_meeting(const struct pool *, const struct supply_wish *,
	    unsigned wishes);
unsigned pool_blocks(const struct pool *);
/* Octets per second that become available, and that are cut. */
void	pool_rates(struct pool *, uint64_t *in, uint64_t *out);
/* Octets that the request at the head of the queue needs; 0: none. */
void	pool_want(struct pool *, uint64_t octets);
/* A request that does not wait in this pool's line needs so many octets until
 * then (mono, ms): of any key, or of key that is as the wish says. */
void	pool_hope(struct pool *, uint32_t octets, const struct supply_wish *,
	    uint64_t until);
/* Whether new key will be as wished, to judge by the last that came. */
bool	pool_may_meet(const struct pool *, const struct supply_wish *,
	    unsigned wishes);
/* kma says that there are only so many node-disjoint paths now. */
void	pool_paths(struct pool *, uint32_t there);
/* Whether it said lately that there are fewer than so many. */
bool	pool_lacks_paths(const struct pool *, uint32_t paths,
	    uint32_t *there);
/* The same for an operator, who may look later: the last that lacked. */
bool	pool_lacked_paths(const struct pool *, uint32_t *there,
	    uint32_t *wanted);
/* Each 100 ms and after each change: asks kma for blocks if need be. */
void	pool_fill(struct pool *);
/* A block that came could not be used: wait before the next. */
void	pool_failed(struct pool *);
/* Why kma gave no block when it was asked last; 0: it did. */
int	pool_refused(const struct pool *);
/* Blocks were not confirmed in time: the peer may be away for long. */
void	pool_unanswered(struct pool *);
/* The peer has put a block of its own on disk: ours are worth another try. */
void	pool_peer_stores(struct pool *);
/* Forget the back-off: something changed for the better. */
void	pool_hurry(struct pool *);

#endif
