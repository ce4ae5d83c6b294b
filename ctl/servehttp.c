/* servehttp.c - connections of browsers and of Prometheus. */
#include "servehttp.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listener.h"
#include "log.h"

#define CLIENTS_MAX	64
#define DEADLINE_S	15	/* from the first octet to the end */
#define ACCEPTS		8	/* in a turn of the loop */
#define HEAD_OCTETS	1024
#define INPUT_OCTETS	4096

struct client {
	TAILQ_ENTRY(client)	 entry;
	struct servehttp	*server;
	int			 fd;
	struct event		*ev, *deadline;
	struct http		*http;
	char			 head[HEAD_OCTETS];
	size_t			 head_len, sent;	/* of both */
	struct servehttp_answer	 answer;
	bool			 answering, ended;
};

struct servehttp {
	struct event_base	*base;
	struct listener		*listener;
	struct http_limits	 limits;
	struct serverequest_hosts hosts;
	servehttp_get		*get;
	void			*arg;
	TAILQ_HEAD(, client)	 clients;		/* the oldest first */
	unsigned		 n;
};

/* What the page may do: its own script and style, its own figures. */
static const char	always[] =
	"Cache-Control: no-store\r\n"
	"Content-Security-Policy: default-src 'none'; script-src 'self'; "
	"style-src 'self'; connect-src 'self'; img-src 'self'; "
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
	"Cross-Origin-Resource-Policy: same-origin\r\n"
	"Cross-Origin-Opener-Policy: same-origin\r\n"
	"Referrer-Policy: no-referrer\r\n"
	"X-Content-Type-Options: nosniff\r\n"
	"X-Frame-Options: DENY\r\n"
	"Connection: close\r\n";

static const struct { int code; const char *words, *text; } statuses[] = {
	{ 200, "OK", "" },
	{ 400, "Bad Request", "This request is not one.\n" },
	{ 404, "Not Found", "There is no such page.\n" },
	{ 405, "Method Not Allowed", "This is to be looked at only.\n" },
	{ 421, "Misdirected Request", "This name is not known here; behind a "
	    "proxy, start qkdctl serve with --host NAME.\n" },
	{ 500, "Internal Server Error", "Out of memory.\n" },
	{ 503, "Service Unavailable", "Nothing is known of the node yet.\n" },
};

static void
client_free(struct client *c)
{
	TAILQ_REMOVE(&c->server->clients, c, entry);
	c->server->n--;
	if (c->ev != NULL)
		event_free(c->ev);
	if (c->deadline != NULL)
		event_free(c->deadline);
	http_free(&c->http);
	close(c->fd);
	free(c->answer.own);
	free(c);
}

/* ---- the answer ---- */

static void
make_head(struct client *c, int code, bool body)
{
	size_t	i = 0;

	while (statuses[i].code != code)
		i++;
	if (code != 200) {
		c->answer.type = "text/plain; charset=utf-8";
		c->answer.body = statuses[i].text;
		c->answer.len = strlen(statuses[i].text);
	}
	c->head_len = (size_t)snprintf(c->head, sizeof(c->head),
	    "HTTP/1.1 %d %s\r\n%s%sContent-Type: %s\r\n"
	    "Content-Length: %zu\r\n\r\n", code, statuses[i].words, always,
	    code == 405 ? "Allow: GET, HEAD\r\n" : "", c->answer.type,
	    c->answer.len);
	if (!body)
		c->answer.len = 0;
	c->answering = true;
}

static void
answer(struct client *c)
{
	const struct http_request	*r = http_request(c->http);
	struct servehttp		*s = c->server;
	struct serverequest		 q;
	int				 code;

	code = serverequest_read(&q, r, &s->hosts);
	if (code == 200)
		code = s->get(s->arg, &q, &c->answer);
	log_debug("answered", "code=%d what=%d", code, (int)q.what);
	make_head(c, code, r->method != HTTP_M_HEAD);
}

/* 1: all is out; 0: later; -1: the client is gone. */
static int
put(struct client *c)
{
	const char	*body = c->answer.own != NULL ? c->answer.own :
			    c->answer.body, *p;
	size_t		 left;
	ssize_t		 n;

	while (c->sent < c->head_len + c->answer.len) {
		bool	head = c->sent < c->head_len;

		p = head ? c->head + c->sent : body + c->sent - c->head_len;
		left = (head ? c->head_len : c->head_len + c->answer.len) -
		    c->sent;
		n = send(c->fd, p, left, MSG_NOSIGNAL |
		    (head && c->answer.len > 0 ? MSG_MORE : 0));
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -1;
		c->sent += (size_t)n;
	}
	return 1;
}

/*
 * Closed at once, TCP would drop what is on its way to a client that still
 * sends: so we end our side, and wait for his.
 */
static void
end(struct client *c)
{
	shutdown(c->fd, SHUT_WR);
	c->ended = true;
}

/* ---- the request ---- */

static int
feed(struct client *c, const uint8_t *p, size_t n)
{
	size_t	used;

	switch (http_feed(c->http, p, n, &used)) {
	case HTTP_WHOLE:
		answer(c);
		return 0;
	case HTTP_CONTINUE:		/* a body: not wanted */
		make_head(c, 405, true);
		return 0;
	case HTTP_FAULT:
		make_head(c, 400, true);
		return 0;
	case HTTP_MORE:
		return 0;
	}
	return -1;
}

static int
get(struct client *c)
{
	uint8_t	buf[INPUT_OCTETS];
	ssize_t	n = recv(c->fd, buf, sizeof(buf), 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0)
		return -1;
	return c->ended ? 0 : feed(c, buf, (size_t)n);
}

static void
wait_for(struct client *c, short what, event_callback_fn fn)
{
	event_del(c->ev);
	event_assign(c->ev, c->server->base, c->fd, what | EV_PERSIST, fn, c);
	event_add(c->ev, NULL);
}

static void
on_client(evutil_socket_t fd, short what, void *arg)
{
	struct client	*c = arg;
	int		 r;

	(void)fd;
	if ((what & EV_READ) != 0 && get(c) < 0) {
		client_free(c);
		return;
	}
	if (!c->answering || c->ended)
		return;
	if ((r = put(c)) < 0)
		client_free(c);
	else if (r == 0)
		wait_for(c, EV_WRITE, on_client);
	else {
		end(c);
		wait_for(c, EV_READ, on_client);
	}
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	client_free(arg);
}

static void
on_accept(void *arg, int fd)
{
	const struct timeval	 limit = { DEADLINE_S, 0 };
	struct servehttp	*s = arg;
	struct client		*c = calloc(1, sizeof(*c));

	if (c == NULL) {
		close(fd);
		return;
	}
	if (s->n >= CLIENTS_MAX)
		client_free(TAILQ_FIRST(&s->clients));
	c->server = s;
	c->fd = fd;
	TAILQ_INSERT_TAIL(&s->clients, c, entry);
	s->n++;
	c->http = http_new(&s->limits);
	c->ev = event_new(s->base, fd, EV_READ | EV_PERSIST, on_client, c);
	c->deadline = evtimer_new(s->base, on_deadline, c);
	if (c->http == NULL || c->ev == NULL || c->deadline == NULL ||
	    event_add(c->ev, NULL) < 0 || event_add(c->deadline, &limit) < 0)
		client_free(c);
}

struct servehttp *
servehttp_new(struct event_base *base, const char *address,
    const struct serverequest_hosts *hosts, servehttp_get *get_, void *arg)
{
	struct servehttp	*s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	*s = (struct servehttp){ .base = base, .hosts = *hosts, .get = get_,
	    .arg = arg, .limits = { .header_max = 16384, .header_count = 64,
	    .body_max = 0 } };
	TAILQ_INIT(&s->clients);
	s->listener = listener_new(base, address, ACCEPTS, on_accept, s);
	if (s->listener == NULL)
		servehttp_free(&s);
	return s;
}

void
servehttp_free(struct servehttp **sp)
{
	struct servehttp	*s = *sp;

	*sp = NULL;
	if (s == NULL)
		return;
	listener_free(&s->listener);
	while (!TAILQ_EMPTY(&s->clients))
		client_free(TAILQ_FIRST(&s->clients));
	free(s);
}
