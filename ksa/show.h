/*
 * show.h - lists for operators: applications, sessions, requests of keys. Each
 * answer is bounded, and none holds key or what could name an unused one.
 */
#ifndef KSA_SHOW_H
#define KSA_SHOW_H

#include <jansson.h>

#include "ctltable.h"
#include "ksa/env.h"

#define SHOW_ROWS	1000	/* in one answer */
#define SHOW_REQUESTS	50

/* saes, sessions, keys; with a struct env *. */
extern const struct ctl_command	show_commands[];
/* showkeys.c: requests made before that number, the newest first. */
json_t	*show_keys(const struct env *, uint64_t before);

#endif
