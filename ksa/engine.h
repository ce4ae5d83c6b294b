/*
 * engine.h - the engine apart from its links to kma and relayd, which a test
 * replaces. supply_new() of supply.h makes both.
 */
#ifndef KSA_ENGINE_H
#define KSA_ENGINE_H

#include "ksa/env.h"
#include "ksa/supply.h"

int	engine_new(struct supply **, struct event_base *,
	    const struct ksa_conf *, const struct sae_book *,
	    const struct engine_ops *, void *arg);
void	engine_free(struct supply **);
/* What kma and relayd say by themselves. */
void	engine_from_kma(struct supply *, const struct msg *);
void	engine_from_relayd(struct supply *, const struct msg *);
/* The link to relayd is gone: nobody can be reached. */
void	engine_no_relayd(struct supply *);
void	engine_kma_up(struct supply *);
struct env *engine_env(struct supply *);

#endif
