/* show.h - subcommands that show the node: status and lists. */
#ifndef CTL_SHOW_H
#define CTL_SHOW_H

#include "call.h"

/* Exit code: that of the verdict. */
int	status_run(const struct call *, int argc, char **argv);
/* links, pools, peers, routes, saes, sessions, keys; argv[0] says which. */
int	list_run(const struct call *, int argc, char **argv);

#endif
