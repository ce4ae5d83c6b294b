/* auditfigures.c - how much of the record is here, and what was not written. */
#include "auditint.h"
#include "ident.h"
#include "metrics.h"

void
audit_figures(struct audit *a, struct db *reader, json_t *all)
{
	const struct audit_state s = audit_committed(a);
	int64_t			 oldest = db_int(reader, -1, "SELECT at FROM"
				    " audit_log ORDER BY seq LIMIT 1", "");
	json_t			*age;

	metrics_add(metrics_family(all, METRICS_GAUGE, "qkdnode_record_rows",
	    "Rows of the record of keys in the store; older ones are in "
	    "archives."), (double)(s.last.seq + 1 - s.first), NULL);
	age = metrics_family(all, METRICS_GAUGE,
	    "qkdnode_record_oldest_row_age_seconds",
	    "Age of the oldest of them.");
	if (oldest >= 0)
		metrics_add(age, ((double)now_ms() - (double)oldest) / 1e3,
		    NULL);
	metrics_add(metrics_family(all, METRICS_COUNTER,
	    "qkdnode_record_failures_total",
	    "Attempts to write a row or an archive of the record that failed; "
	    "what has no row does not happen."),
	    (double)atomic_load(&a->failures), NULL);
}
