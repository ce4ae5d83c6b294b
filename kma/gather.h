/*
 * gather.h - pool blocks that come to this node in parts, over routes that
 * share no node but their ends, so that no node between has seen the block.
 * Parts wait on disk, sealed, until all are there.
 */
#ifndef KMA_GATHER_H
#define KMA_GATHER_H

#include "kma/kma.h"

struct gather_part {
	uint64_t		 block;
	uint32_t		 part, parts;	/* 1..parts */
	const struct route	*route;		/* [0]: the block's source */
};

/* Start-up: what the last life had not put together is destroyed. */
int	gather_new(struct kma *);
void	gather_free(struct kma *);
void	gather_tick(struct kma *);
/*
 * Whether it may be kept; then a place is held for it. -E_EXISTS: it is there.
 * -E_REFUSED: the others say another number of parts, or came over one of its
 * nodes: then all of that block is void.
 */
int	gather_expect(struct kma *, const struct gather_part *);
/*
 * Its commit is over. done() is called once, perhaps at once: with 0 when the
 * part is kept, or when the block is whole and on disk; *whole says which.
 */
typedef void	gather_done(void *arg, int r, bool whole);
void	gather_came(struct kma *, const struct gather_part *, int r,
	    gather_done *, void *arg);
size_t	gather_count(const struct kma *);

#endif
