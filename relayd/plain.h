/*
 * plain.h - plain peers: KMs that know only the four messages of Q.4163, with
 * keys in clear inside TLS. They are no nodes: nothing is carried for them,
 * and they carry nothing.
 */
#ifndef RELAYD_PLAIN_H
#define RELAYD_PLAIN_H

#include <jansson.h>

#include "frame.h"
#include "ipc.h"
#include "msg.h"

struct kx_peer;
struct plain;
struct relayd;

int	plain_new(struct plain **, struct relayd *);
void	plain_free(struct plain **);
void	plain_peer_up(struct relayd *, struct kx_peer *);
void	plain_peer_down(struct relayd *, struct kx_peer *);
/* Which of them are there, after ksa came. */
void	plain_tell_ksa(struct relayd *);

/* From kma: plain_take (answers by ipc_reply()), plain_answer, plain_send. */
void	plain_from_kma(struct relayd *, struct ipc *, const struct msg *);

/* From a plain peer. As relay.h; 0x1103 is always refused. */
int	plain_relay(struct relayd *, struct kx_peer *, const struct frame *,
	    const char **why);
void	plain_refuse_relay(struct relayd *, struct kx_peer *,
	    const struct frame *, const char *why);
int	plain_notify(struct relayd *, struct kx_peer *,
	    const struct frame *, const char **why);
void	plain_refuse_notify(struct relayd *, struct kx_peer *,
	    const struct frame *, const char *why);
int	plain_notified(struct relayd *, struct kx_peer *,
	    const struct frame *, const char **why);

/* plainout.c: keys that kma gives to a plain peer. */
struct plainout;
int	plainout_new(struct plainout **, struct relayd *);
void	plainout_free(struct plainout **);
void	plainout_send(struct relayd *, struct ipc *,
	    const struct msg_plain_send *);
int	plainout_done(struct relayd *, struct kx_peer *,
	    const struct frame *, const char **why);
void	plainout_down(struct relayd *, struct kx_peer *);

#endif
