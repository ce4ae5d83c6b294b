/* conf.c - the options of relayd. */
#include <string.h>

#include "err.h"
#include "linkstate.h"
#include "relayd.h"

struct relayd_conf	relayd_conf;

static const struct conf_opt peer_options[] = {
	OPT_TEXT(CONF_KM_ID, relayd_peer_conf, kme_id, NULL,
	    "KM ID of the neighbour; its certificate must name it."),
	OPT_TEXT(CONF_ADDRESS, relayd_peer_conf, address, NULL,
	    "Where the neighbour listens for Kx."),
	OPT_END
};

const struct conf_opt relayd_options[] = {
	OPT_TEXT(CONF_KM_ID, relayd_conf, kme_id, NULL,
	    "ID of this node: KM ID, KMA ID and KME ID."),
	OPT_TEXT(CONF_PATH, relayd_conf, run_dir, "/run/qkdnode",
	    "Directory of the sockets between processes."),
	OPT_TEXT(CONF_STRING, relayd_conf, user_kma, "",
	    "User that kma runs as; empty: any."),
	OPT_TEXT(CONF_STRING, relayd_conf, user_ksa, "",
	    "User that ksa runs as; empty: any."),
	OPT_TEXT(CONF_ADDRESS, relayd_conf, listen, NULL,
	    "Where neighbours connect to (Kx)."),
	OPT_TEXT(CONF_PATH, relayd_conf, certificate, NULL,
	    "PEM certificate with the URI urn:qkdnode:km:KME_ID."),
	OPT_TEXT(CONF_PATH, relayd_conf, private_key, NULL,
	    "PEM private key of the certificate."),
	OPT_TEXT(CONF_PATH, relayd_conf, ca, NULL,
	    "PEM certificates of the CAs that sign neighbours' certificates."),
	OPT_INT(relayd_conf, keepalive, "500", 50, 60000, "ms",
	    "How often a sign of life is sent to each neighbour."),
	OPT_INT(relayd_conf, dead_after, "3000", 200, 600000, "ms",
	    "A neighbour that is silent for so long is disconnected."),
	OPT_LIST(relayd_conf, peers, 0, LINKSTATE_NEIGHBOURS_MAX,
	    peer_options, relayd_peer_conf, "The neighbours."),
	OPT_END
};

int
relayd_conf_check(const char *path, FILE *err)
{
	const struct relayd_peer_conf	*p = relayd_conf.peers.v;
	int				 r = 0;

	for (size_t i = 0; i < relayd_conf.peers.n; i++) {
		if (strcmp(p[i].kme_id, relayd_conf.kme_id) == 0) {
			fprintf(err, "%s: peer \"%s\" is this node itself\n",
			    path, p[i].kme_id);
			r = -E_CONFIG;
		}
		for (size_t j = 0; j < i; j++) {
			if (strcmp(p[i].kme_id, p[j].kme_id) != 0)
				continue;
			fprintf(err, "%s: peer \"%s\" stands twice\n", path,
			    p[i].kme_id);
			r = -E_CONFIG;
		}
	}
	if (relayd_conf.dead_after < 2 * relayd_conf.keepalive) {
		fprintf(err, "%s: dead_after must be at least twice "
		    "keepalive\n", path);
		r = -E_CONFIG;
	}
	return r;
}
