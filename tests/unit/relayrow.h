/*
 * relayrow.h - three relayds in a row, KME-A to KME-C, each with a kma and a
 * ksa that do what the test says, over real sockets, in one event loop. And
 * two more neighbours of KME-B, KME-D and KME-E, which are no relayds: they
 * send the frames of the test, and keep what comes.
 */
#ifndef TESTS_RELAYROW_H
#define TESTS_RELAYROW_H

#include <event2/event.h>
#include <unistd.h>

#include "frame.h"
#include "ipc.h"
#include "relayd/kxlink.h"
#include "relayd/relayd.h"
#include "unit.h"

#define NODES	3
#define KMS	5	/* with KME-D and KME-E */

struct node {
	struct relayd		 r;
	struct relayd_conf	 conf;
	struct relayd_peer_conf	 peers[KMS];
	struct ipc		*kma, *ksa;
	bool			 neighbour[KMS], reach[KMS];
	unsigned		 relays, dones, controls, supplies;
	struct msg		 last;		/* relay_in or done_in */
	uint8_t			 mac[16], text[40864];
	size_t			 bodylen;	/* of the last control_in, */
	char			 body[40000];	/* supply_in */
	km_id			 from;
};

/* Signs of life and announcements are not kept. */
struct raw {
	SSL_CTX			*ctx;
	struct kxlink		*link;		/* NULL: closed */
	unsigned		 frames;
	uint32_t		 id;		/* of the last */
	uint16_t		 command;
	size_t			 len;
	char			 payload[FRAME_PAYLOAD_MAX + 1];
	char			 why[256];	/* it was closed */
};

extern struct event_base *base;
extern struct node	 nodes[NODES];
extern struct raw	 raws[2];		/* KME-D, KME-E */
/* KME-E is a plain peer; what its kma hears of it goes here. */
extern bool		 row_plain;
extern void		(*row_plain_kma)(struct ipc *, struct msg *);

/* As that relayd would send a message; "": not at all. */
const char *row_route(int from, int to);
/* Returns when every node has a route to every other. */
void	row_setup(void);
void	row_setup_raws(void);	/* the same, and KME-D and KME-E */
void	row_teardown(void);
void	row_start(int node);
void	row_stop(int node);
void	row_listen(int node, enum msg_role);	/* its kma or ksa */
void	row_turn(void);
/* Connects one of the raws, if it is not; returns when KME-B knows it. */
void	row_dial(int raw);
void	row_send(int raw, uint32_t id, uint16_t command, const char *payload);

/* Until the condition holds, or 10 s. */
#define UNTIL(condition) do {						\
	uint64_t	end_ = mono_ms() + 10000;			\
									\
	while (!(condition) && mono_ms() < end_)			\
		row_turn();						\
	ck_assert(condition);						\
} while (0)

#endif
