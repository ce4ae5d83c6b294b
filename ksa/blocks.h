/* blocks.h - pool blocks on disk: sealed by the KiB, erased by the octet. */
#ifndef KSA_BLOCKS_H
#define KSA_BLOCKS_H

#include <stdint.h>

#include "ksa/keystore.h"

enum { OWN = 0, THEIRS = 1 };		/* block.direction */
enum { BLOCK_NEW = 0, BLOCK_READY = 1 };

#define BLOCKS_SEGMENT		1024	/* octets */
#define BLOCKS_SEGMENTS		64	/* most in a block, the head included */

struct block_name {		/* also what the seals are bound to */
	const char	*km;	/* the other node */
	int64_t		 peer;
	int		 direction;
	uint64_t	 serial;
};

/* What is known of its key material. */
struct material {
	uint32_t	hops;	/* QKD links it came over; 0: of this node */
	uint64_t	born;	/* ms since 1970 */
	uint32_t	paths;	/* node-disjoint ones it came over: its parts */
};
#define MATERIAL_HOPS_UNKNOWN	UINT32_MAX
#define MATERIAL_BORN_UNKNOWN	0

struct block_row {
	int64_t		id;
	uint64_t	serial;
	int		state;
	uint32_t	octets, used, wiped;
	uint64_t	made;
	struct material	material;
	uint8_t		answer[16];
};

/* Whether so many octets can be a pool block. */
int	blocks_check_size(size_t octets);
/*
 * In a job. `pool` is laid out as in block.h; the head (what comes before
 * the keys) is sealed on its own. -E_EXISTS.
 */
int	blocks_add(struct side *, const struct block_name *, int state,
	    const struct material *, const uint8_t *pool, size_t octets,
	    uint64_t now, int64_t *id);
/* In a job: both ends have it. The head is erased. 1: it was so before. */
int	blocks_ready(struct side *, int64_t id, const uint8_t answer[16]);
/* In a job: octets 0..used are given away. */
int	blocks_use(struct side *, int64_t id, uint32_t used);
/*
 * In a job: the same for octets from..from+octets. What is passed over will
 * never be given away: it is erased. -E_NOT_FOUND.
 */
int	blocks_take(struct side *, const struct block_name *, uint32_t from,
	    uint32_t octets);
/*
 * In a job: erases the key octets of that range; each octet once only. A
 * block that is used and erased as a whole goes.
 */
int	blocks_erase(struct side *, const struct block_name *, int64_t id,
	    uint32_t from, uint32_t octets);
/* In a job: erases what was used (own direction). */
int	blocks_wipe_used(struct side *, const struct block_name *);
/* In a job: the block and all its octets. 0 also if it is not there. */
int	blocks_delete(struct side *, const struct block_name *);
/* In a job: nothing more will be used of it; what is unused is erased. */
int	blocks_close(struct side *, const struct block_name *,
	    const struct block_row *);

int	blocks_find(struct side *, const struct block_name *,
	    struct block_row *);	/* -E_NOT_FOUND */
/* The first with a serial above that. -E_NOT_FOUND: no more. */
int	blocks_next(struct side *, int64_t peer, int direction,
	    uint64_t after, struct block_row *);
/* The same, of those that are not confirmed. */
int	blocks_next_new(struct side *, int64_t peer, int direction,
	    uint64_t after, struct block_row *);
/* How many, and how many octets of them are unused. */
int	blocks_count(struct side *, int64_t peer, int direction,
	    uint64_t *blocks, uint64_t *octets);
/* Key octets in clear; the caller's room is locked memory. -E_SPENT: erased. */
int	blocks_read(struct side *, const struct block_name *, int64_t id,
	    uint32_t from, uint32_t octets, uint8_t *out);
/* One segment as a whole: octets 0..*len of it. */
int	blocks_read_segment(struct side *, const struct block_name *,
	    int64_t id, uint32_t number, uint8_t out[BLOCKS_SEGMENT],
	    size_t *len);
/* Of the head, from..from+octets; only before the block is ready. */
int	blocks_read_head(struct side *, const struct block_name *, int64_t id,
	    uint32_t from, uint32_t octets, uint8_t *out);
/* The whole block as it was added; only before it is ready. */
int	blocks_read_all(struct side *, const struct block_name *,
	    const struct block_row *, uint8_t *out);
/* For sealing again: of a row of SQL_SEALED_SEGMENTS. */
size_t	blocks_sealed_name(uint8_t out[STOREKEY_AAD_MAX], sqlite3_stmt *);

#endif
