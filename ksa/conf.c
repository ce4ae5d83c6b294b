/* conf.c - the options of ksa. */
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "block.h"
#include "conf.h"
#include "confine.h"
#include "err.h"
#include "sae.h"
#include "supply.h"

#define MS_MAX		600000
#define RATE_MAX	1073741824
#define SIZE_MAX_BITS	524288

struct ksa_conf ksa_conf;

static const struct conf_opt peer_options[] = {
	OPT_TEXT(CONF_KM_ID, ksa_peer, kme_id, NULL,
	    "ID of another node that keys are shared with."),
	OPT_INT(ksa_peer, disjoint_paths, "1", 1, BLOCK_PARTS_MAX, "",
	    "Keys with that node are made of parts that came over so many "
	    "paths that share no node, so that no single node between has "
	    "seen them; where there are fewer such paths they are refused. "
	    "Of what the two nodes say, the higher number counts."),
	OPT_END
};

static const struct conf_opt plain_options[] = {
	OPT_TEXT(CONF_KM_ID, ksa_plain_peer, kme_id, NULL,
	    "KM ID of the plain peer."),
	OPT_TEXT(CONF_SAE_ID, ksa_plain_peer, source, NULL,
	    "Application of the peer that is the master of keys that it "
	    "sends without application IDs."),
	OPT_TEXT(CONF_SAE_ID, ksa_plain_peer, destination, NULL,
	    "Application of this node that such keys are for."),
	OPT_STRINGS(ksa_plain_peer, applications,
	    "Applications of this node that may have keys with applications "
	    "of the peer, besides destination; empty: all."),
	OPT_INT(ksa_plain_peer, max_keys, "1000000", 1, 1000000000, "",
	    "Most keys of the peer that are remembered, those fetched "
	    "included until key_expiry and tombstone are over; more are "
	    "refused."),
	OPT_END
};

static const struct conf_opt application_options[] = {
	OPT_TEXT(CONF_SAE_ID, ksa_application, id, NULL,
	    "ID of the application."),
	OPT_TEXT(CONF_KM_ID, ksa_application, km, NULL,
	    "ID of the node that the application belongs to."),
	OPT_STRINGS(ksa_application, names,
	    "Certificates that speak for the application, if it is one of "
	    "this node: \"cn:NAME\" (subject CN), \"dn:CN=x,O=y,C=z\" (whole "
	    "subject, as RFC 4514 writes it), \"dns:HOST\", \"uri:URI\", "
	    "\"email:USER@HOST\", \"ip:ADDRESS\" (subject alternative "
	    "names). Any of them will do. Empty: the subject CN is the id."),
	OPT_INT(ksa_application, rate, "0", 0, RATE_MAX, "octets/s",
	    "Quota: how fast the application may draw key, a copy for each "
	    "node counted, if it is one of this node; 0: no quota."),
	OPT_INT(ksa_application, burst, "0", 0, RATE_MAX, "octets",
	    "How much of its quota it may draw at once, after it drew none "
	    "for a while; 0: what the rate is in a second."),
	OPT_END
};

static const struct conf_opt quota_options[] = {
	OPT_TEXT(CONF_SAE_ID, ksa_quota, master, NULL,
	    "ID of the application that draws."),
	OPT_TEXT(CONF_SAE_ID, ksa_quota, slave, NULL,
	    "ID of the application that the keys are shared with."),
	OPT_INT(ksa_quota, rate, NULL, 1, RATE_MAX, "octets/s",
	    "How fast the master may draw key for this slave."),
	OPT_INT(ksa_quota, burst, "0", 0, RATE_MAX, "octets",
	    "How much at once, as above."),
	OPT_END
};

static const struct conf_opt pair_options[] = {
	OPT_TEXT(CONF_SAE_ID, ksa_pair, master, NULL,
	    "ID of the application that draws."),
	OPT_TEXT(CONF_SAE_ID, ksa_pair, slave, NULL,
	    "ID of the application that the keys are shared with."),
	OPT_INT(ksa_pair, disjoint_paths, NULL, 1, BLOCK_PARTS_MAX, "",
	    "As that of peers, for keys that this master draws for this "
	    "slave; the higher number counts."),
	OPT_END
};

#define INT(F, D, MIN, MAX, UNIT, HELP) \
	OPT_INT(ksa_conf, F, D, MIN, MAX, UNIT, HELP)
#define TEXT(TYPE, F, D, HELP)	OPT_TEXT(CONF_##TYPE, ksa_conf, F, D, HELP)

const struct conf_opt ksa_options[] = {
	TEXT(KM_ID, kme_id, NULL, "ID of this node."),
	TEXT(PATH, run_dir, RUNSTATEDIR "/qkdnode",
	    "Directory of the sockets between the daemons."),
	INT(locked_memory, "8388608", 262144, 1073741824, "octets",
	    "Memory for keys that is locked and kept out of core dumps."),
	OPT_CONFINE(ksa_conf),
	OPT_CONFINE_KEEP(ksa_conf),
	TEXT(STRING, user_kma, "",
	    "User (name or number) that kma runs as; empty: any."),
	TEXT(STRING, user_relayd, "",
	    "User (name or number) that relayd runs as; empty: any."),
	TEXT(PATH, store, LOCALSTATEDIR "/lib/qkdnode/ksa/keys.db",
	    "The key store."),
	TEXT(STRING, node_key, NULL, KEK_HELP),
	TEXT(STRING, node_key_next, "", KEK_NEXT_HELP),
	TEXT(ADDRESS, listen, NULL,
	    "Address of the HTTPS interface for applications."),
	TEXT(ADDRESS, ak_listen, "",
	    "Address of the second interface for applications, ITU-T Q.4161 "
	    "over TCP (doc/profile.md); it has the same certificates and "
	    "limits. Empty: none."),
	TEXT(PATH, certificate, NULL,
	    "PEM file with the certificate of the HTTPS interface."),
	TEXT(PATH, private_key, NULL,
	    "PEM file with the private key of that certificate."),
	TEXT(PATH, ca, NULL,
	    "PEM file with the CA that issued the applications' certificates."),
	TEXT(PATH, crl, "",
	    "PEM file with the revocation lists of that CA and of all CAs "
	    "between it and the applications; empty: none are asked for."),
	OPT_LIST(ksa_conf, peers, 0, 1024, peer_options, ksa_peer,
	    "The other nodes that keys are shared with."),
	OPT_LIST(ksa_conf, applications, 0, 65536, application_options,
	    ksa_application, "The applications of this node, which it tells "
	    "the other nodes of; those of plain peers; and pins: an "
	    "application with another km is at that node, whatever is "
	    "announced."),
	INT(max_announced, "65536", 1, 65536, "",
	    "Most applications that one other node may announce; a longer "
	    "list is refused, and what it announced before stays."),
	OPT_LIST(ksa_conf, plain_peers, 0, 64, plain_options, ksa_plain_peer,
	    "Plain peers: key managers that know only the four messages of "
	    "ITU-T Q.4163, whose keys travel in clear inside TLS; see "
	    "relayd.conf and kma.conf, where they must stand too. Their "
	    "applications stand in applications."),
	OPT_LIST(ksa_conf, quotas, 0, 65536, quota_options, ksa_quota,
	    "Quotas of pairs of applications, besides those of the "
	    "applications themselves. What exceeds a quota waits for it, if "
	    "relay_wait allows, and is refused otherwise."),
	OPT_LIST(ksa_conf, pairs, 0, 4096, pair_options, ksa_pair,
	    "Pairs of applications whose keys must come over several "
	    "node-disjoint paths."),

	INT(pool_low, "131072", 1024, 1073741824, "octets",
	    "A pool with less key than this is filled up."),
	INT(pool_high, "262144", 1024, 1073741824, "octets",
	    "A pool is filled up to this."),
	INT(key_size, "256", 8, SIZE_MAX_BITS, "bits",
	    "Size of a key when the request names none."),
	INT(min_key_size, "64", 8, SIZE_MAX_BITS, "bits",
	    "Smallest size of a key."),
	INT(max_key_size, "65536", 8, SIZE_MAX_BITS, "bits",
	    "Largest size of a key."),
	INT(max_key_per_request, "128", 1, SUPPLY_KEYS_MAX, "",
	    "Most keys in one request."),
	INT(max_SAE_ID_count, "16", 0, SUPPLY_SLAVES_MAX - 1, "",
	    "Most additional slaves of one request; 0: none."),
	INT(relay_wait, "5000", 0, MS_MAX, "ms",
	    "How long a request waits for a pool to be filled."),
	INT(max_waiting, "256", 1, 1000000, "",
	    "Most requests of one application that wait for key of one "
	    "node; more are refused."),
	INT(query_wait, "3000", 0, MS_MAX, "ms",
	    "How long a request for unknown key IDs waits for the peers."),
	INT(confirm_wait, "15000", 1000, MS_MAX, "ms",
	    "A pool block not confirmed within this time is void."),
	AUDIT_OPTIONS(ksa_conf),
	INT(redelivery, "30", 0, 86400, "s",
	    "A key can be fetched again by the same application for so long, "
	    "in case the answer was lost; 0: at most once."),
	INT(key_expiry, "86400", 1, 31536000, "s",
	    "Keys not fetched by their slave within this time are destroyed."),
	INT(tombstone, "86400", 60, 31536000, "s",
	    "How long after that it is remembered for whom a key was."),

	INT(session_answer_wait, "5000", 100, MS_MAX, "ms",
	    "How long an application may take to answer when a session or "
	    "keys are brought to it; keys not confirmed by then are void."),
	INT(session_grace, "30", 0, 86400, "s",
	    "A session ends when either of its applications has had no "
	    "connection by ak_listen for so long."),
	INT(session_idle, "3600", 1, 31536000, "s",
	    "A session that no key was asked for in for so long ends."),
	INT(max_sessions, "10000", 1, 1000000, "",
	    "Most sessions at once of this node's applications."),
	INT(max_sessions_per_application, "1024", 1, 1000000, "",
	    "Most sessions at once that one application asked for, and most "
	    "that are brought to it."),

	INT(max_connections, "10000", 1, 1000000, "",
	    "Most connections at once that have shown a certificate; "
	    "then an idle one of the application that has most gives way to "
	    "one that has fewer."),
	INT(max_connections_per_application, "1000", 1, 1000000, "",
	    "Most connections of one application at once."),
	INT(max_handshakes, "1024", 4, 1000000, "",
	    "Most connections at once that have not shown a certificate yet; "
	    "then the oldest of the address with most of them gives way."),
	INT(max_handshakes_per_address, "256", 1, 1000000, "",
	    "Most of them from one address (IPv6: /64)."),
	INT(handshake_threads, "1", 1, 64, "",
	    "Threads that do TLS handshakes beside the one that serves."),
	INT(accepts_per_turn, "16", 1, 1024, "",
	    "Most connections accepted before others are served again."),
	INT(handshake_timeout, "5000", 100, MS_MAX, "ms",
	    "From a connection to the end of its TLS handshake."),
	INT(header_timeout, "5000", 100, MS_MAX, "ms",
	    "From the first octet of a request to the end of its header."),
	INT(body_timeout, "10000", 100, MS_MAX, "ms",
	    "From the end of the header to the end of the body."),
	INT(idle_timeout, "60000", 100, 86400000, "ms",
	    "A connection without a request is closed after this time."),
	INT(write_timeout, "10000", 100, MS_MAX, "ms",
	    "From an answer to its last octet taken by the client."),
	INT(ak_idle_timeout, "0", 0, 86400000, "ms",
	    "A connection by ak_listen without a frame from the application "
	    "is closed after this time; 0: never, applications may stay "
	    "connected."),
	INT(ak_frame_timeout, "10000", 100, MS_MAX, "ms",
	    "From the first octet of a frame to its last."),
	INT(ak_max_requests, "64", 1, 4096, "",
	    "Most requests of one connection by ak_listen that wait for their "
	    "answers; then no more is read from it."),
	INT(header_max, "16384", 1024, 1048576, "octets",
	    "Largest request line and header."),
	INT(header_count, "64", 8, 1024, "",
	    "Most header fields in a request."),
	INT(body_max, "131072", 65536, 16777216, "octets",
	    "Largest body of a request."),
	OPT_END
};

struct faults {
	const struct ksa_conf *conf;
	const char	*path;
	FILE		*err;
	int		 n;
};

static void
fault(struct faults *f, bool wrong, const char *what)
{
	if (!wrong)
		return;
	fprintf(f->err, "%s: %s\n", f->path, what);
	f->n++;
}

static void
fault_id(struct faults *f, const char *option, const char *id,
    const char *what)
{
	fprintf(f->err, "%s: %s: \"%s\" %s\n", f->path, option, id, what);
	f->n++;
}

static void
check_limits(struct faults *f)
{
	const struct ksa_conf *c = f->conf;
	int64_t	 most = c->max_key_size / 8 * c->max_key_per_request;

	fault(f, c->key_size % 8 || c->min_key_size % 8 || c->max_key_size % 8,
	    "key_size, min_key_size, max_key_size: must be multiples of 8");
	fault(f, c->min_key_size > c->key_size,
	    "min_key_size: must not exceed key_size");
	fault(f, c->key_size > c->max_key_size,
	    "key_size: must not exceed max_key_size");
	fault(f, c->pool_low > c->pool_high,
	    "pool_low: must not exceed pool_high");
	fault(f, strcmp(c->listen, c->ak_listen) == 0,
	    "ak_listen: must differ from listen");
	/* A client that waits for its answer is silent. */
	fault(f, c->idle_timeout <= c->relay_wait ||
	    c->idle_timeout <= c->query_wait,
	    "idle_timeout: must exceed relay_wait and query_wait");
	fault(f, c->ak_idle_timeout > 0 && (c->ak_idle_timeout <=
	    c->relay_wait + c->session_answer_wait ||
	    c->ak_idle_timeout <= c->query_wait),
	    "ak_idle_timeout: must be 0 or exceed query_wait, and relay_wait "
	    "and session_answer_wait together");
	fault(f, most > SUPPLY_OCTETS_MAX, "max_key_size/8 * "
	    "max_key_per_request: must not exceed 4194304 octets");
	/* The keys, up to a power of two, and the blocks that they lie in. */
	fault(f, most > c->locked_memory / 4, "locked_memory: must be at "
	    "least four times max_key_size/8 * max_key_per_request");
}

static bool
known_km(const struct ksa_conf *c, const char *km)
{
	const struct ksa_plain_peer *plain = c->plain_peers.v;
	const struct ksa_peer *p = c->peers.v;

	if (strcmp(km, c->kme_id) == 0)
		return true;
	for (size_t i = 0; i < c->peers.n; i++)
		if (strcmp(km, p[i].kme_id) == 0)
			return true;
	for (size_t i = 0; i < c->plain_peers.n; i++)
		if (strcmp(km, plain[i].kme_id) == 0)
			return true;
	return false;
}

static void
check_peers(struct faults *f)
{
	const struct ksa_peer *p = f->conf->peers.v;

	for (size_t i = 0; i < f->conf->peers.n; i++) {
		if (strcmp(p[i].kme_id, f->conf->kme_id) == 0)
			fault_id(f, "peers", p[i].kme_id, "is this node");
		for (size_t k = 0; k < i; k++)
			if (strcmp(p[i].kme_id, p[k].kme_id) == 0)
				fault_id(f, "peers", p[i].kme_id,
				    "stands there twice");
	}
}

static const char *
km_of(const struct ksa_conf *c, const char *sae)
{
	const struct ksa_application *a = c->applications.v;

	for (size_t i = 0; i < c->applications.n; i++)
		if (strcmp(a[i].id, sae) == 0)
			return a[i].km;
	return "";
}

bool
ksa_plain_serves(const struct ksa_plain_peer *p, const char *sae)
{
	for (size_t i = 0; i < p->applications.n; i++)
		if (strcmp(p->applications.v[i], sae) == 0)
			return true;
	return p->applications.n == 0 || strcmp(p->destination, sae) == 0;
}

static void
check_plain(struct faults *f, const struct ksa_plain_peer *p)
{
	const struct ksa_conf	*c = f->conf;
	const struct ksa_peer	*peers = c->peers.v;
	const char *const	 option = "plain_peers";

	if (strcmp(p->kme_id, c->kme_id) == 0)
		fault_id(f, option, p->kme_id, "is this node");
	for (size_t i = 0; i < c->peers.n; i++)
		if (strcmp(p->kme_id, peers[i].kme_id) == 0)
			fault_id(f, option, p->kme_id,
			    "is one of peers, so it is no plain peer");
	if (strcmp(km_of(c, p->source), p->kme_id) != 0)
		fault_id(f, option, p->source,
		    "(source) is no application of the plain peer");
	if (strcmp(km_of(c, p->destination), c->kme_id) != 0)
		fault_id(f, option, p->destination,
		    "(destination) is no application of this node");
	for (size_t i = 0; i < p->applications.n; i++)
		if (strcmp(km_of(c, p->applications.v[i]), c->kme_id) != 0)
			fault_id(f, option, p->applications.v[i],
			    "is no application of this node");
}

static void
check_plain_peers(struct faults *f)
{
	const struct ksa_plain_peer *p = f->conf->plain_peers.v;

	for (size_t i = 0; i < f->conf->plain_peers.n; i++) {
		check_plain(f, &p[i]);
		for (size_t k = 0; k < i; k++)
			if (strcmp(p[i].kme_id, p[k].kme_id) == 0)
				fault_id(f, "plain_peers", p[i].kme_id,
				    "stands there twice");
	}
}

static void
on_fault(void *arg, const char *id, const char *what)
{
	fault_id(arg, "applications", id, what);
}

static void
check_applications(struct faults *f)
{
	const struct ksa_application *a = f->conf->applications.v;

	for (size_t i = 0; i < f->conf->applications.n; i++)
		if (!known_km(f->conf, a[i].km))
			fault_id(f, "applications", a[i].id, "belongs to a km "
			    "that is neither kme_id nor one of peers");
	if (sae_book_check(f->conf, on_fault, f) < 0 && f->n == 0)
		fault(f, true, "applications: out of memory");
}

static int
by_names(const void *a, const void *b)
{
	const struct ksa_quota	*x = a, *y = b;
	int			 r = strcmp(x->master, y->master);

	return r != 0 ? r : strcmp(x->slave, y->slave);
}

static void
check_rate(struct faults *f, const char *option, const char *id, int64_t rate,
    int64_t burst)
{
	if (rate > 0 && (burst == 0 ? rate : burst) < f->conf->key_size / 8)
		fault_id(f, option, id, "may not draw one key of key_size: "
		    "its burst (if 0, its rate) is less than key_size / 8");
}

static void
check_name(struct faults *f, const char *option, const struct sae_book *b,
    const char *id)
{
	if (sae_find(b, id) == NULL)
		fault_id(f, option, id, "is none of applications");
}

static void
check_pairs(struct faults *f)
{
	const struct ksa_pair	*v = f->conf->pairs.v;
	struct sae_book		*b;

	if (f->conf->pairs.n == 0 || sae_book_new(&b, f->conf) < 0)
		return;			/* of that there is a word already */
	for (size_t i = 0; i < f->conf->pairs.n; i++) {
		check_name(f, "pairs", b, v[i].master);
		for (size_t k = 0; k < i; k++)
			if (strcmp(v[i].master, v[k].master) == 0 &&
			    strcmp(v[i].slave, v[k].slave) == 0)
				fault_id(f, "pairs", v[i].master, "stands "
				    "there twice with the same slave");
	}
	sae_book_free(&b);
}

static void
check_quotas(struct faults *f)
{
	const struct ksa_application	*a = f->conf->applications.v;
	struct ksa_quota	*q = f->conf->quotas.v;
	size_t			 n = f->conf->quotas.n;
	struct sae_book		*b;

	for (size_t i = 0; i < f->conf->applications.n; i++)
		check_rate(f, "applications", a[i].id, a[i].rate, a[i].burst);
	if (n == 0 || sae_book_new(&b, f->conf) < 0)
		return;			/* of that there is a word already */
	qsort(q, n, sizeof(*q), by_names);	/* their order says nothing */
	for (size_t i = 0; i < n; i++) {
		check_name(f, "quotas", b, q[i].master);
		check_rate(f, "quotas", q[i].master, q[i].rate, q[i].burst);
		if (i > 0 && by_names(&q[i], &q[i - 1]) == 0)
			fault_id(f, "quotas", q[i].master, "stands there twice "
			    "with the same slave");
	}
	sae_book_free(&b);
}

int
ksa_conf_check_of(const struct ksa_conf *c, const char *path, FILE *err)
{
	struct faults f = { c, path, err, 0 };

	check_limits(&f);
	check_peers(&f);
	check_applications(&f);
	check_quotas(&f);
	check_pairs(&f);
	check_plain_peers(&f);
	if (kek_conf_check(c->node_key, c->node_key_next, path, err) < 0)
		f.n++;
	return f.n == 0 ? 0 : -E_CONFIG;
}

int
ksa_conf_check(const char *path, FILE *err)
{
	return ksa_conf_check_of(&ksa_conf, path, err);
}

void
ksa_conf_notes(const struct ksa_conf *c, struct note out[3])
{
	out[0] = (struct note){ c->peers.n == 0 && c->plain_peers.n == 0,
	    "no peers are configured (qkdctl peer add)" };
	out[1] = (struct note){ c->applications.n == 0,
	    "no applications are configured (qkdctl application add)" };
	out[2] = (struct note){ false, NULL };
}
