/*
 * history.h - figures over the last hours, in steps of equal length; as much
 * memory as it ever takes is known from the start. No clock, no sockets.
 */
#ifndef CTL_HISTORY_H
#define CTL_HISTORY_H

#include <jansson.h>
#include <stdint.h>

#define HISTORY_STEP_MS	10000
#define HISTORY_STEPS	2160	/* six hours */
#define HISTORY_SERIES	128
#define HISTORY_NAME	160

struct history;

struct history *history_new(void);	/* NULL: no memory */
void	history_free(struct history **);
/* A new step begins, in which nothing is known yet; ms since 1970. */
void	history_begin(struct history *, uint64_t ms);
/* A value of this step. A series that has no room is left out. */
void	history_put(struct history *, const char *series, double);
/*
 * {"step_ms", "end_ms", "first", "next", "series": {name: [...]}} from step
 * number `since` on, as far as there is any; null: not known. The next time
 * ask from "next" on. NULL: no memory.
 */
json_t	*history_json(const struct history *, uint64_t since);

#endif
