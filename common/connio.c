/* connio.c - reading and writing through TLS. */
#include "connimpl.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "err.h"
#include "ident.h"
#include "tls.h"
#include "tlsverify.h"

#define RECORD		16384
#define READS_MAX	4	/* SSL_read calls before others have a turn */
#define HELD_MAX	RECORD	/* octets read ahead for a paused owner */
#define FINISH_MS	5000	/* to write the rest, if write_ms is 0 */
#define LINGER_MS	1000	/* for the peer to close after us */

enum conn_result
connio_result(struct conn *c, int r)
{
	const char	*refused;
	int		 error = errno;

	switch (SSL_get_error(c->ssl, r)) {
	case SSL_ERROR_NONE:
		return CONN_DONE;
	case SSL_ERROR_WANT_READ:
		return CONN_INPUT;
	case SSL_ERROR_WANT_WRITE:
		return CONN_OUTPUT;
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
		refused = tlsverify_refused(c->ssl);
		snprintf(c->why, sizeof(c->why), "%s%s", refused != NULL ?
		    "certificate refused: " : "", refused != NULL ? refused :
		    tls_reason());
	}
	return CONN_FAILED;
}

bool
connio_must_wait(struct conn *c, int r)
{
	enum conn_result	result = connio_result(c, r);

	if (result == CONN_OUTPUT)
		conn_want_write(c, true);
	return result != CONN_FAILED;
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
	c->fin = true;
	c->due = mono_ms() + LINGER_MS;
	c->due_what = "finished";
	c->write_due = 0;
	conn_want_read(c, true);
	conn_rearm(c);
}

void
connio_discard(struct conn *c)
{
	uint8_t	*p = connloop_scratch(c->loop);
	ssize_t	 n = recv(c->fd, p, CONNLOOP_SCRATCH, MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		conn_close(c, strerror(errno));
	} else if (n == 0 && conn_arrived(c) == c->queued) {
		conn_close(c, "finished");
	} else if (n == 0) {
		c->unconfirmed = true;
		conn_want_read(c, false);
		conn_rearm(c);
	}
}

/* The peer has closed its side; has it got our last answer? */
void
connio_linger(struct conn *c, uint64_t now)
{
	socklen_t	len = sizeof(int);
	int		error = 0;

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0)
		conn_close(c, strerror(error));
	else if (now >= c->due || conn_arrived(c) == c->queued)
		conn_close(c, "finished");
}

void
connio_resume(struct conn *c)
{
	if (c->paused || c->full || c->state != OPEN)
		return;
	conn_want_read(c, !c->ended);
	if (c->in.len > 0 || c->ended || SSL_has_pending(c->ssl))
		connloop_again(c->loop, &c->item);
}

static void
all_written(struct conn *c)
{
	conn_want_write(c, false);
	connloop_give_back(c->loop, &c->out);
	c->write_due = 0;
	if (c->state == FINISHING) {
		linger(c);
		return;
	}
	if (c->ops->drained != NULL)
		c->ops->drained(c->arg, c);
}

/*
 * A record at a time, and the same again if it did not fit: of more OpenSSL
 * would write record after record and report none until all is through.
 * False: closed.
 */
static bool
write_some(struct conn *c)
{
	int	n;

	while (c->out.len > 0) {
		if (c->offered == 0)
			c->offered = c->out.len < RECORD ? (int)c->out.len :
			    RECORD;
		ERR_clear_error();
		errno = 0;
		n = SSL_write(c->ssl, bytequeue_head(&c->out), c->offered);
		if (n > 0) {
			c->offered = 0;
			bytequeue_consume(&c->out, (size_t)n);
			c->sealed = BIO_number_written(
			    SSL_get_wbio(c->ssl));
		} else if (connio_must_wait(c, n)) {
			break;
		} else {
			conn_close(c, c->why);
			return false;
		}
	}
	return true;
}

/* What is queued now has so much time; whoever takes all of it has as much
 * for what was queued meanwhile. */
static void
limit_writing(struct conn *c)
{
	unsigned	ms = c->lim.write_ms;

	if (ms == 0 && c->state == FINISHING)
		ms = FINISH_MS;
	if (ms == 0 || (c->write_due != 0 &&
	    c->queued - c->out.len < c->write_mark))
		return;
	c->write_due = mono_ms() + ms;
	c->write_mark = c->queued;
	conn_rearm(c);
}

void
connio_flush(struct conn *c)
{
	bool	some = c->out.len > 0;

	if (!write_some(c))
		return;
	if (c->full && c->out.len <= c->lim.output_max / 2) {
		c->full = false;
		connio_resume(c);
	}
	if (c->out.len > 0)
		limit_writing(c);
	else if (some || c->state == FINISHING)
		all_written(c);
}

void
connio_on_flush(struct connloop_item *item)
{
	struct conn	*c = (struct conn *)item;

	conn_hold(c);
	if (c->state == OPEN || c->state == FINISHING)
		connio_flush(c);
	conn_release(c);
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
		else if (!connio_must_wait(c, n))
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
	if (c->in.p == NULL)
		connloop_lend(c->loop, &c->in);
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
	if (c->in.len == 0)
		connloop_give_back(c->loop, &c->in);
}

static void
read_kept(struct conn *c, bool *end, bool *more)
{
	uint8_t	*p;

	if (c->in.p == NULL)
		connloop_lend(c->loop, &c->in);
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

/* Nothing follows what the owner was offered. */
static void
tell_end(struct conn *c)
{
	if (!c->ended || c->end_told || c->state != OPEN ||
	    (c->in.len > 0 && !deliverable(c)))
		return;
	c->end_told = true;
	if (c->ops->ended(c->arg, c) || c->state != OPEN)
		return;
	if (conn_arrived(c) == c->queued)
		conn_close(c, "closed by peer");
	else
		conn_finish(c);
}

/* The socket has nothing more for us: by an error, or in good order; then
 * answers may go on in the other direction. */
static void
end_reading(struct conn *c)
{
	if (c->broken || c->ops->ended == NULL) {
		conn_close(c, c->why);
		return;
	}
	if (c->state != OPEN)
		return;
	c->ended = true;
	conn_want_read(c, false);
	tell_end(c);
}

void
connio_read(struct conn *c)
{
	bool	end = false, more = false;

	if (c->ended)
		return;
	/* What waits for the owner is bounded; the rest stays outside. */
	if ((c->paused || c->full) && c->in.len >= HELD_MAX) {
		conn_want_read(c, false);
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
	connio_flush(c);
	if (end)
		end_reading(c);
	if (input_in_bounds(c)) {
		if (more)
			connloop_again(c->loop, &c->item);
		conn_rearm(c);
	}
}

/* What was kept while the owner was busy, then what OpenSSL holds. */
void
connio_on_again(struct connloop_item *item)
{
	struct conn	*c = (struct conn *)item;

	conn_hold(c);
	c->reading = true;
	if (c->in.len > 0 && !c->full)
		deliver_kept(c);
	c->reading = false;
	if (c->state == OPEN || c->state == FINISHING) {
		connloop_unflush(c->loop, &c->item);
		connio_flush(c);
	}
	tell_end(c);
	if (input_in_bounds(c) && SSL_has_pending(c->ssl))
		connio_read(c);
	if (c->state == OPEN)
		conn_rearm(c);
	conn_release(c);
}
