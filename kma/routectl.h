/* routectl.h - the control command "route": shows ways, sets and clears. */
#ifndef KMA_ROUTECTL_H
#define KMA_ROUTECTL_H

#include "ctltable.h"

struct kma;

/* route, route set, route clear; run with a kma. */
extern const struct ctl_command	routectl_commands[];
/* Adds what is wrong with routes that were set. */
void	 routectl_missing(struct kma *, json_t *list);

#endif
