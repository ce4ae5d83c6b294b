/* user.h - the user names in configuration files. */
#ifndef QKD_USER_H
#define QKD_USER_H

#include <sys/types.h>

/*
 * A name of the user database or a decimal number to a uid; "" is
 * IPC_ANY_UID. -E_NOT_FOUND: there is no such user.
 */
int	user_uid(const char *name, uid_t *uid);

#endif
