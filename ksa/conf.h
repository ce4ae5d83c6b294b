/* conf.h - the options of ksa; the table is in conf.c. */
#ifndef KSA_CONF_H
#define KSA_CONF_H

#include <stdbool.h>
#include <stdio.h>

#include "auditrow.h"
#include "common/conf.h"
#include "ident.h"
#include "note.h"
#include "kek.h"

struct ksa_peer {
	km_id	kme_id;
	int64_t	disjoint_paths;
};

struct ksa_application {	/* of this node, or pinned to another */
	sae_id	id;
	km_id	km;		/* the node it belongs to */
	struct conf_strings names;	/* of certificates; none: CN = id */
	int64_t	rate, burst;	/* octets/s, octets; 0: no quota, as rate */
};

struct ksa_plain_peer {		/* a KM with keys in clear */
	km_id	kme_id;
	sae_id	source, destination;	/* of keys that name nobody */
	struct conf_strings applications;	/* of this node; none: any */
	int64_t	max_keys;
};

struct ksa_quota {		/* of a pair of applications */
	sae_id	master, slave;
	int64_t	rate, burst;	/* as of an application */
};

struct ksa_pair {		/* of applications */
	sae_id	master, slave;
	int64_t	disjoint_paths;
};

struct ksa_conf {
	km_id	kme_id;
	char	run_dir[80];
	int64_t	locked_memory;
	int	confine;		/* enum confine_mode */
	struct conf_strings	confine_keep;
	char	user_kma[64], user_relayd[64];	/* name or number; "": any */
	char	store[1024];
	char	node_key[KEK_SPEC_MAX], node_key_next[KEK_SPEC_MAX];
	char	listen[300], ak_listen[300];
	char	certificate[1024], private_key[1024], ca[1024], crl[1024];
	struct conf_list peers;			/* struct ksa_peer */
	struct conf_list applications;		/* struct ksa_application */
	struct conf_list quotas;		/* struct ksa_quota */
	struct conf_list pairs;			/* struct ksa_pair */
	struct conf_list plain_peers;		/* struct ksa_plain_peer */

	int64_t	max_announced;		/* applications, by one peer */
	int64_t	pool_low, pool_high;		/* octets per peer */
	int64_t	key_size, min_key_size, max_key_size;	/* bits */
	int64_t	max_key_per_request, max_SAE_ID_count;
	int64_t	max_waiting;		/* requests per application, peer */
	int64_t	relay_wait, query_wait, confirm_wait;	/* ms */
	int64_t	audit_days, audit_rows;
	char	audit_accept[AUDITROW_ANCHOR_TEXT];
	int64_t	redelivery, key_expiry, tombstone;	/* s */
	int64_t	session_answer_wait;	/* ms */
	int64_t	session_grace, session_idle;	/* s */
	int64_t	max_sessions, max_sessions_per_application;

	int64_t	max_connections, max_connections_per_application;
	int64_t	max_handshakes, max_handshakes_per_address;
	int64_t	handshake_threads, accepts_per_turn;
	int64_t	handshake_timeout, header_timeout, body_timeout;	/* ms */
	int64_t	idle_timeout, write_timeout;	/* ms */
	int64_t	ak_idle_timeout, ak_frame_timeout;	/* ms */
	int64_t	ak_max_requests;
	int64_t	header_max, header_count, body_max;
};

/* Whether an application of this node may have keys with that peer. */
bool	ksa_plain_serves(const struct ksa_plain_peer *, const char *sae);

extern const struct conf_opt	ksa_options[];
extern struct ksa_conf		ksa_conf;

void	ksa_conf_notes(const struct ksa_conf *, struct note out[3]);
/* What no single option can say: limits that fit each other, IDs that are
 * known and distinct. Faults go to err; 0 or -E_CONFIG. */
int	ksa_conf_check(const char *path, FILE *err);
/* The same for a configuration that is not in use yet. */
int	ksa_conf_check_of(const struct ksa_conf *, const char *path,
	    FILE *err);

#endif
