/*
 * bindings.h - requests on disk: which keys are for whom, where they lie, which
 * were delivered and erased. Tables `issued`, `received`, `fetched`, `copy`.
 */
#ifndef KSA_BINDINGS_H
#define KSA_BINDINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "ident.h"
#include "ksa/keyid.h"
#include "ksa/keystore.h"
#include "ksa/pieces.h"
#include "ksa/supply.h"
#include "otp.h"

enum binding_state {
	BINDING_VALID, BINDING_ERASED, BINDING_VOID, BINDING_EXPIRED,
	/* Of a session: not confirmed by both ends yet. */
	BINDING_OFFERED
};

#define BINDING_SESSION		16	/* octets */

#define BINDING_KEYS_MAX	1024
#define BINDING_SLAVES_MAX	SUPPLY_SLAVES_MAX
#define BINDING_OCTETS_MAX	(4U << 20)	/* of all keys of one */

struct binding {
	uint64_t	 request;
	char		*master, *slaves;	/* one a line */
	uint32_t	 nslaves;
	uint32_t	 keys, octets;
	uint64_t	 made;
	uint8_t		 seed[KEYID_SEED];
	struct pieces	*pieces;
	int		 state;
	/* What the pieces name is not the keys but their pad. */
	bool		 copied;
	/* They are brought to the slave, and never fetched. */
	bool		 in_session;
	uint8_t		 session[BINDING_SESSION];
	uint8_t		*copy;		/* only on its way; keys XOR pad */
	uint8_t		 mac[OTP_MAC];	/* of a copy that is sent */
	/* received only, or NULL: none */
	uint32_t	*fetched;	/* by slave and key: binding_stamp(),
					 * 0: not yet */
	uint8_t		*erased;	/* a bit per key */
};

struct binding	*binding_new(const char *master, const char *slaves);
void		 binding_free(struct binding **);
int		 binding_add_slave(struct binding *, const char *);
/* Its place among the slaves, or -E_NOT_FOUND. */
int		 binding_slave(const struct binding *, const char *);
static inline uint32_t
binding_size(const struct binding *b)	/* octets of all keys */
{
	return b->keys * b->octets;
}
/* When that slave fetched that key; only if `fetched` is there. */
static inline uint32_t *
binding_fetched(const struct binding *b, uint32_t slave, uint32_t key)
{
	return &b->fetched[slave * b->keys + key];
}
/* Whether two say the same; what happened to them since does not count. */
bool		 binding_equal(const struct binding *, const struct binding *);
/* When a key was delivered, as stored, and back. Never 0; 10 ms units. */
uint32_t	 binding_stamp(const struct binding *, uint64_t now);
uint64_t	 binding_time(const struct binding *, uint32_t stamp);
/* May what was delivered then be delivered again? A clock that was set back
 * does not keep the window open. */
bool		 binding_window_open(uint64_t at, uint64_t window,
		    uint64_t now);
bool		 binding_is_erased(const struct binding *, uint32_t key);
/* Valid, or may become it. */
static inline bool
binding_stands(const struct binding *b)
{
	return b->state == BINDING_VALID || b->state == BINDING_OFFERED;
}
/* Room for the stamps, if there is none yet. */
int		 binding_need_fetched(struct binding *);

/* In jobs. */
int	bindings_issue(struct side *, int64_t peer, const struct binding *);
int	bindings_receive(struct side *, int64_t peer, const struct binding *);
int	bindings_received_last(struct side *, int64_t peer, uint64_t *);
int	bindings_set_received_last(struct side *, int64_t peer, uint64_t);
/* Writes b->fetched and queues its erasure; -E_GONE if no longer valid. */
int	bindings_fetch(struct side *, int64_t peer, const struct binding *,
	    uint64_t now);
int	bindings_set_erased(struct side *, int64_t peer,
	    const struct binding *);
/* Keys of a session that are void are given back to its limit. */
int	bindings_void_issued(struct side *, int64_t peer, uint64_t request);
/* The keys under their pad; free() them. -E_GONE: not there any more. */
int	bindings_copy(struct side *, int64_t peer, bool mine,
	    const struct binding *, uint8_t **copy, uint8_t mac[OTP_MAC]);
/* The peer has them. */
int	bindings_drop_copies(struct side *, int64_t peer, uint64_t upto);
/* Void, if it was valid, or of a session whatever it was; its keys are
 * erased with the next sweep. */
int	bindings_void_received(struct side *, int64_t peer, uint64_t request);
int	bindings_void_all(struct side *, int64_t peer);
/*
 * Keys of a session. Both ends have confirmed them: offered ones are valid;
 * -E_GONE: they are not offered any more. Whoever changes a received row also
 * calls bindcache_drop() once it is on disk.
 */
int	bindings_settle_issued(struct side *, int64_t peer, uint64_t request);
int	bindings_settle_received(struct side *, int64_t peer,
	    uint64_t request);
/* The source makes them void; `tell`: the peer hears of it until it answers
 * (recall.h). -E_GONE: they are void already, or are no session's. */
int	bindings_recall(struct side *, int64_t peer, uint64_t request,
	    bool tell);
/* They are void at the slave's end, if they are here at all. */
int	bindings_withdraw(struct side *, int64_t peer, uint64_t request);
/* Start-up: all that is offered is void, and each peer will hear of it.
 * `self`: this node among the peers. How many rows there were. */
int	bindings_void_offered(struct side *, int64_t self);
/* At most n of the requests whose peer is to hear that they are void. */
int	bindings_recalls(struct side *, int64_t peer, uint64_t *, int n);
int	bindings_drop_recall(struct side *, int64_t peer, uint64_t request);
/* Rows made before that, at the left edge; issued ones up to `upto`. How many
 * were deleted, at most 1000 of each kind. */
int	bindings_forget(struct side *, int64_t peer, uint64_t upto,
	    uint64_t before);

/* -E_NOT_FOUND. The caller frees the result. */
int	bindings_get_issued(struct side *, int64_t peer, uint64_t request,
	    struct binding **);
int	bindings_next_issued(struct side *, int64_t peer, uint64_t after,
	    struct binding **);
int	bindings_get_received(struct side *, int64_t peer, uint64_t request,
	    struct binding **);
int	bindings_next_received(struct side *, int64_t peer, uint64_t after,
	    struct binding **);
int64_t	bindings_outbox(struct side *, int64_t peer, uint64_t acked);

/* The oldest delivery whose erasure is due some time. -E_NOT_FOUND. */
struct delivery { int64_t seq, peer; uint64_t request, at; };
int	bindings_first_delivery(struct side *, struct delivery *);
int	bindings_drop_delivery(struct side *, int64_t seq);

#endif
