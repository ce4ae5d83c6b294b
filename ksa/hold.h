/*
 * hold.h - locked memory of keys that wait for an answer from elsewhere: a
 * quarter for those that wait for peers, a quarter for those that wait for
 * applications, shared among peers (share.h). So a peer or an application
 * that is silent takes none from others.
 */
#ifndef KSA_HOLD_H
#define KSA_HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer;
struct sessions;

enum hold_kind { HOLD_DRAWS, HOLD_OFFERS, HOLD_KINDS };

bool	hold_take(struct sessions *, struct peer *, enum hold_kind,
	    uint64_t octets);
void	hold_give(struct sessions *, struct peer *, enum hold_kind,
	    uint64_t octets);

#endif
