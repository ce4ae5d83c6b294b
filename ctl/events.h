/*
 * events.h - the last events of all daemons, in the order of time.
 */
#ifndef CTL_EVENTS_H
#define CTL_EVENTS_H

#include <jansson.h>
#include <stddef.h>

#include "call.h"

#define EVENTS_LINE	1024

/*
 * Pure. Appends what a daemon answered to its "events" to a list, as objects
 * with time_ms, daemon, level, text; other things are passed over.
 */
void	events_add(json_t *list, const char *daemon, const json_t *answer);
/* The list by time; of the same time in the order in which they came. */
json_t	*events_sorted(const json_t *list);
/* One of them for people, without a newline. */
char	*events_line(char out[EVENTS_LINE], const json_t *event);
int	events_run(const struct call *, int argc, char **argv);

#endif
