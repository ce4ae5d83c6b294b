/*
 * peer.h - one KM that keys are shared with; peers[0] is this node itself.
 * Open to the parts of the engine, which keep their own state behind it.
 */
#ifndef KSA_PEER_H
#define KSA_PEER_H

#include <sys/queue.h>

#include "ksa/env.h"
#include "ksa/hold.h"
#include "msg.h"

struct apps;
struct channel;
struct enc;
struct inbox;
struct line;
struct newblocks;
struct outbox;
struct pool;

TAILQ_HEAD(enc_queue, enc);

struct peer {
	struct env		*env;
	km_id			 km;
	int64_t			 id;		/* in the store */
	bool			 self;
	bool			 low;	/* our KM ID is the lower one */
	bool			 reach;	/* relayd sees it */
	/* Over which key with it must come, node-disjoint: what our
	 * configuration says, or its own if that is more. */
	uint32_t		 paths;
	bool			 trusted; /* marks were compared since start */
	unsigned		 generation; /* grows as all stock is void */
	uint64_t		 mark, seen;
	uint64_t		 reach_since;	/* mono, ms */
	struct channel		*channel;
	struct pool		*pool;
	struct newblocks	*newblocks;
	struct outbox		*outbox;
	struct inbox		*inbox;
	struct line		*line;		/* who waits for the pool */
	struct apps		*apps;		/* announced, both ways */
	unsigned		 sessions;	/* that it asked us for; open */
	unsigned		 offers;	/* of keys to us, under way */
	unsigned		 ends_told;	/* of sessions, this second */
	size_t			 held[HOLD_KINDS];
	uint64_t		 request_last;	/* keyid_serial() */
	uint64_t		 rollback_at;	/* not done yet: try again */
	bool			 back_mine, back_peer;
	uint64_t		 back_mark;
	char			 error[160];	/* the last one, for status */
};

int	peer_new(struct peer **, struct env *, const char *km, bool self);
void	peer_free(struct peer **);
struct peer *peer_find(const struct env *, const char *km);
struct peer *peer_by_id(const struct env *, int64_t id);
/* Start-up: what is on disk; first when all peers are there. */
int	peer_load(struct peer *);
void	peer_tick(struct peer *);		/* every 100 ms */
void	peer_second(struct peer *);
void	peer_reach(struct peer *, bool up);
bool	peer_is_up(const struct peer *);
/* What relayd brought: hostile. */
void	peer_input(struct peer *, const uint8_t *, size_t len);
/* A decoded message; `authentic`: it came inside the authlink. */
void	peer_message(struct peer *, const struct msg *, bool authentic);
/* The channel came up; what both stores remember was compared. */
void	peer_channel_up(struct peer *, bool back_mine, bool back_peer,
	    uint64_t peer_mark, uint64_t my_seen);
/* It shall know what we demand of blocks that it draws. */
void	peer_demand_paths(struct peer *);
void	peer_error(struct peer *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * A commit that uses up key shared with a peer: begin on the loop, run inside
 * the job, done on the loop once it is durable.
 */
struct consume { int64_t peer; uint64_t seen, mark, last; };
void	consume_begin(struct consume *, const struct peer *);
int	consume_run(struct consume *, struct side *);
void	consume_done(const struct consume *, struct peer *);

#endif
