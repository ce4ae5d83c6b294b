/*
 * fetch.h - Get key with key IDs: find the bindings, ask the peers for those
 * that have not come yet, commit the delivery, answer. All or nothing.
 */
#ifndef KSA_FETCH_H
#define KSA_FETCH_H

#include "ksa/calls.h"
#include "ksa/peer.h"

int	fetches_new(struct fetches **, struct env *);
void	fetches_free(struct fetches **);
struct supply_call *fetch_call(struct env *, const struct supply_claim *,
	    supply_done *, void *arg);
bool	fetch_withdraw(struct supply_call *);
/* Something about that request is known now; 0: about any. */
void	fetch_retry(struct env *, uint64_t request);
/* The peer has no such request for this node; elsewhere: for another. */
void	fetch_unknown(struct peer *, uint64_t request, bool elsewhere);
/* Each 100 ms: asks who came up, asks again. */
void	fetch_tick(struct env *);
void	fetch_stop(struct env *);
unsigned fetch_waiting(const struct env *);

#endif
