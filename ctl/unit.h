/* unit.h - what systemd does to the units of this node. */
#ifndef CTL_UNIT_H
#define CTL_UNIT_H

#include <stdbool.h>

/* Whether this machine runs under systemd. */
bool	unit_there(void);
/*
 * "systemctl WORDS UNIT", said on stdout with `why`. 0, or -1: said on stderr,
 * with what to look at.
 */
int	unit_do(const char *words, const char *unit, const char *why);

#endif
