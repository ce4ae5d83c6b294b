/* keycmd.h - qkdctl rotate-key, qkdctl zeroize. */
#ifndef CTL_KEYCMD_H
#define CTL_KEYCMD_H

#include "call.h"

/* argv[0] is the command. Each returns the exit code. */
int	rotatecmd(const struct call *, int argc, char **argv);
int	zeroizecmd(const struct call *, int argc, char **argv);

#endif
