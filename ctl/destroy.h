/* destroy.h - files whose content must go, and who has them open. */
#ifndef CTL_DESTROY_H
#define CTL_DESTROY_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Overwrites, empties and removes a file; 0 also if there is none. It needs no
 * room on the disk. -1 and errno: something of it is left.
 */
int	destroy_file(const char *path);
/* Whether there is nothing of that name. */
bool	destroy_gone(const char *path);
/*
 * Calls fn for each process that has a file open whose path begins so, also if
 * that is removed. 0, or -1: /proc cannot be read.
 */
int	destroy_holders(const char *path,
	    void (*fn)(void *arg, pid_t, const char *path), void *arg);

#endif
