/*
 * wishing.h - Get key calls that wait although there is enough key: none of it
 * is as they wish, but what comes may be. They do not stand in a line: others
 * can be served meanwhile.
 */
#ifndef KSA_WISHING_H
#define KSA_WISHING_H

#include "ksa/env.h"

int	wishing_new(struct wishing **);
void	wishing_free(struct wishing **);
/* Each 100 ms, and when key came. */
void	wishing_retry(struct env *);
/* The daemon ends: whoever waits is told. */
void	wishing_stop(struct wishing *);

#endif
