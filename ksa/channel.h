/*
 * channel.h - the way to the KSA of a peer: the authlink and its control keys,
 * messages packed per loop turn; and messages in the open, which
 * authenticate themselves.
 */
#ifndef KSA_CHANNEL_H
#define KSA_CHANNEL_H

#include "ksa/peer.h"

/* `control`: the key in use, as stored. */
int	channel_new(struct channel **, struct peer *, uint64_t control);
void	channel_free(struct channel **);
void	channel_start(struct channel *);
void	channel_stop(struct channel *, const char *why);
void	channel_tick(struct channel *);
bool	channel_is_up(const struct channel *);
/* From the wire: hostile. */
void	channel_input(struct channel *, const uint8_t *, size_t len);
/* -E_DOWN, -E_TOO_LARGE, -E_NO_MEMORY. */
int	channel_send(struct channel *, const struct msg *);
/* With what else comes up in the next few ms: under load every payload
 * wakes two relayds and the peer. */
int	channel_send_soon(struct channel *, const struct msg *);
/* Somebody waits for what was sent soon. */
void	channel_hurry(struct channel *);
/*
 * At once, in a frame of its own: `frame` (session_out, all but peer and body)
 * says what of it stands in the open.
 */
int	channel_send_framed(struct channel *, const struct msg *,
	    const struct msg *frame);
int	channel_send_open(struct channel *, const struct msg *);
/* Inside the authlink if it is up, else in the open. */
int	channel_send_either(struct channel *, const struct msg *);

/*
 * Control keys: octets of each confirmed block are a candidate. run() is
 * for the job that confirms the block; the key goes to memory afterwards.
 */
int	channel_key_run(struct side *, int64_t peer, uint64_t id,
	    const uint8_t key[32]);
void	channel_key_done(struct channel *, uint64_t id,
	    const uint8_t key[32]);
/* Its name: the serial, and whether the higher KM drew it. */
uint64_t channel_key_id(const struct peer *, int direction, uint64_t serial);

#endif
