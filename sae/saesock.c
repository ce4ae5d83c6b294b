#include "saesock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "err.h"
#include "ident.h"

/* A peer whose host is gone is noticed after 10 + 4 * 5 s. */
#define ALIVE_IDLE	10
#define ALIVE_EVERY	5
#define ALIVE_PROBES	4
#define POLL_MAX	60000		/* ms; int */

/* 0 when the socket is ready; else fault says why not. */
static int
await(struct saesock *s, short events)
{
	struct pollfd	p[2] = { { .fd = s->fd, .events = events },
			    { .fd = s->stop, .events = POLLIN } };
	uint64_t	now;
	int		n;

	for (;;) {
		if ((now = mono_ms()) >= s->deadline) {
			s->fault = ETIMEDOUT;
			return -1;
		}
		n = poll(p, 2, s->deadline - now < POLL_MAX ?
		    (int)(s->deadline - now) : POLL_MAX);
		if (n > 0 && p[1].revents != 0) {
			s->fault = ECANCELED;
			return -1;
		}
		if (p[0].revents != 0 && n > 0)
			return 0;
		if (n < 0 && errno != EINTR) {
			s->fault = errno;
			return -1;
		}
	}
}

static bool
again(int n)
{
	return n < 0 && (errno == EINTR || errno == EAGAIN);
}

static int
bio_write(BIO *bio, const char *p, int len)
{
	struct saesock	*s = BIO_get_data(bio);
	int		 n;

	BIO_clear_retry_flags(bio);
	do {
		if (s->deadline != SAESOCK_NOW && await(s, POLLOUT) < 0)
			return -1;
		n = (int)send(s->fd, p, (size_t)len, MSG_NOSIGNAL);
	} while (again(n) && s->deadline != SAESOCK_NOW);
	if (again(n))
		BIO_set_retry_write(bio);
	else if (n < 0)
		s->fault = errno;
	return n;
}

static int
bio_read(BIO *bio, char *p, int room)
{
	struct saesock	*s = BIO_get_data(bio);
	int		 n;

	BIO_clear_retry_flags(bio);
	do {
		if (s->deadline != SAESOCK_NOW && await(s, POLLIN) < 0)
			return -1;
		n = (int)recv(s->fd, p, (size_t)room, 0);
	} while (again(n) && s->deadline != SAESOCK_NOW);
	if (again(n))
		BIO_set_retry_read(bio);
	else if (n < 0)
		s->fault = errno;
	return n;
}

static long
bio_ctrl(BIO *bio, int cmd, long arg, void *p)
{
	(void)bio, (void)arg, (void)p;
	return cmd == BIO_CTRL_FLUSH;
}

static BIO_METHOD	*method;

static void
make_method(void)
{
	int	type = BIO_get_new_index();

	if (type == -1 || (method = BIO_meth_new(type |
	    BIO_TYPE_SOURCE_SINK, "qkdnode sae")) == NULL)
		return;
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_ctrl(method, bio_ctrl);
}

BIO *
saesock_bio(struct saesock *s)
{
	static pthread_once_t	 once = PTHREAD_ONCE_INIT;
	BIO			*bio;

	pthread_once(&once, make_method);
	if (method == NULL || (bio = BIO_new(method)) == NULL)
		return NULL;
	BIO_set_data(bio, s);
	BIO_set_init(bio, 1);
	return bio;
}

static void
set_options(int fd)
{
	const struct {
		int	level, name, value;
	} options[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, ALIVE_IDLE },
		{ IPPROTO_TCP, TCP_KEEPINTVL, ALIVE_EVERY },
		{ IPPROTO_TCP, TCP_KEEPCNT, ALIVE_PROBES },
		/* The same while there is something to be acknowledged. */
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, 1000 * (ALIVE_IDLE +
		    ALIVE_EVERY * ALIVE_PROBES) },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		(void)setsockopt(fd, options[i].level, options[i].name,
		    &options[i].value, sizeof(options[i].value));
}

static int
dial_one(struct saesock *s, const struct addrinfo *a)
{
	socklen_t	len = sizeof(s->fault);

	s->fault = 0;
	if ((s->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, a->ai_protocol)) < 0)
		goto fail;
	set_options(s->fd);
	if (connect(s->fd, a->ai_addr, a->ai_addrlen) < 0 &&
	    errno != EINPROGRESS)
		goto fail;
	if (await(s, POLLOUT) < 0 || getsockopt(s->fd, SOL_SOCKET, SO_ERROR,
	    &s->fault, &len) < 0 || s->fault != 0)
		goto fail;
	return 0;
fail:
	if (s->fault == 0)
		s->fault = errno;
	saesock_close(s);
	return -1;
}

int
saesock_error(const struct saesock *s)
{
	return s->fault == ETIMEDOUT ? E_TIMEOUT :
	    s->fault == ECANCELED ? E_STOPPED : E_DOWN;
}

int
saesock_dial(struct saesock *s, const char *kme, struct saewhy *w)
{
	struct addrinfo	*list;
	int		 r;

	if ((r = address_find(kme, false, &list)) == -E_BAD_FORMAT)
		return saewhy_set(w, E_RANGE, "\"%s\" is not an address "
		    "of a KME: HOST:PORT expected", kme);
	if (r < 0)
		return saewhy_set(w, E_DOWN, "no address for \"%s\" is found: "
		    "is the host name right?", kme);
	for (struct addrinfo *a = list; a != NULL && s->fd < 0 &&
	    s->fault != ECANCELED; a = a->ai_next)
		dial_one(s, a);
	freeaddrinfo(list);
	if (s->fd >= 0)
		return 0;
	return saewhy_set(w, saesock_error(s), "no connection to the KME at "
	    "%s: %s", kme, strerror(s->fault));
}

void
saesock_close(struct saesock *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}
