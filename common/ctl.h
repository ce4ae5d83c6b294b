/*
 * ctl.h - the control socket of a daemon: a UNIX stream socket on which one
 * line is sent and one JSON object comes back. It is apart from the data
 * sockets; no key can be asked for here. Who may connect, by the modes of
 * directory and socket, and is root, the daemon's own user, or a member of
 * the socket's group may look; only the first two may change something.
 */
#ifndef QKD_CTL_H
#define QKD_CTL_H

#include <event2/event.h>
#include <jansson.h>

#include "ctltable.h"

struct ctl;

#define CTL_ARGS_MAX	16
/* Without commands but "help" and those of about.h, which also adds to what
 * "status" says. The socket is made 0660. */
int	ctl_listen(struct ctl **, struct event_base *, const char *path);
/* Adds a table of commands, each run with `arg`. The table must live as long
 * as the socket. Whose command comes in two tables, the earlier has it.
 * -E_NO_MEMORY. */
int	ctl_commands(struct ctl *, const struct ctl_command *, void *arg);
void	ctl_free(struct ctl **);
/*
 * Pure: cuts a line at blanks, in place; "..." keeps blanks, with \" and \\.
 * The number of arguments, -E_TOO_LARGE, or -E_BAD_FORMAT.
 */
int	ctl_split(char *line, char *args[CTL_ARGS_MAX]);
/* {"error": text} */
json_t	*ctl_error(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2)));

#endif
