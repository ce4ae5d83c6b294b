/* poolint.h - what pool.c, poolcut.c and poolfill.c share: the stock. */
#ifndef KSA_POOLINT_H
#define KSA_POOLINT_H

#include "block.h"
#include "ksa/blocks.h"
#include "ksa/pool.h"
#include "rate.h"
#include "secret.h"

struct stock {
	int64_t			 id;
	uint64_t		 serial;
	uint32_t		 octets, used;
	uint64_t		 request;	/* the last that was cut off it */
	struct material		 material;
	struct secret		*clear;		/* once something is cut */
	TAILQ_ENTRY(stock)	 next;
};

/* Requests that wait elsewhere need so much that is like that. */
struct hope {
	uint64_t		 octets, until;	/* ms, mono */
	struct supply_wish	 wish;
};

struct pool {
	struct peer		*peer;
	TAILQ_HEAD(stock_list, stock) stock;
	unsigned		 blocks;
	uint64_t		 available, want;
	struct hope		 more, better;	/* of any key; as wished */
	uint64_t		 serial_floor;
	unsigned		 takes;
	unsigned		 came;	/* since one failed */
	uint32_t		 size;		/* of a block, for applications */
	bool			 filling;
	uint64_t		 not_before, lonely_at;
	unsigned		 backoff;
	unsigned		 unanswered;	/* times; 0: the peer confirms */
	/* Takes on their way, by the paths that they shall come over. */
	unsigned		 takes_over[BLOCK_PARTS_MAX + 1];
	/* What kma said there are, of how many; when (mono, ms), 0: enough. */
	uint32_t		 paths_there, paths_wanted;
	uint64_t		 paths_at;
	uint64_t		 fresh;		/* first block of that hope */
	/* What the last of these was like when it came; when: mono, ms. */
	uint32_t		 last_hops;
	uint64_t		 last_age, last_came;
	int			 refused;	/* why kma gave no block; 0 */
	struct rate		 in, out;	/* octets that came, were cut */
};

/* Given away as a whole, or void. */
void	poolint_remove(struct pool *, struct stock *);

#endif
