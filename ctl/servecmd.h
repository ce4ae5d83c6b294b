/* servecmd.h - qkdctl serve: status page and metrics on loopback. */
#ifndef CTL_SERVECMD_H
#define CTL_SERVECMD_H

#include "call.h"

int	servecmd(const struct call *, int argc, char **argv);

#endif
