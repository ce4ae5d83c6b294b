/*
 * linkaudit.h - what a transaction on link keys does, for the record of keys:
 * blocks that follow each other in one row. On the committer's thread.
 */
#ifndef KMA_LINKAUDIT_H
#define KMA_LINKAUDIT_H

#include "audit.h"
#include "ident.h"

struct linkaudit {
	struct audit	*audit;
	struct db	*db;
	/* What the transaction is for; NULL and 0: nothing in particular. */
	const char	*source, *destination, *why;
	uint64_t	 block;
	/* A row that may still grow. */
	bool		 open;
	uint32_t	 link;
	uint64_t	 step;
	struct audit_row row;
};

/* A block of a link. */
int	linkaudit_index(struct linkaudit *, enum audit_event, uint32_t link,
	    uint64_t idx, uint64_t octets);
/* The same for what a DELETE ... RETURNING key gives. How many. */
int	linkaudit_deleted(struct linkaudit *, enum audit_event, uint32_t link,
	    sqlite3_stmt *);
/* A pool block, or of its parts. */
int	linkaudit_block(struct linkaudit *, enum audit_event,
	    const char *source, uint64_t block, uint64_t octets,
	    const char *detail);
/* The same for DELETE ... RETURNING source, block, octets. */
int	linkaudit_blocks_deleted(struct linkaudit *, enum audit_event,
	    sqlite3_stmt *, const char *why);
/* Nothing more will be added to the last row. */
int	linkaudit_end(struct linkaudit *);

#endif
