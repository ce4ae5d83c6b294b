/* conf.c - the options of kma. */
#include "kma/conf.h"

#include <string.h>

#include "audit.h"
#include "block.h"
#include "confine.h"
#include "err.h"

#define STR_(x)	#x
#define STR(x)	STR_(x)

struct kma_conf	kma_conf;

static const struct conf_opt link_options[] = {
	OPT_TEXT(CONF_STRING, kma_link_conf, name, NULL,
	    "Name of the QKD link; the same at both ends."),
	OPT_TEXT(CONF_KM_ID, kma_link_conf, peer, NULL,
	    "KM ID of the node at the other end."),
	OPT_TEXT(CONF_STRING, kma_link_conf, user, "",
	    "User that the qkdmod of this link runs as; empty: any."),
	OPT_END
};

static const struct conf_opt plain_options[] = {
	OPT_TEXT(CONF_KM_ID, kma_plain_conf, kme_id, NULL,
	    "KM ID of the plain peer."),
	OPT_STRINGS(kma_plain_conf, applications,
	    "Applications of this node that may have keys with it; empty: "
	    "all that ksa.conf lets."),
	OPT_END
};

const struct conf_opt kma_options[] = {
	OPT_TEXT(CONF_KM_ID, kma_conf, kme_id, NULL,
	    "ID of this node: KM ID, KMA ID and KME ID."),
	OPT_TEXT(CONF_PATH, kma_conf, run_dir, "/run/qkdnode",
	    "Directory of the sockets between processes."),
	OPT_TEXT(CONF_PATH, kma_conf, store, "/var/lib/qkdnode/kma/keys.db",
	    "The key store; only kma writes it."),
	OPT_TEXT(CONF_STRING, kma_conf, node_key, NULL, KEK_HELP),
	OPT_TEXT(CONF_STRING, kma_conf, node_key_next, "", KEK_NEXT_HELP),
	OPT_CONFINE(kma_conf),
	OPT_CONFINE_KEEP(kma_conf),
	OPT_INT(kma_conf, locked_memory, "8388608", 1048576, 1073741824,
	    "octets", "Memory locked for key bytes (a power of two)."),
	OPT_TEXT(CONF_STRING, kma_conf, user_ksa, "",
	    "User that ksa runs as; empty: any."),
	OPT_TEXT(CONF_STRING, kma_conf, user_relayd, "",
	    "User that relayd runs as; empty: any."),
	OPT_INT(kma_conf, block_octets, BLOCK_OCTETS_DEFAULT, BLOCK_OCTETS_MIN,
	    BLOCK_OCTETS_MAX, "octets",
	    "Size of a key block; the same in the whole network. "
	    BLOCK_OCTETS_HELP),
	OPT_INT(kma_conf, link_stock_max, "4096", 16, 1048576, "blocks",
	    "No more is pulled from a module when a link holds this many, of "
	    "block_octets each."),
	OPT_INT(kma_conf, link_share_keep, "16", 0, 1048576, "blocks",
	    "Of its own direction of a link a node keeps this many, and not "
	    "more than a quarter of link_stock_max; what it has beyond goes "
	    "to the neighbour whose direction runs short."),
	OPT_INT(kma_conf, own_share, "25", 0, 100, "%",
	    "Of the key that this node gives out on a link its own "
	    "applications get this part at least, when they want it, however "
	    "much is relayed for others; with few others more, since all "
	    "pairs of nodes take turns."),
	OPT_INT(kma_conf, agree_timeout, "10000", 500, 600000, "ms",
	    "Blocks that the neighbour does not mention for so long after "
	    "its module passed them are void."),
	OPT_INT(kma_conf, relay_timeout, "5000", 100, 60000, "ms",
	    "A relay that is not complete by then is void."),
	OPT_INT(kma_conf, key_max_age, "86400", 60, 31536000, "s",
	    "Link keys older than this are destroyed."),
	AUDIT_OPTIONS(kma_conf),
	OPT_LIST(kma_conf, links, 0, 64, link_options, kma_link_conf,
	    "The QKD links of this node."),
	OPT_LIST(kma_conf, plain_peers, 0, 64, plain_options, kma_plain_conf,
	    "Plain peers: key managers that know only the four messages of "
	    "ITU-T Q.4163, whose keys travel in clear inside TLS (relayd.conf, "
	    "protection). Nobody else gives or gets a key in clear."),
	OPT_END
};

static const char *
plain_fault(const struct kma_plain_conf *p, size_t i)
{
	const struct kma_link_conf	*l = kma_conf.links.v;

	if (strcmp(p[i].kme_id, kma_conf.kme_id) == 0)
		return "is this node itself";
	for (size_t k = 0; k < kma_conf.links.n; k++)
		if (strcmp(p[i].kme_id, l[k].peer) == 0)
			return "has a QKD link, so it is no plain peer";
	for (size_t k = 0; k < i; k++)
		if (strcmp(p[i].kme_id, p[k].kme_id) == 0)
			return "stands twice";
	return NULL;
}

static int
check_plain(const char *path, FILE *err)
{
	const struct kma_plain_conf	*p = kma_conf.plain_peers.v;
	const char			*fault;
	int				 r = 0;

	for (size_t i = 0; i < kma_conf.plain_peers.n; i++)
		if ((fault = plain_fault(p, i)) != NULL) {
			fprintf(err, "%s: plain_peers: \"%s\" %s\n", path,
			    p[i].kme_id, fault);
			r = -E_CONFIG;
		}
	return r;
}

int
kma_conf_check(const char *path, FILE *err)
{
	const struct kma_link_conf	*l = kma_conf.links.v;
	int				 r = check_plain(path, err);

	if (kek_conf_check(kma_conf.node_key, kma_conf.node_key_next, path,
	    err) < 0)
		r = -E_CONFIG;
	for (size_t i = 0; i < kma_conf.links.n; i++) {
		if (!km_id_valid(l[i].name, strlen(l[i].name)) ||
		    strcmp(l[i].peer, kma_conf.kme_id) == 0) {
			fprintf(err, "%s: link \"%s\": the name may hold "
			    "letters, digits and ._:- only, and the peer must "
			    "be another node\n", path, l[i].name);
			r = -E_CONFIG;
		}
		for (size_t j = 0; j < i; j++) {
			if (strcmp(l[i].name, l[j].name) != 0 &&
			    strcmp(l[i].peer, l[j].peer) != 0)
				continue;
			fprintf(err, "%s: links \"%s\" and \"%s\" share a name "
			    "or a peer; one link per peer is expected\n", path,
			    l[i].name, l[j].name);
			r = -E_CONFIG;
		}
	}
	return r;
}

void
kma_conf_notes(struct note out[2])
{
	out[0] = (struct note){ kma_conf.links.n == 0,
	    "no links are configured (qkdctl link add)" };
	out[1] = (struct note){ false, NULL };
}
