/* door.c - HTTPS connections of applications. */
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "conn.h"
#include "door.h"
#include "err.h"
#include "etsi014.h"
#include "log.h"
#include "tls.h"

#define OUTPUT_MAX	262144	/* queued octets; then no new request */
#define INPUT_MAX	65536
#define STOP_MS		2000	/* for the engine to answer what is open */

struct guest {
	struct exchange	 x;		/* first: casts rely on it */
	LIST_ENTRY(guest) entry;
	struct conn	*conn;
	struct http	*http;
	char		*certificate;
	bool		 ready;		/* handshake done, counted */
	bool		 busy;		/* a request is with the engine */
	bool		 reading;	/* on_input() is on the stack */
	bool		 paused;
	bool		 last;		/* close after the answer */
	bool		 broken;
	enum http_phase	 phase;		/* that the deadline is for */
};

struct door {
	struct event_base	*base;
	const struct ksa_conf	*conf;
	const struct sae_book	*book;
	struct supply		*supply;
	struct http_limits	 http_limits;
	struct conn_limits	 conn_limits;
	struct listener		*listener;
	SSL_CTX			*tls;
	LIST_HEAD(, guest)	 guests;
	unsigned		 connections;
	unsigned		 strangers;	/* registered nowhere */
	bool			 full, stopping;
	struct event		*stop_timer;
	void			(*gone)(void *);
	void			*gone_arg;
	uint64_t		 accepted, refused;
	struct { int code; uint64_t n; } answers[8];
};

static void
count_answer(struct door *d, int code)
{
	for (size_t i = 0; i < sizeof(d->answers) / sizeof(*d->answers); i++)
		if (d->answers[i].code == code || d->answers[i].code == 0) {
			d->answers[i].code = code;
			d->answers[i].n++;
			return;
		}
}

static struct guest *
guest_of(struct exchange *x)
{
	return (struct guest *)x;
}

char *
door_answer(struct exchange *x, int code, const char *extra, size_t octets)
{
	struct guest *g = guest_of(x);
	const struct http_request *r = http_request(g->http);
	char	 head[HTTP_HEAD_MAX];
	bool	 keep = r->keep_alive && !g->last && !x->door->stopping;
	size_t	 n = http_head(head, code, octets, extra, keep, r->old);
	size_t	 body = r->method == HTTP_M_HEAD ? 0 : octets;
	char	*p;

	count_answer(x->door, code);
	g->last = !keep;
	if ((p = (char *)conn_reserve(g->conn, n + octets)) == NULL) {
		log_err("out of memory for an answer", "peer=%s octets=%zu",
		    x->address, octets);
		g->broken = true;
		return NULL;
	}
	memcpy(p, head, n);
	conn_commit(g->conn, n + body);
	return p + n;
}

static void
resume(struct guest *g)
{
	if (!g->paused)
		return;
	g->paused = false;
	conn_pause(g->conn, false);
}

static void
stop_if_last(struct guest *g)
{
	if (g->broken)
		conn_close(g->conn, "out of memory");
	else if (g->last)
		conn_finish(g->conn);
}

void
door_answered(struct exchange *x)
{
	struct guest *g = guest_of(x);

	g->busy = false;
	x->call = NULL;
	x->request = NULL;
	http_next(g->http);
	if (g->reading)
		return;
	if (g->broken || g->last)
		stop_if_last(g);
	else
		resume(g);
}

struct supply *
door_supply(const struct exchange *x)
{
	return x->door->supply;
}

const struct sae_book *
door_book(const struct exchange *x)
{
	return x->door->book;
}

/* Nothing that is not HTTP can follow: one answer, then the end. */
static void
answer_fault(struct guest *g)
{
	g->last = true;
	log_info("HTTP request refused", "peer=%s sae=%s reason=%s",
	    g->x.address, g->x.caller ? log_quote(g->x.caller->id) : "-",
	    log_quote(http_fault(g->http)));
	etsi014_refuse(&g->x, 400, NULL, "%s", http_fault(g->http));
}

static void
take_request(struct guest *g)
{
	g->busy = true;
	g->x.request = http_request(g->http);
	etsi014_start(&g->x);
}

static void
step(struct guest *g, const uint8_t *p, size_t n, size_t *used)
{
	switch (http_feed(g->http, p, n, used)) {
	case HTTP_WHOLE:
		take_request(g);
		break;
	case HTTP_CONTINUE:
		if (conn_write(g->conn, "HTTP/1.1 100 Continue\r\n\r\n",
		    25) < 0)
			g->broken = true;
		break;
	case HTTP_FAULT:
		answer_fault(g);
		break;
	case HTTP_MORE:
		break;
	}
}

/* Absolute deadlines, set once for header and body of each request. */
static void
set_deadline(struct guest *g, bool fresh)
{
	const struct ksa_conf *c = g->x.door->conf;
	enum http_phase phase = g->busy ? HTTP_IDLE : http_phase(g->http);

	if (phase == g->phase && !(fresh && phase != HTTP_IDLE))
		return;
	g->phase = phase;
	if (phase == HTTP_IDLE)
		conn_deadline(g->conn, 0, NULL);
	else if (phase == HTTP_HEADER)
		conn_deadline(g->conn, c->header_timeout,
		    "the request header takes too long");
	else
		conn_deadline(g->conn, c->body_timeout,
		    "the request body takes too long");
}

static ssize_t
on_input(void *arg, struct conn *c, const uint8_t *p, size_t n)
{
	struct guest *g = arg;
	size_t	 used = 0, k;
	bool	 fresh = false;

	g->reading = true;
	while (used < n && !g->busy && !g->last && !g->broken &&
	    conn_output_queued(c) < OUTPUT_MAX) {
		step(g, p + used, n - used, &k);
		used += k;
		fresh |= http_phase(g->http) == HTTP_IDLE;
	}
	g->reading = false;
	if (g->broken)
		return -1;
	if (g->last && !g->busy) {
		conn_finish(c);
		return n;
	}
	if (g->busy && used < n) {	/* pipelined: the rest waits */
		g->paused = true;
		conn_pause(c, true);
	}
	set_deadline(g, fresh);
	return used;
}

/* The name of the certificate of somebody whom we do not know. */
static int
meet_stranger(struct guest *g, X509 *cert)
{
	if ((g->certificate = strdup(tls_cert_text(cert))) == NULL)
		return -E_NO_MEMORY;
	g->x.certificate = g->certificate;
	g->x.door->strangers++;
	log_notice("certificate of no registered application",
	    "peer=%s certificate=%s", g->x.address,
	    log_quote(g->certificate));
	return 0;
}

static bool
too_many(const struct guest *g)
{
	const struct door *d = g->x.door;
	unsigned n = g->x.caller ? g->x.caller->connections : d->strangers;

	return n > d->conf->max_connections_per_application;
}

static int
on_ready(void *arg, struct conn *c, X509 *cert)
{
	struct guest *g = arg;
	int	 r = 0;

	g->x.address = conn_peer_address(c);
	g->x.caller = sae_by_certificate(g->x.door->book, cert);
	if (g->x.caller != NULL)
		g->x.caller->connections++;
	else if ((r = meet_stranger(g, cert)) < 0)
		return r;
	g->ready = true;
	if (too_many(g)) {
		log_notice("too many connections of one application",
		    "peer=%s sae=%s", g->x.address,
		    g->x.caller ? log_quote(g->x.caller->id) : "-");
		g->last = g->reading = true;
		etsi014_refuse(&g->x, 503, NULL,
		    "too many connections of this application");
		g->reading = false;
		conn_finish(c);
	}
	return 0;
}

static void
check_gone(struct door *d)
{
	if (d->stopping && d->connections == 0 && d->gone != NULL) {
		void (*gone)(void *) = d->gone;

		d->gone = NULL;
		gone(d->gone_arg);
	}
}

static void
guest_free(struct guest *g)
{
	struct door *d = g->x.door;

	LIST_REMOVE(g, entry);
	d->connections--;
	if (g->x.caller != NULL)
		g->x.caller->connections--;
	else if (g->certificate != NULL)
		d->strangers--;
	http_free(&g->http);
	free(g->certificate);
	free(g);
}

static void
on_closed(void *arg, struct conn *c, const char *why)
{
	struct guest *g = arg;
	struct door *d = g->x.door;

	if (!g->ready) {
		d->refused++;
		log_notice("HTTPS connection refused", "peer=%s reason=%s",
		    conn_peer_address(c), log_quote(why));
	} else
		log_debug("HTTPS connection closed", "peer=%s reason=%s",
		    conn_peer_address(c), log_quote(why));
	if (g->x.call != NULL)
		supply_cancel(g->x.call);
	guest_free(g);
	check_gone(d);
}

static const struct conn_ops guest_ops = {
	.ready = on_ready,
	.input = on_input,
	.closed = on_closed,
};

/* Once when it begins, not once for each. */
static bool
house_full(struct door *d)
{
	bool	full = d->connections >= d->conf->max_connections;

	if (full && !d->full)
		log_warn("too many connections", "max_connections=%lld",
		    (long long)d->conf->max_connections);
	d->full = full;
	return full;
}

static void
on_accept(void *arg, int fd)
{
	struct door *d = arg;
	struct guest *g;

	d->accepted++;
	if (house_full(d) || (g = calloc(1, sizeof(*g))) == NULL) {
		d->refused++;
		close(fd);
		return;
	}
	g->x.door = d;
	d->connections++;
	LIST_INSERT_HEAD(&d->guests, g, entry);
	if ((g->http = http_new(&d->http_limits)) == NULL) {
		close(fd);
		guest_free(g);
		return;
	}
	g->conn = conn_new(d->base, d->tls, fd, true, &d->conn_limits,
	    &guest_ops, g);
	if (g->conn == NULL)
		guest_free(g);
}

static SSL_CTX *
load_tls(const struct ksa_conf *c)
{
	struct tls_files files = { c->certificate, c->private_key, c->ca };

	return tls_server(&files);
}

static void
set_limits(struct door *d)
{
	const struct ksa_conf *c = d->conf;

	d->http_limits = (struct http_limits){
		.header_max = c->header_max,
		.header_count = c->header_count,
		.body_max = c->body_max,
	};
	d->conn_limits = (struct conn_limits){
		.handshake_ms = c->handshake_timeout,
		.idle_ms = c->idle_timeout,
		.write_ms = c->write_timeout,
		.input_max = INPUT_MAX,
		.output_max = OUTPUT_MAX,
	};
}

int
door_open(struct door **out, struct event_base *base,
    const struct ksa_conf *c, const struct sae_book *book,
    struct supply *supply)
{
	struct door *d;
	int	 r = 0;

	*out = NULL;
	if ((d = calloc(1, sizeof(*d))) == NULL)
		return -E_NO_MEMORY;
	d->base = base;
	d->conf = c;
	d->book = book;
	d->supply = supply;
	set_limits(d);
	if ((d->tls = load_tls(c)) == NULL)
		r = -E_TLS;
	else if ((d->listener = listener_new(base, c->listen,
	    c->accepts_per_turn, on_accept, d)) == NULL)
		r = -E_SYSTEM;
	if (r == 0)
		*out = d;
	else
		door_free(&d);
	return r;
}

int
door_reload(struct door *d)
{
	SSL_CTX *tls = load_tls(d->conf);

	if (tls == NULL)
		return -E_TLS;
	SSL_CTX_free(d->tls);
	d->tls = tls;
	log_notice("certificates read again", NULL);
	return 0;
}

/* The engine had its time. */
static void
on_stop_timer(evutil_socket_t fd, short what, void *arg)
{
	struct door *d = arg;
	struct guest *g, *next;

	(void)fd;
	(void)what;
	for (g = LIST_FIRST(&d->guests); g != NULL; g = next) {
		next = LIST_NEXT(g, entry);
		if (!g->busy)
			continue;
		if (g->x.call != NULL)
			supply_cancel(g->x.call);
		g->x.call = NULL;
		etsi014_refuse(&g->x, 503, NULL, "this KME is shutting down");
	}
}

void
door_stop(struct door *d, void (*gone)(void *), void *arg)
{
	static const struct timeval wait = {
		STOP_MS / 1000, STOP_MS % 1000 * 1000
	};
	struct guest *g, *next;

	d->stopping = true;
	listener_free(&d->listener);
	for (g = LIST_FIRST(&d->guests); g != NULL; g = next) {
		next = LIST_NEXT(g, entry);
		g->last = true;
		if (!g->busy)
			conn_finish(g->conn);
	}
	d->stop_timer = event_new(d->base, -1, 0, on_stop_timer, d);
	if (d->stop_timer != NULL)
		event_add(d->stop_timer, &wait);
	d->gone = gone;
	d->gone_arg = arg;
	check_gone(d);
}

void
door_free(struct door **dp)
{
	struct door *d = *dp;

	if (d == NULL)
		return;
	listener_free(&d->listener);
	d->gone = NULL;
	while (!LIST_EMPTY(&d->guests))
		conn_close(LIST_FIRST(&d->guests)->conn, "shutting down");
	if (d->stop_timer != NULL)
		event_free(d->stop_timer);
	SSL_CTX_free(d->tls);
	free(d);
	*dp = NULL;
}

void
door_report(const struct door *d, json_t *figures)
{
	json_t	*answers = json_object();
	char	 code[16];

	json_object_set_new(figures, "connections",
	    json_integer(d->connections));
	json_object_set_new(figures, "connections_accepted",
	    json_integer(d->accepted));
	json_object_set_new(figures, "connections_refused",
	    json_integer(d->refused));
	for (size_t i = 0; i < sizeof(d->answers) / sizeof(*d->answers) &&
	    d->answers[i].code != 0; i++) {
		snprintf(code, sizeof(code), "%d", d->answers[i].code);
		json_object_set_new(answers, code,
		    json_integer(d->answers[i].n));
	}
	json_object_set_new(figures, "answers", answers);
}
