/* remedy.h - pure: what an operator does next about what a daemon lacks. */
#ifndef CTL_REMEDY_H
#define CTL_REMEDY_H

#include <stddef.h>

#define REMEDY_TEXT	512

/* `what` is a text of `missing` or `warnings` in the daemon's status. */
char	*remedy(char out[REMEDY_TEXT], const char *daemon, const char *what);

#endif
