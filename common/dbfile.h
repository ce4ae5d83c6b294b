/* dbfile.h - the files of a key store: made, checked, held by one process. */
#ifndef QKD_DBFILE_H
#define QKD_DBFILE_H

#include <stdbool.h>

#define DBFILE_REMEDY	"stop the daemon, move this file and its -wal and " \
	"-shm aside, start again: its keys are lost and will be voided at " \
	"both ends"

/*
 * Makes the file with mode 0640 if there is none, else checks that it is a
 * regular file of our user that others can neither read nor write. Errors
 * are logged.
 */
int	dbfile_prepare(const char *path);
/*
 * Only one process may write a key store: two would use keys twice. A
 * descriptor to give back, or -E_BUSY, -E_SYSTEM; logged.
 */
int	dbfile_lock(const char *path);
void	dbfile_unlock(int fd);
/* Too large for a full check at each start. */
bool	dbfile_is_large(const char *path);

#endif
