/* confineint.h - the two halves of confine.c. */
#ifndef QKD_CONFINEINT_H
#define QKD_CONFINEINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "confine.h"

/* landlock's rights of this kind of place, on files or on directories, as
 * far as that version of its interface knows them. */
uint64_t	 confine_rights(enum confine_what, bool dir, int abi);
/* What that version cannot refuse, for the log; NULL: nothing. */
const char	*confine_lacks(int abi);
/* The port of "host:port"; -1: there is none. */
int		 confine_port(const char *address);
/* The version there is; 0 and errno: none. */
int		 confine_abi(void);

struct confine_rules { const struct confine_place *v; size_t n; };

/* 0 or -1 with errno. */
int		 confine_landlock(int abi, const struct confine_rules *,
		    size_t);
/* 0 or a negative errno. */
int		 confine_seccomp(unsigned calls);

#endif
