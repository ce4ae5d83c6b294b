/* conn.c - a connection's life, and what its owner calls. */
#include "connimpl.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "err.h"
#include "ident.h"
#include "tlsverify.h"

/* What the network has not asked for yet waits in our queue, which has a
 * limit, and not in the kernel: that takes megabytes of each connection. */
#define UNSENT_MAX	131072

void
conn_hold(struct conn *c)
{
	c->held++;
}

static void
conn_free(struct conn *c)
{
	if (c->rev != NULL)
		event_free(c->rev);
	if (c->wev != NULL)
		event_free(c->wev);
	if (c->ssl != NULL) {
		/* Else the session could not be resumed. */
		if (c->shaken && !c->broken)
			SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN |
			    SSL_RECEIVED_SHUTDOWN);
		SSL_free(c->ssl);
	}
	ERR_clear_error();
	bytequeue_free(&c->in);
	bytequeue_free(&c->out);
	if (c->loop != NULL)
		connloop_put(c->loop);
	close(c->fd);
	free(c);
}

void
conn_release(struct conn *c)
{
	if (--c->held == 0 && c->state == DEAD)
		conn_free(c);
}

void
conn_want_read(struct conn *c, bool on)
{
	if (on != c->r_on &&
	    (on ? event_add(c->rev, NULL) : event_del(c->rev)) == 0)
		c->r_on = on;
}

void
conn_want_write(struct conn *c, bool on)
{
	if (on != c->w_on &&
	    (on ? event_add(c->wev, NULL) : event_del(c->wev)) == 0)
		c->w_on = on;
}

void
conn_close(struct conn *c, const char *why)
{
	if (c->state == DEAD)
		return;
	if (c->state == OPEN && !c->broken && c->out.len == 0) {
		ERR_clear_error();
		SSL_shutdown(c->ssl);	/* a courtesy: may fail */
	}
	c->state = DEAD;
	conn_want_read(c, false);
	conn_want_write(c, false);
	connloop_remove(c->loop, &c->item);
	conn_hold(c);
	connshake_take_back(c);
	c->ops->closed(c->arg, c, why);
	conn_release(c);
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* When something ends this connection if nothing happens; and what. */
static uint64_t
next_due(const struct conn *c, const char **what)
{
	uint64_t	at = earlier(c->due, c->write_due);

	if (c->unconfirmed)
		return 1;	/* at every tick */
	if (at == 0 && c->lim.idle_ms > 0 && c->state == OPEN && !c->paused) {
		*what = "idle";
		return c->last_input + c->lim.idle_ms;
	}
	*what = at == c->write_due ? "peer does not read" : c->due_what;
	return at;
}

void
conn_rearm(struct conn *c)
{
	const char	*what;
	uint64_t	 at = next_due(c, &what);

	if (at != 0 && c->state != DEAD)
		connloop_due(c->loop, &c->item, at);
}

static void
on_due(struct connloop_item *item, uint64_t now)
{
	struct conn	*c = (struct conn *)item;
	const char	*what;
	uint64_t	 at = next_due(c, &what);

	conn_hold(c);
	if (c->unconfirmed)
		connio_linger(c, now);
	else if (at != 0 && at <= now)
		conn_close(c, what);
	conn_rearm(c);
	conn_release(c);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn	*c = arg;

	(void)fd, (void)what;
	conn_hold(c);
	if (c->state == SHAKING)
		connshake_later(c);
	else if (c->state == OPEN)
		connio_read(c);
	else if (c->state == LINGERING)
		connio_discard(c);
	else
		conn_want_read(c, false);
	conn_release(c);
}

static void
connected(struct conn *c)
{
	socklen_t	len = sizeof(int);
	int		error = 0;

	c->connecting = false;
	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0)
		conn_close(c, strerror(error));
	else
		connshake_later(c);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn	*c = arg;

	(void)fd, (void)what;
	conn_hold(c);
	if (c->connecting) {
		connected(c);
	} else if (c->state == SHAKING) {
		connshake_later(c);
	} else {
		conn_want_write(c, false);	/* comes back if it must */
		if (c->state == OPEN || c->state == FINISHING)
			connio_flush(c);
		if (c->state == OPEN)
			connio_resume(c);
	}
	conn_release(c);
}

static const struct connloop_ops loop_ops = {
	.due = on_due,
	.flush = connio_on_flush,
	.again = connio_on_again,
	.shake = connshake_on_turn,
};

static int
attach(struct conn *c, struct event_base *base, SSL_CTX *ctx)
{
	int	one = 1, unsent = UNSENT_MAX;

	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent,
	    sizeof(unsent));
	address_peer(c->fd, c->address);
	connshake_init(c);
	if ((c->loop = connloop_get(base, &loop_ops)) == NULL ||
	    (c->ssl = SSL_new(ctx)) == NULL ||
	    SSL_set_fd(c->ssl, c->fd) != 1)
		return -E_NO_MEMORY;
	if (c->lim.abrupt_is_gone)
		SSL_clear_options(c->ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
	if (c->server)
		SSL_set_accept_state(c->ssl);
	else
		SSL_set_connect_state(c->ssl);
	c->rev = event_new(base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
	c->wev = event_new(base, c->fd, EV_WRITE | EV_PERSIST, on_writable,
	    c);
	if (c->rev == NULL || c->wev == NULL)
		return -E_NO_MEMORY;
	if (c->server)
		conn_want_read(c, true);
	else
		conn_want_write(c, true);
	return c->r_on || c->w_on ? 0 : -E_SYSTEM;
}

struct conn *
conn_new(struct event_base *base, SSL_CTX *ctx, int fd, bool server,
    const struct conn_limits *lim, const struct conn_ops *ops, void *arg)
{
	struct conn	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL) {
		close(fd);
		return NULL;
	}
	c->fd = fd;
	c->server = server;
	c->connecting = !server;
	c->lim = *lim;
	c->ops = ops;
	c->arg = arg;
	if (attach(c, base, ctx) < 0) {
		conn_free(c);
		return NULL;
	}
	c->due = mono_ms() + lim->handshake_ms;
	c->due_what = "handshake takes too long";
	conn_rearm(c);
	return c;
}

uint8_t *
conn_reserve(struct conn *c, size_t len)
{
	if (c->state > OPEN)
		return NULL;
	if (c->out.p == NULL)
		connloop_lend(c->loop, &c->out);
	return bytequeue_reserve(&c->out, len);
}

void
conn_commit(struct conn *c, size_t used)
{
	bytequeue_commit(&c->out, used);
	c->queued += used;
	if (!c->reading && c->state == OPEN && !c->w_on)
		connloop_flush(c->loop, &c->item);
}

int
conn_write(struct conn *c, const void *p, size_t len)
{
	uint8_t	*room;

	if (c->state > OPEN)
		return -E_CLOSED;
	if ((room = conn_reserve(c, len)) == NULL)
		return -E_NO_MEMORY;
	memcpy(room, p, len);
	conn_commit(c, len);
	return 0;
}

void
conn_pause(struct conn *c, bool paused)
{
	c->paused = paused;
	if (!paused && !c->reading)
		connio_resume(c);
	if (c->state == OPEN)
		conn_rearm(c);
}

void
conn_deadline(struct conn *c, unsigned ms, const char *what)
{
	if (c->state != OPEN)
		return;
	c->due = ms > 0 ? mono_ms() + ms : 0;
	c->due_what = what;
	conn_rearm(c);
}

void
conn_finish(struct conn *c)
{
	if (c->state == SHAKING) {
		conn_close(c, "finished");
		return;
	}
	if (c->state != OPEN)
		return;
	c->state = FINISHING;
	c->due = 0;
	conn_want_read(c, false);
	connloop_flush(c->loop, &c->item);
}

const char *
conn_peer_address(const struct conn *c)
{
	return c->address;
}

int
conn_verify(struct conn *c, SSL_CTX *ctx, bool fresh, time_t *until,
    const char **why)
{
	int	r = tlsverify_peer(ctx, c->ssl, fresh, until);

	*why = tlsverify_refused(c->ssl);
	return r;
}

size_t
conn_output_queued(const struct conn *c)
{
	return c->out.len;
}

uint64_t
conn_source(const struct conn *c)
{
	return address_source(c->address);
}

uint64_t
conn_written(const struct conn *c)
{
	return c->queued;
}

/* Of what the peer's system has not confirmed, the end may be our farewell:
 * a close_notify and a FIN, which counts as one. */
uint64_t
conn_arrived(const struct conn *c)
{
	uint64_t	written = c->queued - c->out.len, tail;
	int		unconfirmed = 0;

	if (c->away || ioctl(c->fd, SIOCOUTQ, &unconfirmed) < 0)
		return 0;
	tail = BIO_number_written(SSL_get_wbio(c->ssl)) - c->sealed + c->fin;
	if ((uint64_t)unconfirmed <= tail)
		return written;
	return (uint64_t)unconfirmed - tail < written ?
	    written - ((uint64_t)unconfirmed - tail) : 0;
}

int
conn_dial(const char *address)
{
	struct addrinfo	*ai = NULL;
	int		 fd, r;

	if ((r = address_find(address, false, &ai)) < 0)
		return r;
	r = -E_SYSTEM;
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (fd < 0)
		goto out;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0 &&
	    errno != EINPROGRESS)
		goto out;
	r = fd;
out:
	if (r < 0 && fd >= 0)
		close(fd);
	freeaddrinfo(ai);
	return r;
}
