/*
 * editcmd.h - qkdctl link, peer, application: what an operator adds to a node
 * or removes. The files of all daemons concerned change together.
 */
#ifndef CTL_EDITCMD_H
#define CTL_EDITCMD_H

#include "call.h"

/* argv[0] is the command. Each returns the exit code. */
int	linkcmd(const struct call *, int argc, char **argv);
int	peercmd(const struct call *, int argc, char **argv);
int	applicationcmd(const struct call *, int argc, char **argv);

#endif
