/*
 * enc.h - Get key: cut, commit, answer. Requests wait in line (line.h) while
 * a pool is too short; those of one loop turn are committed together
 * (encbatch.h).
 */
#ifndef KSA_ENC_H
#define KSA_ENC_H

#include "ksa/calls.h"
#include "ksa/peer.h"

/* NULL: answered already. */
struct supply_call *enc_call(struct env *, const struct supply_request *,
	    supply_done *, void *arg);
bool	enc_withdraw(struct supply_call *);
/* Frees locked memory: what pools and segments have open can be read again. */
void	enc_forget(struct env *);
/* Where the application is; NULL: registered nowhere or not a peer. */
struct peer *enc_peer_of(const struct env *, const char *sae);

#endif
