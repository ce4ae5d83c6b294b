/*
 * committer.h - group commit. Jobs collect while the previous transaction
 * is being written; a helper thread runs them all in one transaction; their
 * answers come back on the event loop when the transaction is on disk.
 * Jobs run, and their answers come, in the order in which they were added.
 */
#ifndef QKD_COMMITTER_H
#define QKD_COMMITTER_H

#include <event2/event.h>

#include "db.h"
#include "histogram.h"

struct committer;

/*
 * run(): on the committer's thread, inside the transaction; 0 or negative
 * E_, which undoes this job alone. When one has failed, all of the
 * transaction are run again, and when SQLite undoes all of it (disk full), one
 * by one: run() must not have effects outside the database that a second run
 * would repeat.
 * done(): on the loop, after the commit; result 0 means: durable. -E_STORE
 * means: unknown, treat as consumed. -E_BUSY: nothing was written, since
 * another program held the store. Other results are run()'s own.
 */
typedef int	committer_run(struct db *, void *job);
typedef void	committer_done(void *job, int result);

int	committer_new(struct committer **, struct event_base *, struct db *);
/* done may be NULL. Never fails; never blocks on the disk. */
void	committer_add(struct committer *, committer_run *, committer_done *,
	    void *job);
/* For start-up and rare steps: adds, waits, delivers all answers. */
int	committer_sync(struct committer *, committer_run *, void *job);
/* Jobs added and not yet answered. */
size_t	committer_queued(const struct committer *);
/* A truncating checkpoint when the queue is next empty, and again every five
 * seconds while a reader blocks it. */
void	committer_checkpoint(struct committer *);

struct committer_figures {
	/* Transactions since the start, and the jobs that they held. */
	uint64_t	 commits, jobs;
	/* How long they took, from the first statement to the disk. */
	struct histogram took;
	/* The last checkpoint: 0, -E_BUSY (a reader blocks it), -E_STORE. */
	int		 checkpoint;
	uint64_t	 truncated;	/* checkpoints that succeeded */
	uint64_t	 blocked;	/* by readers, for so many ms; 0: not */
};
void	committer_figures(struct committer *, struct committer_figures *);

/* Runs what is queued, answers it, stops the thread. The db stays open. */
void	committer_free(struct committer **);

#endif
