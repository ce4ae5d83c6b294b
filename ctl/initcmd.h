/* initcmd.h - qkdctl init is a script beside the daemons. */
#ifndef CTL_INITCMD_H
#define CTL_INITCMD_H

#include "call.h"

/* argv[0] is "init". Becomes the script; returns only if that failed. */
int	initcmd(const struct call *, int argc, char **argv);

#endif
