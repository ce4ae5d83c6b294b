/*
 * bindcache.h - bindings that were received lately or are being fetched, so
 * that a fetch needs no disk; and clear segments of blocks being fetched.
 */
#ifndef KSA_BINDCACHE_H
#define KSA_BINDCACHE_H

#include "ksa/bindings.h"
#include "ksa/blocks.h"

struct bindcache;
struct segcache;

int	bindcache_new(struct bindcache **);
void	bindcache_free(struct bindcache **);
/* Takes the binding, without its copy; NULL after. One that is there already
 * stays. */
void	bindcache_put(struct bindcache *, int64_t peer, struct binding **);
/* From memory or disk; stays valid while pinned, else until the next call. */
struct binding *bindcache_get(struct bindcache *, struct side *, int64_t peer,
	    uint64_t request);
/*
 * While pinned, what memory says of deliveries is newer than the disk, so
 * the entry outlives a drop.
 */
void	bindcache_pin(struct bindcache *, int64_t peer, uint64_t request);
void	bindcache_unpin(struct bindcache *, int64_t peer, uint64_t request);
/* The disk has something newer. */
void	bindcache_drop(struct bindcache *, int64_t peer, uint64_t request);
void	bindcache_clear(struct bindcache *);

int	segcache_new(struct segcache **);
void	segcache_free(struct segcache **);
void	segcache_clear(struct segcache *);
/* Key octets of a block, as blocks_read(). */
int	segcache_read(struct segcache *, struct side *,
	    const struct block_name *, uint32_t from, uint32_t octets,
	    uint8_t *out);

#endif
