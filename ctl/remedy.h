/* remedy.h - pure: what an operator does next about what a daemon lacks. */
#ifndef CTL_REMEDY_H
#define CTL_REMEDY_H

#include <stddef.h>

#define REMEDY_TEXT	512
#define REMEDY_ZEROIZED	"move " SYSCONFDIR "/qkdnode and " LOCALSTATEDIR \
	"/lib/qkdnode away, then qkdctl init; or qkdctl restore FILE, then " \
	"qkdctl init --restored"

/* `what` is a text of `missing` or `warnings` in the daemon's status. */
char	*remedy(char out[REMEDY_TEXT], const char *daemon, const char *what);

#endif
