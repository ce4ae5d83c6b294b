/* line.h - Get key calls that wait until the pool of a peer has enough. */
#ifndef KSA_LINE_H
#define KSA_LINE_H

#include "ksa/peer.h"

/* The stock grew, or the peer became usable. */
void	line_retry(struct peer *);
/* The daemon ends: whoever waits is told. */
void	line_stop(struct peer *);
unsigned line_length(const struct peer *);

#endif
