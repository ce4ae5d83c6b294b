/*
 * ctl.h - the control socket of a daemon: a UNIX stream socket on which root
 * and the daemon's own user send one line and get one JSON object. It is
 * apart from the data sockets; no key can be asked for here.
 */
#ifndef QKD_CTL_H
#define QKD_CTL_H

#include <event2/event.h>
#include <jansson.h>

struct ctl;

/*
 * args[0] is the command. The handler returns a new object, which ctl
 * sends and frees; for an error an object with "error".
 */
typedef json_t	*ctl_handler(void *arg, int nargs, char **args);

#define CTL_ARGS_MAX	16
/* Also answers "help" from `help`. The socket is made 0660. */
int	ctl_listen(struct ctl **, struct event_base *, const char *path,
	    const char *help, ctl_handler *, void *arg);
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
