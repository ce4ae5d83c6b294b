#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>

#include "err.h"
#include "ipc.h"
#include "log.h"
#include "user.h"

static int
number(const char *name, uid_t *uid)
{
	unsigned long	 n;
	char		*end;

	errno = 0;
	n = strtoul(name, &end, 10);
	if (name[0] < '0' || name[0] > '9' || *end != '\0' || errno != 0 ||
	    n >= IPC_ANY_UID)
		return -E_NOT_FOUND;
	*uid = (uid_t)n;
	return 0;
}

int
user_uid(const char *name, uid_t *uid)
{
	struct passwd	*pw;

	*uid = IPC_ANY_UID;
	if (name[0] == '\0' || number(name, uid) == 0)
		return 0;
	if ((pw = getpwnam(name)) == NULL) {
		log_err("no such user", "name=%s", log_quote(name));
		return -E_NOT_FOUND;
	}
	*uid = pw->pw_uid;
	return 0;
}
