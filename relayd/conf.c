/* conf.c - the options of relayd. */
#include <string.h>

#include "confine.h"
#include "err.h"
#include "kxcert.h"
#include "linkstate.h"
#include "relayd.h"

struct relayd_conf	relayd_conf;

static const char *const protections[] = { "otp", "tls", NULL };

static const struct conf_opt peer_options[] = {
	OPT_TEXT(CONF_KM_ID, relayd_peer_conf, kme_id, NULL,
	    "KM ID of the neighbour; its certificate must name it."),
	OPT_TEXT(CONF_ADDRESS, relayd_peer_conf, address, "",
	    "Where the neighbour listens for Kx. Only a plain peer may have "
	    "none: then it connects to this node."),
	OPT_CHOICE(relayd_peer_conf, protection, "otp", protections,
	    "\"otp\": a node like this one, keys travel under one-time pads. "
	    "\"tls\": a plain peer, a key manager that knows only the four "
	    "messages of ITU-T Q.4163: keys are in clear inside TLS, and in "
	    "this process. Such a peer must stand in kma.conf and ksa.conf "
	    "too."),
	OPT_TEXT(CONF_STRING, relayd_peer_conf, certificate, "",
	    "The certificate of a plain peer: \"sha256:FINGERPRINT\", or "
	    "\"cn:NAME\" (its subject CN). Empty: its URI names the peer."),
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
	OPT_INT(relayd_conf, locked_memory, "4194304", 1048576, 1073741824,
	    "octets", "Memory locked for the keys of plain peers, if there "
	    "are any."),
	OPT_CONFINE(relayd_conf),
	OPT_LIST(relayd_conf, peers, 0, LINKSTATE_LINKS_MAX,
	    peer_options, relayd_peer_conf, "The neighbours."),
	OPT_END
};

bool
relayd_conf_has_plain(const struct relayd_conf *c)
{
	const struct relayd_peer_conf	*p = c->peers.v;

	for (size_t i = 0; i < c->peers.n; i++)
		if (p[i].protection == PROTECTION_TLS)
			return true;
	return false;
}

static const char *
peer_fault(const struct relayd_peer_conf *p)
{
	bool	plain = p->protection == PROTECTION_TLS;

	if (strcmp(p->kme_id, relayd_conf.kme_id) == 0)
		return "is this node itself";
	if (!plain && p->address[0] == '\0')
		return "has no address";
	if (!plain && p->certificate[0] != '\0')
		return "is known by its URI: certificate is for plain peers";
	if (p->certificate[0] != '\0' && !kxcert_known_by_ok(p->certificate))
		return "has a certificate that is neither \"sha256:\" and 64 "
		    "hexadecimal digits nor \"cn:NAME\"";
	return NULL;
}

int
relayd_conf_check(const char *path, FILE *err)
{
	const struct relayd_peer_conf	*p = relayd_conf.peers.v;
	int				 r = 0;

	for (size_t i = 0; i < relayd_conf.peers.n; i++) {
		const char	*fault = peer_fault(&p[i]);

		if (fault != NULL) {
			fprintf(err, "%s: peer \"%s\" %s\n", path,
			    p[i].kme_id, fault);
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

void
relayd_conf_notes(struct note out[2])
{
	out[0] = (struct note){ relayd_conf.peers.n == 0,
	    "no neighbours are configured (qkdctl peer add)" };
	out[1] = (struct note){ false, NULL };
}
