/* storefigures.c - commits, and whether the write-ahead log can be cut. */
#include "storefigures.h"

#include "err.h"
#include "metrics.h"

void
storefigures(json_t *all, struct committer *c)
{
	struct histogram	took;
	uint64_t		commits, jobs;

	committer_counts(c, &commits, &jobs);
	committer_took(c, &took);
	metrics_add_histogram(metrics_family(all, METRICS_HISTOGRAM,
	    "qkdnode_store_commit_seconds",
	    "Time that a transaction took to be on disk."), &took, NULL);
	metrics_add(metrics_family(all, METRICS_COUNTER,
	    "qkdnode_store_jobs_total",
	    "Changes that were committed; many share a transaction."),
	    (double)jobs, NULL);
	metrics_add(metrics_family(all, METRICS_GAUGE,
	    "qkdnode_store_jobs_queued", "Changes that are not on disk yet."),
	    (double)committer_queued(c), NULL);
	metrics_add(metrics_family(all, METRICS_GAUGE,
	    "qkdnode_store_checkpoint_blocked",
	    "1: the last checkpoint of the write-ahead log did not succeed, "
	    "mostly since somebody reads the store all the time."),
	    committer_checkpoint_result(c) < 0, NULL);
}
