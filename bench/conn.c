/* conn.c - one TLS connection: dialling, resuming, asking, reading. */
#include "config.h"

#include "conn.h"

#include <arpa/inet.h>
#include <netinet/in.h>
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

static struct conn_setup	 set;
static struct sockaddr_in	 to = { .sin_family = AF_INET };
static SSL_CTX			*ctx;

static void
die(const char *what)
{
	fprintf(stderr, "load: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static void
read_address(const char *address)
{
	char host[64];
	const char *colon = strrchr(address, ':');

	if (colon == NULL || colon - address >= (long)sizeof(host))
		die("--connect wants HOST:PORT");
	memcpy(host, address, colon - address);
	host[colon - address] = '\0';
	to.sin_port = htons(atoi(colon + 1));
	if (inet_pton(AF_INET, host, &to.sin_addr) != 1)
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
conn_setup(const struct conn_setup *s)
{
	set = *s;
	read_address(s->address);
	ctx = SSL_CTX_new(TLS_client_method());
	if (ctx == NULL ||
	    SSL_CTX_set_min_proto_version(ctx, s->version) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, s->version) != 1 ||
	    SSL_CTX_use_certificate_chain_file(ctx, s->cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, s->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_load_verify_locations(ctx, s->ca, NULL) != 1)
		die("certificate, key or CA");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY | SSL_MODE_RELEASE_BUFFERS);
	if (s->resume) {
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT |
		    SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(ctx, on_session);
	}
}

static int
dial_tcp(struct conn *c)
{
	int one = 1;

	if ((c->fd = socket(AF_INET, SOCK_STREAM, 0)) < 0)
		return -1;
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		perror(set.address);
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
	if (set.version >= TLS1_3_VERSION) {
		SSL_SESSION_free(c->session);
		c->session = NULL;
	}
}

int
conn_dial(struct conn *c, bool wait)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

	c->open = c->busy = false;
	c->len = 0;
	if (c->buf == NULL && (c->buf = malloc(set.room)) == NULL)
		die("out of memory");
	if (dial_tcp(c) < 0)
		return -1;
	if ((c->ssl = SSL_new(ctx)) == NULL || SSL_set_fd(c->ssl, c->fd) != 1)
		die("out of memory");
	SSL_set_app_data(c->ssl, c);
	offer_session(c);
	if (wait && conn_handshake(c) != 1)
		return -1;
	fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) | O_NONBLOCK);
	if (epoll_ctl(set.epoll, EPOLL_CTL_ADD, c->fd, &ev) < 0)
		die("epoll_ctl");
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

int
conn_ask(struct conn *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLOUT };
	int r;

	c->len = 0;
	c->busy = true;
	while ((r = SSL_write(c->ssl, c->request.text, c->request.len)) <= 0)
		if (SSL_get_error(c->ssl, r) != SSL_ERROR_WANT_WRITE ||
		    poll(&p, 1, 5000) != 1)
			return -1;
	return 0;
}

int
conn_read(struct conn *c, struct answer *a, const char **why)
{
	int n;

	do {
		n = SSL_read(c->ssl, c->buf + c->len, set.room - c->len);
		if (n <= 0 && SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ)
			return 0;
		*why = n <= 0 ? "the server closed the connection" :
		    "an answer to nothing";
		if (n <= 0 || !c->busy)
			return -1;
		c->len += n;
		*why = "not an HTTP answer";
		n = answer_parse(a, c->buf, c->len);
		if (n < 0 || (n == 0 && c->len == set.room))
			return -1;
	} while (n == 0);
	c->busy = false;
	return 1;
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
	c->open = c->busy = false;
}

bool
conn_alive(const struct conn *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN | POLLRDHUP };

	return c->ssl != NULL && poll(&p, 1, 0) == 0;
}
