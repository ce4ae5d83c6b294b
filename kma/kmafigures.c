/* kmafigures.c - links, relay, store, in figures. */
#include "kma/kmafigures.h"

#include "kma/kma.h"
#include "kma/linkad.h"
#include "kma/relay.h"
#include "metrics.h"
#include "secret.h"

static const char *const	of_link[] = { "link", "name", "peer", "peer",
    NULL };

static const struct metrics_row	links[] = {
	{ METRICS_GAUGE, "qkdnode_link_usable",
	    "1: both ends agree on what they hold, its key is used.",
	    "usable", 1 },
	{ METRICS_GAUGE, "qkdnode_link_module_connected",
	    "1: the QKD module of the link is there.",
	    "module_connected", 1 },
	{ METRICS_GAUGE, "qkdnode_link_simulated",
	    "1: its keys are SIMULATED, and no secret.", "simulated", 1 },
	{ METRICS_GAUGE, "qkdnode_link_qber_ratio",
	    "Quantum bit error rate that the module measured, if it tells.",
	    "qber", 1 },
	{ METRICS_GAUGE, "qkdnode_link_own_octets",
	    "Agreed key in stock that this end may use.", "stock.out_octets", 1 },
	{ METRICS_GAUGE, "qkdnode_link_their_octets",
	    "Agreed key in stock that the other end may use.",
	    "stock.in_octets", 1 },
	{ METRICS_GAUGE, "qkdnode_link_fresh_octets",
	    "Key of the module that is not agreed yet.", "octets.fresh", 1 },
	{ METRICS_GAUGE, "qkdnode_link_waiting",
	    "Requests of this node that wait for key of the link.",
	    "waiting.own", 1 },
	{ METRICS_GAUGE, "qkdnode_link_waiting_transit",
	    "Frames of other nodes that wait for key of the link.",
	    "waiting.transit", 1 },
	{ METRICS_COUNTER, "qkdnode_link_key_octets_total",
	    "Key that came from the module and was kept.",
	    "octets.pulled", 1 },
	{ METRICS_COUNTER, "qkdnode_link_void_octets_total",
	    "Key that was destroyed unused.", "octets.void", 1 },
	{ METRICS_COUNTER, "qkdnode_link_blocks_agreed_total",
	    "Blocks that both ends agreed on.", "counters.agreed", 1 },
	{ METRICS_COUNTER, "qkdnode_link_blocks_lost_total",
	    "Blocks that one end did not have.", "counters.lost", 1 },
	{ METRICS_COUNTER, "qkdnode_link_blocks_differed_total",
	    "Blocks that were not the same at both ends.",
	    "counters.differed", 1 },
	{ METRICS_COUNTER, "qkdnode_link_blocks_spent_total",
	    "Blocks that were used up by this end or the other.",
	    "counters.spent", 1 },
	{ METRICS_COUNTER, "qkdnode_link_bad_mac_total",
	    "Frames with a MAC that does not hold.", "counters.bad_mac", 1 },
	{ METRICS_COUNTER, "qkdnode_link_bad_control_total",
	    "Control messages that are not authentic.",
	    "counters.bad_control", 1 },
	{ METRICS_COUNTER, "qkdnode_link_refused_total",
	    "Frames refused for want of key.", "counters.refused", 1 },
	{ .name = NULL }
};

static const struct metrics_row	relays[] = {
	{ METRICS_COUNTER, "qkdnode_relays_started_total",
	    "Blocks, or parts, that were to be relayed from here.",
	    "started", 1 },
	{ METRICS_COUNTER, "qkdnode_relays_completed_total",
	    "Of these, those that arrived.", "completed", 1 },
	{ METRICS_COUNTER, "qkdnode_relays_failed_total",
	    "Of these, those that did not.", "failed", 1 },
	{ METRICS_COUNTER, "qkdnode_relays_transit_total",
	    "Frames passed on for other nodes.", "transit", 1 },
	{ METRICS_COUNTER, "qkdnode_relays_received_total",
	    "Blocks, or parts, that came for this node.", "received", 1 },
	{ METRICS_COUNTER, "qkdnode_relays_refused_total",
	    "Frames of others that were refused.", "refused", 1 },
	{ METRICS_COUNTER, "qkdnode_relays_bad_mac_total",
	    "Completion notifications with a bad MAC.", "bad_mac", 1 },
	{ .name = NULL }
};

static const struct metrics_row	supplies[] = {
	{ METRICS_COUNTER, "qkdnode_blocks_failed_total",
	    "Pool blocks that ksa asked for and did not get.", "failed", 1 },
	{ .name = NULL }
};

static const struct metrics_row	network[] = {
	{ METRICS_GAUGE, "qkdnode_nodes_known",
	    "Nodes of the network that are heard of, this one too.",
	    "nodes", 1 },
	{ .name = NULL }
};

static void
figures(json_t *all, const struct metrics_row *rows, json_t *status)
{
	metrics_object(all, rows, status);
	json_decref(status);
}

static void
of_links(struct kma *k, json_t *all)
{
	json_t	*list = json_array(), *family;

	for (size_t i = 0; i < k->nlinks; i++)
		json_array_append_new(list, link_status(k->links[i]));
	metrics_rows(all, links, list, of_link);
	json_decref(list);
	family = metrics_family(all, METRICS_HISTOGRAM,
	    "qkdnode_link_agreement_seconds",
	    "Time from a block's arrival to its agreement, each end's own.");
	for (size_t i = 0; i < k->nlinks; i++)
		metrics_add_histogram(family, &k->links[i]->agreed_in,
		    "link", k->links[i]->conf->name,
		    "peer", k->links[i]->conf->peer, NULL);
}

static json_t *
show(void *arg, int nargs, char **args)
{
	struct kma	*k = arg;
	json_t		*all = metrics_new();

	(void)nargs, (void)args;
	of_links(k, all);
	figures(all, relays, relay_status(k));
	metrics_add_histogram(metrics_family(all, METRICS_HISTOGRAM,
	    "qkdnode_relay_seconds",
	    "Time from drawing a block at its source to its completion."),
	    relay_took(k), NULL);
	figures(all, supplies, supply_status(k));
	figures(all, network, linkad_status(k));
	metrics_add(metrics_family(all, METRICS_GAUGE,
	    "qkdnode_locked_octets", "Locked memory with secrets."),
	    (double)secret_used(), NULL);
	linkstore_figures(k->store, all);
	return all;
}

const struct ctl_command	kmafigures_commands[] = {
	{ "metrics", "", "all figures, by name, type and labels",
	    0, 0, false, show },
	{ .name = NULL }
};
