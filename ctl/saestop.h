/*
 * saestop.h - SIGTERM and SIGINT end what waits at once, and what is at work
 * with keys when that is done.
 */
#ifndef CTL_SAESTOP_H
#define CTL_SAESTOP_H

#include <stdbool.h>
#include <stdint.h>

#include "sae/qkdnode-sae.h"

/* From now on; NULL: no longer. */
void	saestop_watch(struct qkdsae *);
bool	saestop_asked(void);
/* Keys are being handed on: let that be finished. */
void	saestop_busy(bool);
/* A second, unless it was asked to end. */
void	saestop_pause(void);
/* Milliseconds, whatever is done to the machine's date. */
int64_t	saestop_clock(void);

#endif
