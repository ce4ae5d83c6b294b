/* conn.c - one TLS connection: dialling, resuming, writing, reading. */
#include "config.h"

#include "conn.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>

static void
die(const char *what)
{
	fprintf(stderr, "load: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static void
read_address(struct conn_setup *s)
{
	char host[64];
	const char *colon = strrchr(s->address, ':');

	if (colon == NULL || colon - s->address >= (long)sizeof(host))
		die("--connect wants HOST:PORT");
	memcpy(host, s->address, colon - s->address);
	host[colon - s->address] = '\0';
	s->to.sin_family = AF_INET;
	s->to.sin_port = htons(atoi(colon + 1));
	if (inet_pton(AF_INET, host, &s->to.sin_addr) != 1)
		die("--connect wants an IPv4 address");
}

/* In TLS 1.3 it comes after the handshake, and serves once. */
static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	struct conn *c = SSL_get_app_data(ssl);

	SSL_SESSION_free(c->session);
	c->session = session;
	return 1;
}

void
conn_setup(struct conn_setup *s)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	read_address(s);
	if (ctx == NULL ||
	    SSL_CTX_set_min_proto_version(ctx, s->version) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, s->version) != 1 ||
	    SSL_CTX_use_certificate_chain_file(ctx, s->cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, s->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_load_verify_locations(ctx, s->ca, NULL) != 1)
		die("certificate, key or CA");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY | SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (s->resume) {
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT |
		    SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(ctx, on_session);
	}
	s->ctx = ctx;
}

void
conn_init(struct conn *c, const struct conn_setup *s)
{
	c->setup = s;
	c->buf = malloc(s->room);
	c->flights = calloc(s->window, sizeof(*c->flights));
	if (c->buf == NULL || c->flights == NULL)
		die("out of memory");
	for (unsigned i = 0; i < s->window; i++)
		c->flights[i].request.slot = i;
}

static int
dial_tcp(struct conn *c)
{
	int one = 1;

	if ((c->fd = socket(AF_INET, SOCK_STREAM, 0)) < 0)
		return -1;
	if (connect(c->fd, (const struct sockaddr *)&c->setup->to,
	    sizeof(c->setup->to)) < 0) {
		perror(c->setup->address);
		close(c->fd);
		return -1;
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return 0;
}

static void
offer_session(struct conn *c)
{
	if (c->session == NULL)
		return;
	SSL_set_session(c->ssl, c->session);
	if (c->setup->version >= TLS1_3_VERSION) {
		SSL_SESSION_free(c->session);
		c->session = NULL;
	}
}

static void
watch(struct conn *c, int op, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	if (epoll_ctl(c->setup->epoll, op, c->fd, &ev) < 0)
		die("epoll_ctl");
}

int
conn_dial(struct conn *c, bool wait)
{
	if (dial_tcp(c) < 0)
		return -1;
	if ((c->ssl = SSL_new(c->setup->ctx)) == NULL ||
	    SSL_set_fd(c->ssl, c->fd) != 1)
		die("out of memory");
	SSL_set_app_data(c->ssl, c);
	offer_session(c);
	if (wait && conn_handshake(c) != 1)
		return -1;
	fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) | O_NONBLOCK);
	watch(c, EPOLL_CTL_ADD, EPOLLIN);
	return wait ? 1 : conn_handshake(c);
}

int
conn_handshake(struct conn *c)
{
	int r = SSL_connect(c->ssl);

	if (r != 1)
		return SSL_get_error(c->ssl, r) == SSL_ERROR_WANT_READ ?
		    0 : -1;
	c->open = true;
	return 1;
}

struct flight *
conn_idle(struct conn *c)
{
	unsigned i = 0;

	if (c->busy == c->setup->window)
		return NULL;
	while (c->flights[i].open)
		i++;
	return &c->flights[i];
}

void
conn_put(struct conn *c, const char *text, size_t len)
{
	size_t room = c->out_len + len;

	if (room > c->out_room) {
		if ((c->out = realloc(c->out, room)) == NULL)
			die("out of memory");
		c->out_room = room;
	}
	memcpy(c->out + c->out_len, text, len);
	c->out_len += len;
}

static void
block(struct conn *c, bool blocked)
{
	if (c->blocked != blocked)
		watch(c, EPOLL_CTL_MOD, blocked ? EPOLLIN | EPOLLOUT :
		    EPOLLIN);
	c->blocked = blocked;
}

int
conn_flush(struct conn *c)
{
	int n;

	while (c->out_at < c->out_len) {
		n = SSL_write(c->ssl, c->out + c->out_at,
		    (int)(c->out_len - c->out_at));
		if (n <= 0 && SSL_get_error(c->ssl, n) !=
		    SSL_ERROR_WANT_WRITE)
			return -1;
		if (n <= 0) {
			block(c, true);
			return 0;
		}
		c->out_at += n;
	}
	c->out_at = c->out_len = 0;
	block(c, false);
	return 0;
}

int
conn_receive(struct conn *c, const char **why)
{
	int n;

	memmove(c->buf, c->buf + c->at, c->len -= c->at);
	c->at = 0;
	n = SSL_read(c->ssl, c->buf + c->len, (int)(c->setup->room - c->len));
	if (n > 0) {
		c->len += n;
		return 1;
	}
	if (SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ)
		return 0;
	*why = "the server closed the connection";
	return -1;
}

int
conn_next(struct conn *c, struct answer *a, const char **why)
{
	size_t len = c->len - c->at;
	int r;

	if (len == 0)
		return 0;
	r = c->setup->ak ? answer_frame(a, c->buf + c->at, len) :
	    answer_parse(a, c->buf + c->at, len);
	*why = "not an answer that can be read";
	if (r < 0 || (r == 0 && len == c->setup->room))
		return -1;
	if (r > 0)
		c->at += a->head + a->body;
	return r;
}

struct flight *
conn_land(struct conn *c, const struct answer *a)
{
	unsigned slot = c->setup->ak ? a->id % JOB_WINDOW_MAX : 0;
	struct flight *f = &c->flights[slot];

	if (slot >= c->setup->window || !f->open ||
	    (c->setup->ak && f->request.id != a->id))
		return NULL;
	f->open = false;
	c->busy--;
	return f;
}

void
conn_close(struct conn *c)
{
	if (c->ssl == NULL)
		return;
	if (c->open)
		SSL_shutdown(c->ssl);
	ERR_clear_error();
	SSL_free(c->ssl);
	c->ssl = NULL;
	close(c->fd);
	c->open = c->blocked = false;
	c->busy = 0;
	for (unsigned i = 0; i < c->setup->window; i++)
		c->flights[i].open = false;
	c->at = c->len = c->out_at = c->out_len = 0;
}

bool
conn_alive(const struct conn *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN | POLLRDHUP };

	return c->ssl != NULL && poll(&p, 1, 0) == 0;
}
