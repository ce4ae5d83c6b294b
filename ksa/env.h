/* env.h - what every part of the engine needs: configuration, store, peers. */
#ifndef KSA_ENV_H
#define KSA_ENV_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc.h"
#include "ksa/conf.h"
#include "ksa/keystore.h"
#include "ksa/sae.h"

struct admit;
struct apps_own;
struct bindcache;
struct enc_batch;
struct fetches;
struct peer;
struct plain;
struct segcache;
struct sessions;
struct sweep;
struct wishing;
struct witness;

/* The way to kma and relayd; a test puts itself there. */
struct engine_ops {
	/* As ipc_request(), to kma. */
	int	(*ask)(void *arg, struct msg *, unsigned deadline_ms,
		    ipc_done *, void *done_arg);
	/* As ipc_send(), to relayd. */
	int	(*tell)(void *arg, const struct msg *);
	/* As ipc_send(), to kma. */
	int	(*note)(void *arg, const struct msg *);
};

struct counters {
	uint64_t	enc_requests, enc_keys, enc_short, enc_failed;
	uint64_t	enc_quota, enc_paths;
	uint64_t	dec_requests, dec_keys, dec_refused, dec_failed;
	uint64_t	redelivered, queries, bindings_in, bindings_refused;
	uint64_t	copies_refused, copies_broken;
	uint64_t	blocks_in, blocks_out, blocks_void, bad_messages;
	uint64_t	erased, expired, rollbacks;
	uint64_t	sessions_opened, sessions_refused;
	uint64_t	session_keys, session_keys_void;
};

struct env {
	struct event_base	*base;
	const struct ksa_conf	*conf;
	const struct sae_book	*book;
	const struct engine_ops	*ops;
	void			*arg;
	struct keystore		*store;
	struct peer		**peers;	/* [0] is this node itself */
	size_t			 npeers;
	struct enc_batch	*batch;
	struct admit		*admit;
	struct wishing		*wishing;
	struct fetches		*fetches;
	struct bindcache	*bindings;
	struct segcache		*segments;
	struct sessions		*sessions;
	struct plain		*plain;
	struct sweep		*sweep;
	struct witness		*witness;
	struct apps_own		*apps;		/* of this node */
	uint64_t		 serial_last;	/* of a block, for any peer */
	uint64_t		 started;	/* wall clock, ms */
	unsigned		 takes;		/* block_take on their way */
	bool			 stopping;
	struct counters		 count;
};

/* A job for the committer begins with this. */
static inline void
env_add(struct env *e, committer_run *run, committer_done *done, void *job)
{
	committer_add(keystore_committer(e->store), run, done, job);
}

#endif
