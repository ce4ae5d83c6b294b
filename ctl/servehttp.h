/*
 * servehttp.h - HTTP/1.1 for the status page: one request on a connection,
 * one answer, an absolute deadline for both. When there are too many
 * connections, the oldest goes.
 */
#ifndef CTL_SERVEHTTP_H
#define CTL_SERVEHTTP_H

#include <event2/event.h>
#include <stddef.h>

#include "serverequest.h"

struct servehttp;

struct servehttp_answer {
	const char	*type;		/* of the content */
	const void	*body;		/* lives as long as the program, or */
	char		*own;		/* is this, to be freed */
	size_t		 len;
};

/* 200, or a status that says that there is no answer: 500, 503. */
typedef int servehttp_get(void *arg, const struct serverequest *,
	    struct servehttp_answer *);

/* Listens on "host:port". Errors are logged; NULL. */
struct servehttp *servehttp_new(struct event_base *, const char *address,
	    const struct serverequest_hosts *, servehttp_get *, void *arg);
void	servehttp_free(struct servehttp **);

#endif
