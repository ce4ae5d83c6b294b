/* user.h - who is expected on a socket, as the configuration names it. */
#ifndef QKD_USER_H
#define QKD_USER_H

#include <sys/types.h>

/*
 * A user's name, or a decimal number, or "" for anyone (IPC_ANY_UID: the
 * socket's directory alone decides). -E_NOT_FOUND, logged.
 */
int	user_uid(const char *name, uid_t *);

#endif
