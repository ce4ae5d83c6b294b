/* storefigures.c - commits, and whether the write-ahead log can be cut. */
#include "storefigures.h"

#include "ident.h"
#include "metrics.h"

static const struct metrics_row	keys[] = {
	{ METRICS_GAUGE, "qkdnode_store_key_age_seconds",
	    "Age of the data key that seals the rows of the store.",
	    "age_ms", 1e-3 },
	{ METRICS_GAUGE, "qkdnode_store_key_seals",
	    "Seals that it may have made.", "seals_reserved", 1 },
	{ METRICS_GAUGE, "qkdnode_store_sealing_again",
	    "1: rows of the key before are being sealed again.",
	    "sealing_again", 1 },
	{ METRICS_GAUGE, "qkdnode_store_unreadable_rows",
	    "Rows that did not open when they were to be sealed again.",
	    "unreadable", 1 },
	{ .name = NULL }
};

static void
of_keys(json_t *all, struct storekey *k)
{
	json_t		*status = storekey_status(k);
	json_int_t	 made = json_integer_value(json_object_get(status,
			    "made"));

	json_object_set_new(status, "age_ms", json_integer(
	    (json_int_t)now_ms() - made));
	metrics_object(all, keys, status);
	json_decref(status);
}

void
storefigures(json_t *all, struct committer *c, struct storekey *k)
{
	struct committer_figures f;

	committer_figures(c, &f);
	metrics_add_histogram(metrics_family(all, METRICS_HISTOGRAM,
	    "qkdnode_store_commit_seconds",
	    "Time that a transaction took to be on disk."), &f.took, NULL);
	metrics_add(metrics_family(all, METRICS_COUNTER,
	    "qkdnode_store_jobs_total",
	    "Changes that were committed; many share a transaction."),
	    (double)f.jobs, NULL);
	metrics_add(metrics_family(all, METRICS_GAUGE,
	    "qkdnode_store_jobs_queued", "Changes that are not on disk yet."),
	    (double)committer_queued(c), NULL);
	metrics_add(metrics_family(all, METRICS_GAUGE,
	    "qkdnode_store_checkpoint_blocked",
	    "1: the last checkpoint of the write-ahead log did not succeed, "
	    "mostly since somebody reads the store all the time."),
	    f.checkpoint < 0, NULL);
	of_keys(all, k);
}
