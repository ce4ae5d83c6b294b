/* user.c - the user names in configuration files. */
#include "user.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>

#include "err.h"
#include "ipc.h"

int
user_uid(const char *name, uid_t *uid)
{
	struct passwd	*pw;
	char		*end;
	unsigned long	 n;

	*uid = IPC_ANY_UID;
	if (*name == '\0')
		return 0;
	errno = 0;
	n = strtoul(name, &end, 10);
	if (*end == '\0' && errno == 0 && n < IPC_ANY_UID) {
		*uid = (uid_t)n;
		return 0;
	}
	if ((pw = getpwnam(name)) == NULL)
		return -E_NOT_FOUND;
	*uid = pw->pw_uid;
	return 0;
}
