/* generic.h - qkdctl DAEMON COMMAND: what a daemon itself answers. */
#ifndef CTL_GENERIC_H
#define CTL_GENERIC_H

#include "call.h"

/* argv[0] is the daemon. Returns the exit code. */
int	generic(const struct call *, int argc, char **argv);
/* The ways of key relay are kma's, but an operator need not know. */
int	generic_route(const struct call *, int argc, char **argv);

#endif
