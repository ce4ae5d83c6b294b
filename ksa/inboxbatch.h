/*
 * inboxbatch.h - bindings that came from a peer, on their way to disk in one
 * job: those that claim what is not there are on disk as void.
 */
#ifndef KSA_INBOXBATCH_H
#define KSA_INBOXBATCH_H

#include "ksa/bindings.h"
#include "ksa/peer.h"

#define INBOXBATCH_MAX		1024	/* more than one payload holds */
#define INBOXBATCH_REFUSALS	16	/* told one by one, of one batch */

struct inbox_item {
	struct binding	*b;
	struct pieces	*all;		/* if there is a copy: also of its MAC */
	uint64_t	 previous;
	const char	*refusal;	/* before its pieces were looked at */
	bool		 taken;
};

struct inbox_batch {
	struct peer		*peer;
	unsigned		 generation, n;
	uint32_t		 copies;	/* octets */
	struct inbox_item	 v[INBOXBATCH_MAX];
	/* what the job found */
	uint64_t		 last;
	unsigned		 nrefused, naccepted, nforged;
	uint64_t		 refused[INBOXBATCH_REFUSALS];
	const char		*reason[INBOXBATCH_REFUSALS];
	struct consume		 use;
};

/* The job; takes the batch. */
int	inboxbatch_run(struct db *, void *batch);
void	inboxbatch_free(struct inbox_batch *);

#endif
