#include "conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "bytequeue.h"
#include "connloop.h"
#include "err.h"
#include "ident.h"
#include "tls.h"

#define RECORD		16384
#define READS_MAX	4	/* SSL_read calls before others have a turn */
#define HELD_MAX	RECORD	/* octets read ahead for a paused owner */
#define FINISH_MS	5000	/* to write the rest, if write_ms is 0 */
#define LINGER_MS	1000	/* for the peer to close after us */

enum state { SHAKING, OPEN, FINISHING, LINGERING, DEAD };

struct conn {
	struct connloop_item	 item;		/* first: casts rely on it */
	struct connloop		*loop;
	SSL			*ssl;
	int			 fd;
	struct event		*rev, *wev;
	bool			 r_on, w_on;
	const struct conn_ops	*ops;
	void			*arg;
	struct conn_limits	 lim;
	enum state		 state;
	unsigned		 held;	/* callers on the stack who use us */
	bool			 server, connecting, reading;
	bool			 shaken;	/* handshake done */
	bool			 broken;	/* fatal TLS or socket error */
	bool			 paused;	/* by the owner */
	bool			 full;		/* too much output queued */
	struct bytequeue	 in, out;
	uint64_t		 last_input;
	uint64_t		 due, write_due;	/* 0: none */
	const char		*due_what;
	char			 address[ADDRESS_TEXT];
	char			 why[256];
};

static void
hold(struct conn *c)
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

static void
release(struct conn *c)
{
	if (--c->held == 0 && c->state == DEAD)
		conn_free(c);
}

static void
want_read(struct conn *c, bool on)
{
	if (on != c->r_on &&
	    (on ? event_add(c->rev, NULL) : event_del(c->rev)) == 0)
		c->r_on = on;
}

static void
want_write(struct conn *c, bool on)
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
	want_read(c, false);
	want_write(c, false);
	connloop_remove(c->loop, &c->item);
	hold(c);
	c->ops->closed(c->arg, c, why);
	release(c);
}

/* The result of an SSL call that did not work: wait, or close. */
static bool
must_wait(struct conn *c, int r)
{
	int	error = errno;

	switch (SSL_get_error(c->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		return true;
	case SSL_ERROR_WANT_WRITE:
		want_write(c, true);
		return true;
	case SSL_ERROR_ZERO_RETURN:
		snprintf(c->why, sizeof(c->why), "closed by peer");
		break;
	case SSL_ERROR_SYSCALL:
		c->broken = true;
		snprintf(c->why, sizeof(c->why), "%s", error != 0 ?
		    strerror(error) : "connection lost");
		break;
	default:
		c->broken = true;
		snprintf(c->why, sizeof(c->why), "%s", tls_refused(c->ssl) ?
		    tls_refused(c->ssl) : tls_reason());
	}
	return false;
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

	if (at == 0 && c->lim.idle_ms > 0 && c->state == OPEN && !c->paused) {
		*what = "idle";
		return c->last_input + c->lim.idle_ms;
	}
	*what = at == c->write_due ? "peer does not read" : c->due_what;
	return at;
}

static void
rearm(struct conn *c)
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

	if (at != 0 && at <= now)
		conn_close(c, what);
	else
		rearm(c);
}

/* Everything was written in conn_finish(): wait until the peer closes too,
 * or a reset could take the last answer away from it. */
static void
linger(struct conn *c)
{
	c->state = LINGERING;
	ERR_clear_error();
	SSL_shutdown(c->ssl);
	shutdown(c->fd, SHUT_WR);
	c->due = mono_ms() + LINGER_MS;
	c->due_what = "finished";
	c->write_due = 0;
	want_read(c, true);
	rearm(c);
}

static void
discard(struct conn *c)
{
	uint8_t	*p = connloop_scratch(c->loop);
	ssize_t	 n = recv(c->fd, p, CONNLOOP_SCRATCH, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		conn_close(c, "finished");
}

static void
resume_reading(struct conn *c)
{
	if (c->paused || c->full || c->state != OPEN)
		return;
	want_read(c, true);
	if (c->in.len > 0 || SSL_has_pending(c->ssl))
		connloop_again(c->loop, &c->item);
}

static void
all_written(struct conn *c)
{
	want_write(c, false);
	c->write_due = 0;
	if (c->state == FINISHING) {
		linger(c);
		return;
	}
	if (c->ops->drained != NULL)
		c->ops->drained(c->arg, c);
}

static void
flush(struct conn *c)
{
	bool	some = c->out.len > 0;
	int	n;

	while (c->out.len > 0) {
		ERR_clear_error();
		errno = 0;
		n = SSL_write(c->ssl, bytequeue_head(&c->out),
		    c->out.len > INT32_MAX ? INT32_MAX : (int)c->out.len);
		if (n > 0) {
			bytequeue_consume(&c->out, (size_t)n);
			continue;
		}
		if (!must_wait(c, n)) {
			conn_close(c, c->why);
			return;
		}
		break;
	}
	if (c->full && c->out.len <= c->lim.output_max / 2) {
		c->full = false;
		resume_reading(c);
	}
	if (c->out.len == 0) {
		if (some || c->state == FINISHING)
			all_written(c);
	} else if (c->write_due == 0 && (c->lim.write_ms > 0 ||
	    c->state == FINISHING)) {
		c->write_due = mono_ms() + (c->lim.write_ms > 0 ?
		    c->lim.write_ms : FINISH_MS);
		rearm(c);
	}
}

static void
on_flush(struct connloop_item *item)
{
	struct conn	*c = (struct conn *)item;

	hold(c);
	if (c->state == OPEN || c->state == FINISHING)
		flush(c);
	release(c);
}

static bool
deliverable(struct conn *c)
{
	if (c->out.len >= c->lim.output_max)
		c->full = true;
	return c->state == OPEN && !c->paused && !c->full;
}

/* Hands octets to the owner until it wants no more; how many it took. */
static size_t
deliver(struct conn *c, const uint8_t *p, size_t len)
{
	size_t	done = 0;
	ssize_t	n;

	while (done < len && deliverable(c)) {
		n = c->ops->input(c->arg, c, p + done, len - done);
		if (n < 0 || (size_t)n > len - done) {
			conn_close(c, "bad input");
			return len;
		}
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return done;
}

/*
 * Reads until the socket or the room is used up. Returns what was read;
 * *end: the connection has ended (c->why). *more: there may be more.
 */
static size_t
fill(struct conn *c, uint8_t *p, size_t room, bool *end, bool *more)
{
	size_t	got = 0;
	int	n, error, tries = READS_MAX;

	*end = *more = false;
	while (got < room) {
		if (tries-- == 0) {
			*more = true;
			break;
		}
		ERR_clear_error();
		errno = 0;
		n = SSL_read(c->ssl, p + got, (int)(room - got));
		error = errno;
		if (n > 0)
			got += (size_t)n;
		else if (!must_wait(c, n))
			*end = true;
		/* A record without data (a key update) may precede others,
		 * unless the socket said that it is empty. */
		if (*end || (n <= 0 && error == EAGAIN) ||
		    !SSL_has_pending(c->ssl))
			break;
	}
	if (got == room)
		*more = true;
	return got;
}

static void
keep(struct conn *c, const uint8_t *p, size_t len)
{
	uint8_t	*room;

	if (len == 0 || c->state == DEAD)
		return;
	if ((room = bytequeue_reserve(&c->in, len)) == NULL) {
		conn_close(c, "out of memory");
		return;
	}
	memcpy(room, p, len);
	bytequeue_commit(&c->in, len);
}

/* Straight from the loop's scratch: nothing was left over before. */
static void
read_scratch(struct conn *c, bool *end, bool *more)
{
	uint8_t	*p = connloop_scratch(c->loop);
	size_t	 got, used;

	got = fill(c, p, CONNLOOP_SCRATCH, end, more);
	used = deliver(c, p, got);
	keep(c, p + used, got - used);
	OPENSSL_cleanse(p, got);
}

static void
deliver_kept(struct conn *c)
{
	size_t	used = deliver(c, bytequeue_head(&c->in), c->in.len);

	if (used > 0)
		bytequeue_consume(&c->in, used);
}

static void
read_kept(struct conn *c, bool *end, bool *more)
{
	uint8_t	*p;

	if ((p = bytequeue_reserve(&c->in, RECORD)) == NULL) {
		conn_close(c, "out of memory");
		return;
	}
	bytequeue_commit(&c->in, fill(c, p, RECORD, end, more));
	deliver_kept(c);
}

static bool
input_in_bounds(struct conn *c)
{
	if (deliverable(c) && c->in.len >= c->lim.input_max)
		conn_close(c, "input too large");
	return c->state == OPEN;
}

static void
read_input(struct conn *c)
{
	bool	end = false, more = false;

	/* What waits for the owner is bounded; the rest stays outside. */
	if ((c->paused || c->full) && c->in.len >= HELD_MAX) {
		want_read(c, false);
		return;
	}
	c->last_input = mono_ms();
	c->reading = true;
	connloop_busy(c->loop);
	if (c->in.len == 0 && !c->paused && !c->full)
		read_scratch(c, &end, &more);
	else
		read_kept(c, &end, &more);
	c->reading = false;
	if (c->state == DEAD)
		return;
	connloop_unflush(c->loop, &c->item);
	flush(c);
	if (end)
		conn_close(c, c->why);
	if (input_in_bounds(c)) {
		if (more)
			connloop_again(c->loop, &c->item);
		rearm(c);
	}
}

/* What was kept while the owner was busy, then what OpenSSL holds. */
static void
on_again(struct connloop_item *item)
{
	struct conn	*c = (struct conn *)item;

	hold(c);
	c->reading = true;
	if (c->in.len > 0 && !c->full)
		deliver_kept(c);
	c->reading = false;
	if (c->state == OPEN || c->state == FINISHING) {
		connloop_unflush(c->loop, &c->item);
		flush(c);
	}
	if (input_in_bounds(c) && SSL_has_pending(c->ssl))
		read_input(c);
	if (c->state == OPEN)
		rearm(c);
	release(c);
}

static void
opened(struct conn *c)
{
	X509	*peer = SSL_get0_peer_certificate(c->ssl);

	c->shaken = true;
	if (peer == NULL || SSL_get_verify_result(c->ssl) != X509_V_OK) {
		conn_close(c, "no valid certificate");
		return;
	}
	c->state = OPEN;
	c->due = 0;
	c->last_input = mono_ms();
	if (c->ops->ready(c->arg, c, peer) < 0)
		conn_close(c, "refused");
	if (c->state == DEAD)
		return;
	want_write(c, false);
	if (c->out.len > 0 || c->state == FINISHING)
		connloop_flush(c->loop, &c->item);
	resume_reading(c);
	rearm(c);
}

static void
on_shake(struct connloop_item *item)
{
	struct conn	*c = (struct conn *)item;
	int		 r;

	hold(c);
	ERR_clear_error();
	errno = 0;
	r = SSL_do_handshake(c->ssl);
	want_write(c, false);
	if (r == 1)
		opened(c);
	else if (must_wait(c, r))
		want_read(c, true);
	else
		conn_close(c, c->why);
	release(c);
}

/* Handshakes queue up: the socket is not looked at meanwhile. */
static void
shake_later(struct conn *c)
{
	want_read(c, false);
	want_write(c, false);
	connloop_shake(c->loop, &c->item);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn	*c = arg;

	(void)fd, (void)what;
	hold(c);
	if (c->state == SHAKING)
		shake_later(c);
	else if (c->state == OPEN)
		read_input(c);
	else if (c->state == LINGERING)
		discard(c);
	else
		want_read(c, false);
	release(c);
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
		shake_later(c);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn	*c = arg;

	(void)fd, (void)what;
	hold(c);
	if (c->connecting) {
		connected(c);
	} else if (c->state == SHAKING) {
		shake_later(c);
	} else {
		want_write(c, false);	/* comes back if it must */
		if (c->state == OPEN || c->state == FINISHING)
			flush(c);
		if (c->state == OPEN)
			resume_reading(c);
	}
	release(c);
}

static const struct connloop_ops loop_ops = {
	.due = on_due,
	.flush = on_flush,
	.again = on_again,
	.shake = on_shake,
};

static int
attach(struct conn *c, struct event_base *base, SSL_CTX *ctx)
{
	int	one = 1;

	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	address_peer(c->fd, c->address);
	if ((c->loop = connloop_get(base, &loop_ops)) == NULL ||
	    (c->ssl = SSL_new(ctx)) == NULL ||
	    SSL_set_fd(c->ssl, c->fd) != 1)
		return -E_NO_MEMORY;
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
		want_read(c, true);
	else
		want_write(c, true);
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
	rearm(c);
	return c;
}

uint8_t *
conn_reserve(struct conn *c, size_t len)
{
	if (c->state > OPEN)
		return NULL;
	return bytequeue_reserve(&c->out, len);
}

void
conn_commit(struct conn *c, size_t used)
{
	bytequeue_commit(&c->out, used);
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
		resume_reading(c);
	if (c->state == OPEN)
		rearm(c);
}

void
conn_deadline(struct conn *c, unsigned ms, const char *what)
{
	if (c->state != OPEN)
		return;
	c->due = ms > 0 ? mono_ms() + ms : 0;
	c->due_what = what;
	rearm(c);
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
	want_read(c, false);
	connloop_flush(c->loop, &c->item);
}

const char *
conn_peer_address(const struct conn *c)
{
	return c->address;
}

SSL *
conn_ssl(struct conn *c)
{
	return c->ssl;
}

size_t
conn_output_queued(const struct conn *c)
{
	return c->out.len;
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
