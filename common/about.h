/*
 * about.h - what each daemon tells of itself on its control socket: version,
 * since when it runs, and its last events (log lines of level notice and
 * worse, which hold no key bytes).
 */
#ifndef QKD_ABOUT_H
#define QKD_ABOUT_H

#include <jansson.h>

#include "ctltable.h"

#define ABOUT_EVENTS	300	/* so many are kept */

/* Remembers the time; from now on log lines are kept. */
void	about_start(void);
/* Adds "version", "pid", "started_ms" (since 1970) to a status. */
void	about_add(json_t *status);
/* "events [SINCE]"; without argument. */
extern const struct ctl_command	about_commands[];

#endif
