/* run.h - runs another program, without a shell. */
#ifndef CTL_RUN_H
#define CTL_RUN_H

#include <stddef.h>

/*
 * Its exit code, or -1 if it did not run or was killed. What it writes to
 * stdout and stderr goes to `out`, as far as there is room, with a NUL.
 */
int	run(char *const argv[], char *out, size_t room);

#endif
