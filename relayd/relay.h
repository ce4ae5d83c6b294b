/* relay.h - key relay 0x1101 and its completion 0x1102, Q.4163 8.1, 8.2. */
#ifndef RELAYD_RELAY_H
#define RELAYD_RELAY_H

#include "frame.h"
#include "msg.h"

struct exchange;
struct kx_peer;
struct relay;
struct relayd;

int	relay_new(struct relay **, struct relayd *);
void	relay_free(struct relay **);
/* What is under way; messages about sessions are in it too. */
struct exchange *relay_exchange(struct relay *);

/* From kma. What cannot be sent is answered with a failure at once. */
void	relay_send(struct relayd *, const struct msg_relay_out *);
void	relay_send_done(struct relayd *, const struct msg_done_out *);

/* From a peer. -E_BAD_FORMAT and *why. */
int	relay_frame(struct relayd *, struct kx_peer *, const struct frame *,
	    const char **why);
int	relay_done_frame(struct relayd *, struct kx_peer *,
	    const struct frame *, const char **why);
/* The answer to a malformed 0x1101. */
void	relay_refuse(struct relayd *, struct kx_peer *, const struct frame *,
	    const char *why);

#endif
