/* backupcmd.h - qkdctl backup, qkdctl restore. */
#ifndef CTL_BACKUPCMD_H
#define CTL_BACKUPCMD_H

#include "call.h"

int	backupcmd(const struct call *, int argc, char **argv);
int	restorecmd(const struct call *, int argc, char **argv);

#endif
