/*
 * serveask.h - a command to a daemon's control socket, in the event loop: a
 * daemon that hangs keeps nobody waiting.
 */
#ifndef QKDCTL_SERVEASK_H
#define QKDCTL_SERVEASK_H

#include <event2/event.h>
#include <jansson.h>
#include <stddef.h>

#define SERVEASK_MAX	((size_t)16 << 20)	/* octets of an answer */
#define SERVEASK_S	4			/* from asking to its end */

struct serveask;

/* Once, never from within serveask_new(). The answer is an object without
 * "error", borrowed; NULL: why says what is wrong, cause as in node.h. */
typedef void serveask_done(void *arg, json_t *answer, const char *cause,
	    const char *why);

/* NULL: no memory. */
struct serveask *serveask_new(struct event_base *, const char *path,
	    const char *command, serveask_done *, void *arg);
void	serveask_free(struct serveask **);	/* done is not called */
/* Pure. One answer, hostile: a new object, or NULL and why. */
json_t	*serveask_read(const char *p, size_t octets, char why[160]);

#endif
