/* figures.c - connections, counters and certificates of relayd. */
#include "figures.h"

#include <stddef.h>
#include <string.h>

#include "kximpl.h"
#include "metrics.h"
#include "relayd.h"
#include "tlsfigures.h"

static const char *const	of_peer[] = { "peer", "kme_id", NULL };

static const struct metrics_row	peers[] = {
	{ METRICS_GAUGE, "qkdnode_kx_peer_up",
	    "1: the Kx connection to the neighbour stands.",
	    "connected", 1 },
	{ METRICS_GAUGE, "qkdnode_kx_peer_wanted",
	    "1: no operator has taken it down.", "wanted", 1 },
	{ METRICS_GAUGE, "qkdnode_kx_peer_certificate_end_seconds",
	    "When the certificate that the neighbour showed last expires, "
	    "in seconds since 1970.", "certificate_expires_ms", 1e-3 },
	{ METRICS_COUNTER, "qkdnode_kx_peer_connections_total",
	    "Connections that came to stand; more than one: reconnects.",
	    "connections", 1 },
	{ METRICS_COUNTER, "qkdnode_kx_peer_received_frames_total",
	    "Frames that came.", "frames_in", 1 },
	{ METRICS_COUNTER, "qkdnode_kx_peer_sent_frames_total",
	    "Frames that left.", "frames_out", 1 },
	{ METRICS_COUNTER, "qkdnode_kx_peer_received_octets_total",
	    "Octets of frames that came.", "octets_in", 1 },
	{ METRICS_COUNTER, "qkdnode_kx_peer_sent_octets_total",
	    "Octets of frames that left.", "octets_out", 1 },
	{ METRICS_GAUGE, "qkdnode_kx_peer_queued_octets",
	    "Octets that the peer has not taken yet.", "octets_queued", 1 },
	{ METRICS_COUNTER, "qkdnode_kx_peer_dropped_total",
	    "Frames dropped since the peer does not read.", "drops", 1 },
	{ .name = NULL }
};

static const struct {
	const char	*event;
	size_t		 offset;
} table[] = {
#define COUNTER(name, help)	{ #name, offsetof(struct counters, name) },
#include "counters.def"
#undef COUNTER
};

static void
counters(const struct relayd *r, json_t *all)
{
	json_t		*family = metrics_family(all, METRICS_COUNTER,
			    "qkdnode_kx_events_total",
			    "What happened to messages between nodes; "
			    "\"qkdctl relayd counters\" explains each.");
	uint64_t	 v;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		memcpy(&v, (const char *)&r->counters + table[i].offset,
		    sizeof(v));
		metrics_add(family, (double)v, "event", table[i].event, NULL);
	}
}

static json_t *
show(void *arg, int nargs, char **args)
{
	struct relayd	*r = arg;
	json_t		*all = metrics_new(), *list = kx_status(r->kx), *p;
	size_t		 i;

	(void)nargs, (void)args;
	json_array_foreach(list, i, p)
		json_object_set_new(p, "wanted", json_boolean(!json_is_true(
		    json_object_get(p, "administratively_down"))));
	metrics_rows(all, peers, list, of_peer);
	json_decref(list);
	counters(r, all);
	tlsfigures(all, r->kx->server);
	return all;
}

const struct ctl_command	figures_commands[] = {
	{ "metrics", "", "all figures, by name, type and labels",
	    0, 0, false, show },
	{ .name = NULL }
};
