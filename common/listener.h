/* listener.h - a listening TCP socket in the event loop. */
#ifndef QKD_LISTENER_H
#define QKD_LISTENER_H

#include <event2/event.h>

struct listener;

/*
 * "host:port" to a listening socket that calls fn for each accepted fd (non-
 * blocking, TCP_NODELAY), which fn owns; at most max_per_turn per loop turn.
 * Errors are logged.
 */
struct listener *listener_new(struct event_base *, const char *address,
	    unsigned max_per_turn, void (*fn)(void *arg, int fd), void *arg);
void	listener_free(struct listener **);

#endif
