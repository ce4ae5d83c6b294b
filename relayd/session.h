/*
 * session.h - messages about sessions between two KSAs, hop by hop: 0x1103 and
 * 0x1104 (Q.4163 8.3, 8.4), 0x11C4 and 0x11C5. A response goes the way of its
 * request back, under its MessageID, where that is remembered.
 */
#ifndef RELAYD_SESSION_H
#define RELAYD_SESSION_H

#include "frame.h"
#include "msg.h"

struct kx_peer;
struct relayd;

/* From ksa. What cannot be sent is counted: ksa has a clock for the answer. */
void	session_send(struct relayd *, const struct msg_session_out *);
/* From a peer: for us, or on to the next hop. -E_BAD_FORMAT and *why. */
int	session_frame(struct relayd *, struct kx_peer *, const struct frame *,
	    const char **why);
/* The answer to a malformed request. */
void	session_refuse(struct relayd *, struct kx_peer *,
	    const struct frame *, const char *why);

#endif
