/*
 * bindings.h - requests on disk. Tables `issued`, `received`, `fetched`,
 * `copy`, `recall`.
 */
#ifndef KSA_BINDINGS_H
#define KSA_BINDINGS_H

#include "ksa/binding.h"
#include "ksa/keystore.h"

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
/* Keys of a session that were offered only are given back to its limit. */
int	bindings_void_issued(struct side *, int64_t peer, uint64_t request);
/* The keys under their pad; free() them. -E_GONE: not there any more. */
int	bindings_copy(struct side *, int64_t peer, bool mine,
	    const struct binding *, uint8_t **copy, uint8_t mac[OTP_MAC]);
/* The peer has them. */
int	bindings_drop_copies(struct side *, int64_t peer, uint64_t upto);
/* Void, if it was valid, or of a session whatever it was; its keys are
 * erased with the next sweep. 1: it was not void before. */
int	bindings_void_received(struct side *, int64_t peer, uint64_t request,
	    const char *why);
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
/* They are void at the slave's end, if they are here and of that session. */
int	bindings_withdraw(struct side *, int64_t peer, uint64_t request,
	    const uint8_t session[BINDING_SESSION]);
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
