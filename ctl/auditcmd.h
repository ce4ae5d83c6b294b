/* auditcmd.h - qkdctl audit: the record of what happened to keys. */
#ifndef CTL_AUDITCMD_H
#define CTL_AUDITCMD_H

#include "call.h"

#define AUDITCMD_ARGS	"{verify | show} ..."

/* argv[0] is "audit". */
int	auditcmd(const struct call *, int argc, char **argv);

#endif
