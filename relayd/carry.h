/* carry.h - control messages of kma and ksa, 0x11C0 and 0x11C1, hop by hop. */
#ifndef RELAYD_CARRY_H
#define RELAYD_CARRY_H

#include "frame.h"
#include "kxjson.h"
#include "msg.h"

struct kx_peer;
struct relayd;

/* Along our own route to `km`. What cannot be sent is counted: the sender
 * repeats what matters. */
void	carry_send(struct relayd *, enum kx_command, const char *km,
	    struct msg_view body);
/* From a peer: for us, or on to the next hop. -E_BAD_FORMAT and *why. */
int	carry_frame(struct relayd *, struct kx_peer *, const struct frame *,
	    const char **why);

#endif
