/* ksafigures.c - the engine in figures, most of them from its status. */
#include "ksa/ksafigures.h"

#include "audit.h"
#include "ksa/status.h"
#include "metrics.h"
#include "storefigures.h"

static const char *const	of_pool[] = { "peer", "peer",
    "direction", "direction", NULL };
static const char *const	of_peer[] = { "peer", "peer", NULL };

static const struct metrics_row	pools[] = {
	{ METRICS_GAUGE, "qkdnode_pool_octets",
	    "Key in the pool that is available, by peer and direction.",
	    "octets", 1 },
	{ METRICS_GAUGE, "qkdnode_pool_blocks",
	    "Blocks of it.", "blocks", 1 },
	{ METRICS_GAUGE, "qkdnode_pool_unconfirmed_blocks",
	    "Blocks that the other end has not confirmed yet.",
	    "unconfirmed", 1 },
	{ .name = NULL }
};

static const struct metrics_row	peers[] = {
	{ METRICS_GAUGE, "qkdnode_pool_waiting_requests",
	    "Requests that wait for key towards the peer.", "waiting", 1 },
	{ METRICS_GAUGE, "qkdnode_pool_usable",
	    "1: the stores of both ends were compared.", "usable", 1 },
	{ METRICS_GAUGE, "qkdnode_peer_reachable",
	    "1: there is a way for messages to the peer.", "reachable", 1 },
	{ METRICS_GAUGE, "qkdnode_peer_channel_up",
	    "1: the channel to the KSA of the peer stands.", "up", 1 },
	{ METRICS_GAUGE, "qkdnode_peer_outbox",
	    "Bindings of keys that the peer has not acknowledged.",
	    "outbox", 1 },
	{ .name = NULL }
};

static const struct metrics_row	counters[] = {
	{ METRICS_COUNTER, "qkdnode_enc_requests_total",
	    "Requests for new keys.", "count.enc_requests", 1 },
	{ METRICS_COUNTER, "qkdnode_enc_keys_total",
	    "Keys supplied to masters.", "count.enc_keys", 1 },
	{ METRICS_COUNTER, "qkdnode_enc_short_total",
	    "Requests refused since there was not enough key.",
	    "count.enc_short", 1 },
	{ METRICS_COUNTER, "qkdnode_enc_failed_total",
	    "Requests for new keys that failed for other reasons.",
	    "count.enc_failed", 1 },
	{ METRICS_COUNTER, "qkdnode_enc_quota_total",
	    "Requests refused for a quota.", "count.enc_quota", 1 },
	{ METRICS_COUNTER, "qkdnode_enc_paths_total",
	    "Requests refused for want of node-disjoint paths.",
	    "count.enc_paths", 1 },
	{ METRICS_COUNTER, "qkdnode_dec_requests_total",
	    "Requests for keys by ID.", "count.dec_requests", 1 },
	{ METRICS_COUNTER, "qkdnode_dec_keys_total",
	    "Keys delivered to slaves.", "count.dec_keys", 1 },
	{ METRICS_COUNTER, "qkdnode_dec_refused_total",
	    "Requests by ID that were refused.", "count.dec_refused", 1 },
	{ METRICS_COUNTER, "qkdnode_dec_failed_total",
	    "Requests by ID that failed.", "count.dec_failed", 1 },
	{ METRICS_COUNTER, "qkdnode_session_keys_total",
	    "Keys supplied in sessions.", "count.session_keys", 1 },
	{ METRICS_COUNTER, "qkdnode_pool_blocks_in_total",
	    "Pool blocks that came from other nodes.", "count.blocks_in", 1 },
	{ METRICS_COUNTER, "qkdnode_pool_blocks_out_total",
	    "Pool blocks that became available in our direction.",
	    "count.blocks_out", 1 },
	{ METRICS_COUNTER, "qkdnode_pool_blocks_void_total",
	    "Pool blocks that were destroyed unused.",
	    "count.blocks_void", 1 },
	{ METRICS_COUNTER, "qkdnode_bindings_refused_total",
	    "Bindings of other nodes that contradict ours.",
	    "count.bindings_refused", 1 },
	{ METRICS_COUNTER, "qkdnode_bad_messages_total",
	    "Messages of other nodes' KSAs that were refused.",
	    "count.bad_messages", 1 },
	{ METRICS_COUNTER, "qkdnode_rollbacks_total",
	    "Stores that went back in time, here or at a peer.",
	    "count.rollbacks", 1 },
	{ METRICS_GAUGE, "qkdnode_sessions", "Sessions that are open.",
	    "sessions", 1 },
	{ METRICS_GAUGE, "qkdnode_fetches_waiting",
	    "Requests by ID that wait for the other node.",
	    "fetches_waiting", 1 },
	{ METRICS_GAUGE, "qkdnode_quotas_waiting",
	    "Requests that wait for their quota.", "quotas_waiting", 1 },
	{ METRICS_GAUGE, "qkdnode_applications",
	    "Applications of this node.", "applications.own", 1 },
	{ METRICS_GAUGE, "qkdnode_applications_twice",
	    "Applications that two nodes announce.", "applications.twice",
	    1 },
	{ METRICS_GAUGE, "qkdnode_locked_octets",
	    "Locked memory with secrets.", "locked_memory_used", 1 },
	{ .name = NULL }
};

static void
marks(const struct env *e, json_t *all)
{
	metrics_add(metrics_family(all, METRICS_GAUGE,
	    "qkdnode_pool_low_octets",
	    "Below this a pool is filled (pool_low)."),
	    (double)e->conf->pool_low, NULL);
	metrics_add(metrics_family(all, METRICS_GAUGE,
	    "qkdnode_pool_high_octets", "Up to this (pool_high)."),
	    (double)e->conf->pool_high, NULL);
}

/* The directions in have no line, no outbox: those fields are out's. */
static json_t *
out_only(const json_t *list)
{
	json_t	*out = json_array(), *p;
	size_t	 i;

	json_array_foreach(list, i, p)
		if (json_object_get(p, "waiting") != NULL)
			json_array_append(out, p);
	return out;
}

void
ksafigures(const struct env *e, json_t *all)
{
	json_t	*status = json_object(), *missing = json_array(), *list;

	(void)status_report(e, status, missing, missing);
	list = json_object_get(status, "pools");
	metrics_rows(all, pools, list, of_pool);
	list = out_only(list);
	metrics_rows(all, peers, list, of_peer);
	json_decref(list);
	marks(e, all);
	metrics_object(all, counters, status);
	storefigures(all, keystore_committer(e->store),
	    keystore_keys(e->store));
	audit_figures(keystore_audit(e->store), keystore_reader(e->store)->db,
	    all);
	json_decref(missing);
	json_decref(status);
}
