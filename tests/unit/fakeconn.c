/* fakeconn.c - connections without sockets. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "fakeconn.h"

#define ROOM	(4 << 20)

struct conn {
	const struct conn_ops *ops;
	void	*arg;
	struct conn_limits limits;
	bool	 open, finished, paused, delivering, dead, ended, loses;
	uint64_t written, arrived, source;
	const char *deadline;
	char	*in, *out;
	size_t	 in_len, out_len;
};

static struct {
	void	(*fn)(void *, int);
	void	*arg;
} listener, second;
static struct conn	*newest;
static unsigned		 closed;
static bool		 no_memory;
static size_t		 taken;		/* by the last fakeconn_output() */
static uint64_t		 source;	/* of the next */
static unsigned		 verified;
static struct {
	time_t	until;
	const char *why;
} verdict = { INT64_MAX, NULL };

struct listener *
listener_new(struct event_base *base, const char *address,
    unsigned max_per_turn, void (*fn)(void *arg, int fd), void *arg)
{
	(void)base, (void)address, (void)max_per_turn;
	if (listener.fn != NULL) {
		second.fn = fn;
		second.arg = arg;
		return (struct listener *)&second;
	}
	listener.fn = fn;
	listener.arg = arg;
	return (struct listener *)&listener;
}

void
listener_free(struct listener **l)
{
	if (*l == (struct listener *)&second)
		second.fn = NULL;
	else if (*l != NULL)
		listener.fn = NULL;
	*l = NULL;
}

bool
fakeconn_listening(void)
{
	return listener.fn != NULL;
}

struct conn *
conn_new(struct event_base *base, SSL_CTX *ctx, int fd, bool server,
    const struct conn_limits *limits, const struct conn_ops *ops, void *arg)
{
	struct conn *c = calloc(1, sizeof(*c));

	(void)base, (void)fd;
	ck_assert_ptr_nonnull(ctx);
	ck_assert(server);
	c->ops = ops;
	c->arg = arg;
	c->limits = *limits;
	c->source = source;
	c->in = malloc(ROOM);
	c->out = malloc(ROOM);
	return newest = c;
}

struct conn *
fakeconn_accept(void)
{
	newest = NULL;
	listener.fn(listener.arg, -1);
	return newest;
}

struct conn *
fakeconn_accept_second(void)
{
	newest = NULL;
	second.fn(second.arg, -1);
	return newest;
}

struct conn *
fakeconn_accept_from(uint64_t from)
{
	source = from;
	return fakeconn_accept();
}

static void
destroy(struct conn *c)
{
	free(c->in);
	free(c->out);
	free(c);
}

void
conn_close(struct conn *c, const char *why)
{
	if (c->dead)
		return;
	c->dead = true;
	closed++;
	c->ops->closed(c->arg, c, why);
	if (!c->delivering)
		destroy(c);
}

static void
deliver(struct conn *c)
{
	ssize_t	n = 1;

	if (c->delivering)
		return;
	c->delivering = true;
	while (n > 0 && c->in_len > 0 && !c->paused && !c->finished &&
	    !c->dead && c->out_len < c->limits.output_max) {
		/* In memory of its exact size, gone afterwards. */
		uint8_t	*p = malloc(c->in_len);

		memcpy(p, c->in, c->in_len);
		n = c->ops->input(c->arg, c, p, c->in_len);
		memset(p, 0xdd, c->in_len);
		free(p);
		if (n > 0) {
			ck_assert_uint_le((size_t)n, c->in_len);
			c->in_len -= n;
			memmove(c->in, c->in + n, c->in_len);
		}
	}
	if (n < 0)
		conn_close(c, "bad input");
	c->delivering = false;
	if (c->dead)
		destroy(c);
}

void
fakeconn_shake(struct conn *c, X509 *cert)
{
	c->open = true;
	if (c->ops->ready(c->arg, c, cert) < 0)
		conn_close(c, "refused");
}

void
fakeconn_send(struct conn *c, const char *p, size_t n)
{
	ck_assert_uint_le(n, ROOM - c->in_len);
	memcpy(c->in + c->in_len, p, n);
	c->in_len += n;
	deliver(c);
}

const char *
fakeconn_output(struct conn *c)
{
	static char text[ROOM];

	memcpy(text, c->out, c->out_len);
	text[c->out_len] = '\0';
	taken = c->out_len;
	c->out_len = 0;
	if (taken > 0 && c->ops->drained != NULL && !c->finished)
		c->ops->drained(c->arg, c);
	deliver(c);
	return text;
}

size_t
fakeconn_taken(void)
{
	return taken;
}

/* As conn.c does: when input() was offered everything. */
static void
tell_end(struct conn *c)
{
	if (!c->ended || c->dead || c->finished || (c->paused && c->in_len > 0))
		return;
	c->ended = false;
	if (!c->ops->ended(c->arg, c))
		conn_close(c, "closed by peer");
}

void
fakeconn_end(struct conn *c)
{
	c->ended = true;
	tell_end(c);
}

void
fakeconn_loses(struct conn *c, uint64_t arrived)
{
	c->loses = true;
	c->arrived = arrived;
}

bool
fakeconn_finished(const struct conn *c)
{
	return c->finished;
}

bool
fakeconn_paused(const struct conn *c)
{
	return c->paused;
}

const char *
fakeconn_deadline(const struct conn *c)
{
	return c->deadline;
}

void
fakeconn_no_memory(void)
{
	no_memory = true;
}

void
fakeconn_hang_up(struct conn *c)
{
	conn_close(c, "closed by peer");
}

unsigned
fakeconn_closed(void)
{
	return closed;
}

uint8_t *
conn_reserve(struct conn *c, size_t len)
{
	if (no_memory || len > ROOM - 1 - c->out_len) {
		no_memory = false;
		return NULL;
	}
	return (uint8_t *)c->out + c->out_len;
}

void
conn_commit(struct conn *c, size_t used)
{
	ck_assert(!c->finished);
	c->out_len += used;
	c->written += used;
}

int
conn_write(struct conn *c, const void *p, size_t n)
{
	memcpy(conn_reserve(c, n), p, n);
	conn_commit(c, n);
	return 0;
}

void
conn_pause(struct conn *c, bool paused)
{
	c->paused = paused;
	deliver(c);
	if (!c->delivering && !c->dead)
		tell_end(c);
}

void
conn_deadline(struct conn *c, unsigned ms, const char *what)
{
	c->deadline = ms > 0 ? what : NULL;
}

void
conn_finish(struct conn *c)
{
	if (c->open)
		c->finished = true;
	else
		conn_close(c, "finished");
}

const char *
conn_peer_address(const struct conn *c)
{
	(void)c;
	return "192.0.2.1:4321";
}

int
conn_verify(struct conn *c, SSL_CTX *ctx, bool fresh, time_t *until,
    const char **why)
{
	(void)c, (void)fresh;
	ck_assert_ptr_nonnull(ctx);
	verified++;
	*until = verdict.until;
	*why = verdict.why;
	return verdict.why == NULL ? 0 : -E_DENIED;
}

void
fakeconn_verdict(time_t until, const char *why)
{
	verdict.until = until;
	verdict.why = why;
}

unsigned
fakeconn_verified(void)
{
	return verified;
}

uint64_t
conn_written(const struct conn *c)
{
	return c->written;
}

uint64_t
conn_arrived(const struct conn *c)
{
	return c->loses ? c->arrived : c->written;
}

uint64_t
conn_source(const struct conn *c)
{
	return c->source;
}

size_t
conn_output_queued(const struct conn *c)
{
	return c->out_len;
}

int
conn_dial(const char *address)
{
	(void)address;
	return -1;
}
