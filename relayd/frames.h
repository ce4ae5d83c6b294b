/* frames.h - which frame goes where, and how a bad one is answered. */
#ifndef RELAYD_FRAMES_H
#define RELAYD_FRAMES_H

#include "frame.h"

struct kx_peer;
struct relayd;

/* < 0: the connection must be closed, *why says why. */
int	frames_input(struct relayd *, struct kx_peer *, const struct frame *,
	    const char **why);

#endif
