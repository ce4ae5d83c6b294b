/* serve.h - answers kma's pulls, and the operator on the control socket. */
#ifndef QKDMOD_SERVE_H
#define QKDMOD_SERVE_H

#include <event2/event.h>

#include "qkdmod.h"

struct serve;

/* Opens the module and both sockets; errors are logged. */
int	serve_new(struct serve **, struct event_base *,
	    const struct qkdmod_conf *);
void	serve_free(struct serve **);

#endif
