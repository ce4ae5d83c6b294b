/*
 * enc.h - Get key: cut, commit, answer. Requests wait in line per peer while
 * its pool is too short; those of one loop turn are committed together.
 */
#ifndef KSA_ENC_H
#define KSA_ENC_H

#include "ksa/calls.h"
#include "ksa/peer.h"

struct enc_batch;

int	enc_batch_new(struct enc_batch **, struct env *);
/* Tells those whose commit has not begun. */
void	enc_batch_stop(struct enc_batch *);
void	enc_batch_free(struct enc_batch **);
/* NULL: answered already. */
struct supply_call *enc_call(struct env *, const char *master,
	    const char *slave, uint32_t number, uint32_t octets,
	    supply_done *, void *arg);
void	enc_cancel(struct supply_call *);
/* The stock grew, or the peer became usable. */
void	enc_retry(struct peer *);
/* The daemon ends: whoever waits is told. */
void	enc_stop(struct peer *);
unsigned enc_waiting(const struct peer *);
/* Where the application is; NULL: registered nowhere or not a peer. */
struct peer *enc_peer_of(const struct env *, const char *sae);

#endif
