/*
 * chain.h - a chain of real kma and qkdmod processes, with the test in the
 * place of every relayd and every ksa: it can drop, repeat and change what
 * they carry.
 */
#ifndef TESTS_CHAIN_H
#define TESTS_CHAIN_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "ipc.h"

#define CHAIN_MAX	5
#define CHAIN_BLOCK	1024	/* block_octets, unless said otherwise */

struct chain;

struct chain_node {
	struct chain	*chain;
	unsigned	 n;
	km_id		 km;		/* KME-0, KME-1, ... */
	pid_t		 kma;
	pid_t		 mod[2];	/* towards the node before, after */
	struct ipc	*relayd, *ksa;
	bool		 relayd_up, ksa_up;
	char		 dir[128];
};

/* What became of a pool block. */
struct chain_block {
	unsigned	 from, to;
	uint64_t	 block;
	int		 taken, fetched;	/* 1: have it; < 0: error */
	struct secret	*at_source, *at_destination;
};

struct chain {
	struct event_base	*base;
	char			 dir[64];
	unsigned		 n;
	struct chain_node	 node[CHAIN_MAX];
	struct chain_block	 blocks[4096];
	size_t			 nblocks;
	bool			 cut;		/* nothing crosses */
	/* May change the message, or return false to drop it. */
	bool			(*filter)(struct chain *, struct msg *,
				    unsigned from, unsigned to);
	void			*arg;
	unsigned		 relayed;	/* relay messages carried */
};

/* More lines for kma.conf of the nodes that are made from now on; or "". */
extern const char	*chain_kma_options;
extern unsigned		 chain_block_octets;

struct chain	*chain_new(unsigned nodes);
void		 chain_free(struct chain *);
/* Runs the loop until fn(arg) or ms have passed; returns the last fn(). */
bool		 chain_until(struct chain *, bool (*fn)(struct chain *),
		    unsigned ms);
/* Asks for a block; its fate is in the answer. Never waits. */
struct chain_block *chain_take(struct chain *, unsigned from, unsigned to);
/* Asks again and again until one is at both ends, equal; false: never. */
bool		 chain_supplies(struct chain *, unsigned from, unsigned to);
/* No octets are in two pool blocks. */
bool		 chain_uses_nothing_twice(struct chain *);
/* The whole stock changes: kill (SIGKILL) and start again. */
void		 chain_kill_kma(struct chain *, unsigned node);
void		 chain_start_kma(struct chain *, unsigned node);
/* SIGTERM; the exit status, or -1: it died. */
int		 chain_stop_kma(struct chain *, unsigned node);
/* SIGCONT, SIGSTOP. */
void		 chain_modules(struct chain *, bool go);
void		 chain_path(struct chain *, bool up);	/* Kx of all links */
/* Copies node's store away, and back. kma must be dead. */
void		 chain_store_save(struct chain *, unsigned node);
void		 chain_store_restore(struct chain *, unsigned node);
/* What a daemon of it answers on its control socket; the caller frees. */
json_t		*chain_ask(struct chain *, unsigned node, const char *daemon,
		    const char *command);
/* That of its kma to "status". */
json_t		*chain_status(struct chain *, unsigned node);
/*
 * Every write of the kind ("INSERT ON inbound") to node's store fails from
 * now on, as one for which the disk has no room; NULL: no longer.
 */
void		 chain_store_fail(struct chain *, unsigned node,
		    const char *kind);
/* Line of the last matching log event, or NULL. Static buffer. */
const char	*chain_log(struct chain *, unsigned node, const char *event);

#endif
