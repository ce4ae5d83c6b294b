/* saecmd.h - qkdctl sae: an application's keys on the command line. */
#ifndef CTL_SAECMD_H
#define CTL_SAECMD_H

#include "call.h"

/* argv[0] is "sae". Returns the exit code; asks no daemon of this node. */
int	saecmd(const struct call *, int argc, char **argv);

#endif
