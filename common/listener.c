#include "listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "err.h"
#include "ident.h"
#include "log.h"

#define BACKLOG		1024
#define REST_MS		100	/* without a free descriptor */
#define COMPLAIN_MS	10000

struct listener {
	struct event	*readable, *rested;
	int		 fd;
	unsigned	 max;
	void		(*fn)(void *, int);
	void		*arg;
	bool		 accepting, gone;	/* freed by fn() */
	uint64_t	 complained;
};

/* No descriptors left: the queue stays readable, so look away a while. */
static void
rest(struct listener *l, int error)
{
	static const struct timeval	pause = { .tv_usec = REST_MS * 1000 };
	uint64_t	now = mono_ms();

	if (l->complained == 0 || now - l->complained > COMPLAIN_MS) {
		log_err("connections cannot be accepted", "reason=%s",
		    log_quote(strerror(error)));
		l->complained = now;
	}
	if (event_add(l->rested, &pause) == 0)
		event_del(l->readable);
}

static void
on_rested(evutil_socket_t fd, short what, void *arg)
{
	struct listener	*l = arg;

	(void)fd, (void)what;
	event_add(l->readable, NULL);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct listener	*l = arg;

	(void)what;
	l->accepting = true;
	for (unsigned n = 0; n < l->max && !l->gone; n++) {
		int	c = accept4(fd, NULL, NULL,
			    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (c >= 0) {
			l->fn(l->arg, c);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			rest(l, errno);
		/* Anything else concerns the one connection only. */
		if (errno != ECONNABORTED && errno != EINTR)
			break;
	}
	l->accepting = false;
	if (l->gone)
		listener_free(&l);
}

static int
open_socket(const char *address)
{
	struct addrinfo	*ai = NULL;
	int		 fd = -1, one = 1;

	if (address_find(address, true, &ai) < 0) {
		log_err("not an address to listen on", "address=%s",
		    log_quote(address));
		return -1;
	}
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0 ||
	    bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		log_err("cannot listen", "address=%s reason=%s",
		    log_quote(address), log_quote(strerror(errno)));
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(ai);
	return fd;
}

struct listener *
listener_new(struct event_base *base, const char *address,
    unsigned max_per_turn, void (*fn)(void *, int), void *arg)
{
	struct listener	*l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return NULL;
	l->fn = fn;
	l->arg = arg;
	l->max = max_per_turn;
	if ((l->fd = open_socket(address)) < 0)
		goto fail;
	l->readable = event_new(base, l->fd, EV_READ | EV_PERSIST,
	    on_readable, l);
	l->rested = event_new(base, -1, 0, on_rested, l);
	if (l->readable != NULL && l->rested != NULL &&
	    event_add(l->readable, NULL) == 0)
		return l;
fail:
	listener_free(&l);
	return NULL;
}

void
listener_free(struct listener **lp)
{
	struct listener	*l = *lp;

	*lp = NULL;
	if (l == NULL)
		return;
	l->gone = true;
	if (l->accepting) {
		event_del(l->readable);
		return;
	}
	if (l->readable != NULL)
		event_free(l->readable);
	if (l->rested != NULL)
		event_free(l->rested);
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}
