/*
 * link.h - one QKD link: the neighbour, the module, the blocks that both
 * ends hold. link.c has its life and its stock, linkagree.c the agreement on
 * blocks, linkauth.c the control channel, linkcompare.c what is compared on it,
 * linkshare.c moves key from one direction to the other, linkpull.c the module,
 * linkaccount.c counts, padline.c says who gets the next block of ours.
 */
#ifndef KMA_LINK_H
#define KMA_LINK_H

#include <event2/event.h>
#include <jansson.h>
#include <sys/queue.h>

#include "authlink.h"
#include "histogram.h"
#include "ipc.h"
#include "kma/agree.h"
#include "kma/conf.h"
#include "kma/idxset.h"
#include "kma/linkstore.h"
#include "kma/padline.h"
#include "rate.h"

struct kma;
struct link;

enum link_state { LINK_DOWN, LINK_COMPARING, LINK_UP };

/* A block on disk that is not agreed yet. */
struct fresh {
	uint64_t		 idx;
	uint64_t		 since;		/* monotonic ms */
	struct block_check	 check;
	bool			 busy;		/* its verdict is being written */
	bool			 agreed;	/* ... and that is the verdict */
	bool			 used;		/* ... and it is used up already */
	TAILQ_ENTRY(fresh)	 next;
};

struct bad;

struct link_counters {
	uint64_t	pulled, surplus, agreed, lost, differed, aged;
	uint64_t	reconciled;
	uint64_t	spent, bad_mac, bad_control;
	uint64_t	given, received, given_void;
	/* For the account, since the start: on disk then; from the module;
	 * of the spent ones, those that became a pool block; control keys;
	 * void for whatever reason. */
	uint64_t	found, kept, assigned, control, voided;
	uint64_t	refused;	/* for want of key */
};

/* Key on its way from one direction to the other, linkshare.c. */
struct link_share {
	struct idxset	giving;		/* struck, not answered */
	uint64_t	give;		/* ... under this name */
	uint64_t	given_at, asked_at;	/* monotonic ms */
	bool		striking, taking;	/* being written */
};

struct link {
	struct kma			*kma;
	const struct kma_link_conf	*conf;
	uint32_t			 id;
	bool				 low;	/* ours is the lower KM ID */
	enum link_state			 state;
	char				 why[160]; /* not up, or no key */

	struct ipc			*module;
	bool				 pulling, simulated;
	uint64_t			 last;	/* highest index on disk */
	uint64_t			 produced, peer_produced;
	uint64_t			 lag_since;	/* 0: it does not lag */
	uint64_t			 lag_from;	/* its position then */
	uint64_t			 pull_at;	/* not before */
	msg_text			 module_state;

	struct authlink			*auth;
	bool				 path;	/* Kx is connected */
	uint64_t			 mark, mark_next, seen, mark_said;
	struct control			*control; /* linkauth.c */
	struct witness			*witness; /* of our mark */

	TAILQ_HEAD(freshes, fresh)	 fresh;	/* ascending */
	size_t				 nfresh;
	struct idxset			 own, theirs;	/* agreed, unspent */
	bool				 got_owned, got_held;
	uint64_t			 compared_at, down_since;
	bool				 key;		/* linkkey.c */
	uint64_t			 key_same, gained_at;
	struct link_share		 share;
	uint64_t			 came;	/* blocks, to own */
	struct rate			 in, out; /* blocks agreed, spent */
	uint64_t			 resolved;	/* agreement is done up to */
	uint64_t			 offered_at;
	uint64_t			 open_from, open_since;	/* offered */
	struct padline			 line;	/* who wants of own */
	struct bad			*bad;	/* pads of failing MACs */
	struct link_counters		 n;
	struct histogram		 agreed_in;
	uint32_t			 qber;	/* of the module, ppm */
#define LINK_QBER_UNKNOWN	UINT32_MAX
};

/* link.c */
int		 link_new(struct link **, struct kma *,
		    const struct kma_link_conf *);
void		 link_free(struct link **);
void		 link_tick(struct link *);	/* each 100 ms */
void		 link_path(struct link *, bool up);
/* A block that has not moved: by its index. */
bool		 link_owns(const struct link *, uint64_t idx);
/* The parity of our own indices. */
unsigned	 link_parity(const struct link *);
/* Gives waiters what there is. */
void		 link_pump(struct link *);
/* A block became agreed: it joins the stock of its direction. */
void		 link_stock(struct link *, uint64_t idx);
/* A pad that a frame of the peer names: -E_SPENT unless unspent and theirs. */
int		 link_their_pad(struct link *, uint64_t idx, struct secret **);
/* Its MAC was good: out of the stock (the caller spends it on disk). */
void		 link_their_pad_used(struct link *, uint64_t idx);
/* Its MAC was bad: counted; void after 16. */
void		 link_their_pad_bad(struct link *, uint64_t idx);
/* The next value of our mark, to be committed with the consumption; and that
 * it is on disk. */
uint64_t	 link_mark_next(struct link *);
void		 link_mark_done(struct link *, uint64_t mark);
void		 link_set_state(struct link *, enum link_state, const char *why);

/* linkwant.c */
/* One block of our direction, now or until w->deadline. */
void		 link_want(struct link *, struct padwait *);
/* One that came from elsewhere; refused at once if it would wait in vain.
 * full: only in the place of one of a pair that has more. */
void		 link_want_onwards(struct link *, struct padwait *,
		    bool full);
void		 link_unwant(struct link *, struct padwait *);
void		 link_want_expire(struct link *, uint64_t now);

/* linkstatus.c */
json_t		*link_status(struct link *);
const char	*link_state_name(enum link_state);

/* linkkey.c: is there key towards the peer, as it is announced? */
bool		 linkkey_has(const struct link *);
void		 linkkey_tick(struct link *);

/* linkagree.c */
void		 linkagree_add(struct link *, uint64_t idx,
		    const struct block_check *);
void		 linkagree_offer(struct link *);
void		 linkagree_in(struct link *, struct msg *, bool authentic);
/* The stock is full while the link is down: the oldest new blocks go. */
void		 linkagree_drop_oldest(struct link *, size_t n);
void		 linkagree_age(struct link *);
/* A block that is agreed, only not on disk as such: may the peer use it? And
 * it did: it is not to join the stock. */
bool		 linkagree_pending(struct link *, uint64_t idx);
void		 linkagree_used(struct link *, uint64_t idx);
/* Adds the blocks of our direction that may become agreed any moment. */
int		 linkagree_own(struct link *, struct idxset *);
/* A new block is on disk no longer. False: it is not one, or has its verdict. */
bool		 linkagree_gone(struct link *, uint64_t idx);
void		 linkagree_free(struct link *);

/* linkauth.c */
int		 linkauth_new(struct link *, const struct linkrow *);
void		 linkauth_free(struct link *);
void		 linkauth_tick(struct link *);
/* Body of a control_in message from the peer. */
void		 linkauth_in(struct link *, const uint8_t *, size_t);
/* Inside the channel; or in the open, for offers before there is one. */
int		 linkauth_send(struct link *, const struct msg *);
int		 linkauth_send_open(struct link *, const struct msg *);
/* Messages that are encoded already, one after the other. */
int		 linkauth_send_octets(struct link *, const uint8_t *, size_t);
bool		 linkauth_is_up(const struct link *);
bool		 linkauth_has_key(const struct link *);

/* A control key of ours that the peer has not answered under; 0: none. */
uint64_t	 linkauth_unproved(const struct link *);

/* linkcompare.c */
void		 linkcompare_start(struct link *);	/* the channel is new */
void		 linkcompare_again(struct link *);	/* a message was lost */
/* block_octets, the module's position, our mark. */
void		 linkcompare_hello(struct link *);
/* One store went back in time: the stock is void. */
void		 linkcompare_void(struct link *, bool mine,
		    uint64_t my_mark_seen);
/* Says again what is ours: what the other end has beyond that was lost. */
void		 linkcompare_owned(struct link *);
/* link_hello, owned, held. */
int		 linkcompare_in(struct link *, const struct msg *);

/* linkshare.c */
/* Asks the other end for key, if ours runs short and it has more. */
void		 linkshare_ask(struct link *);
void		 linkshare_tick(struct link *);
/* The channel is new: what was not answered is settled by comparing. */
void		 linkshare_start(struct link *);
/* share_ask, share_give, share_taken. */
int		 linkshare_in(struct link *, const struct msg *);

/* linkaccount.c: what became of the link's key, in octets. */
json_t		*linkaccount_status(const struct link *);

/* linkpull.c */
int		 linkpull_new(struct link *);
void		 linkpull_tick(struct link *);

#endif
