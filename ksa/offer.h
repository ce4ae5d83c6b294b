/*
 * offer.h - keys of a session at the destination (Q.4161 7.2.4): the delivery
 * is committed, the keys are brought to the application (0x120A), and what it
 * answers is committed before the source hears of it. What it does not
 * confirm in time is void.
 */
#ifndef KSA_OFFER_H
#define KSA_OFFER_H

#include "ksa/peer.h"
#include "ksa/session.h"

struct sessions;

/* The source asks for it: hostile, if it is a peer. */
void	offer_start(struct sessions *, struct peer *,
	    const uint8_t session[SESSION_ID], uint64_t request);
/* The binding of a session's keys is on disk now. */
void	offer_bound(struct peer *, uint64_t request);
/* They are void: the source said so. */
void	offer_void(struct peer *, uint64_t request);
void	offer_tick(struct sessions *, uint64_t now);
void	offer_stop(struct sessions *);

#endif
