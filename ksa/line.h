/*
 * line.h - Get key calls that wait until the pool of a peer has enough, and
 * whose turn it is: each application the same (fair.h), its own calls in
 * their order.
 */
#ifndef KSA_LINE_H
#define KSA_LINE_H

#include "ksa/peer.h"

int	line_new(struct peer *);
void	line_free(struct peer *);
/* The stock grew, or the peer became usable. */
void	line_retry(struct peer *);
void	line_tick(struct peer *);
/* The daemon ends: whoever waits is told. */
void	line_stop(struct peer *);
unsigned line_length(const struct peer *);
/* Octets of the pool that this application can have at once. */
uint64_t line_allowance(const struct peer *, const char *master);

/* Whoever waits there for key over more node-disjoint paths than that. */
void	line_refuse(struct peer *, uint32_t paths);

#endif
