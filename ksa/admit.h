/*
 * admit.h - Get key calls and the quotas of their application: octets are
 * taken before keys are cut, waited for, and given back if none were.
 */
#ifndef KSA_ADMIT_H
#define KSA_ADMIT_H

#include "ksa/env.h"

int	admit_new(struct admit **, struct env *);
void	admit_free(struct admit **);
/* The quotas of the configuration, which has changed. */
int	admit_reload(struct admit *);
/* For others than Get key: at once or not, -E_NO_KEY. It was not drawn. */
struct quota_draw;
int	admit_charge(struct admit *, const struct quota_draw *);
void	admit_return(struct admit *, const struct quota_draw *);
/* The daemon ends: whoever waits is told. */
void	admit_stop(struct admit *);
unsigned admit_length(const struct admit *);
/* Octets that may be drawn now, and ever at once; UINT64_MAX: no quota. */
void	admit_left(struct admit *, const char *master, const char *slave,
	    uint64_t *left, uint64_t *most);

#endif
