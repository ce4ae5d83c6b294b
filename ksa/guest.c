/* guest.c - one connection: its requests, one at a time, and its deadlines. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doorint.h"
#include "err.h"
#include "etsi014.h"
#include "httphead.h"
#include "log.h"
#include "quiet.h"

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

const char *
guest_sae(const struct guest *g)
{
	return g->x.caller != NULL ? log_quote(g->x.caller->id) : "-";
}

char *
guest_answer(struct exchange *x, int code, const char *extra, size_t octets)
{
	struct guest *g = guest_of(x);
	static const struct http_request none;	/* he was not asked */
	const struct http_request *r = g->http != NULL ?
		    http_request(g->http) : &none;
	char	 head[HTTPHEAD_MAX];
	bool	 keep = r->keep_alive && !g->last && !x->door->stopping;
	size_t	 n = httphead(head, code, octets, extra, keep, r->old);
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
	g->answer = n + body;
	return p + n;
}

void
guest_has_keys(struct exchange *x, uint32_t number, const uint8_t first[16])
{
	x->keys.end = RECEIPTS_NEVER;
	x->keys.number = number;
	x->keys.method = x->method;
	memcpy(x->keys.first, first, sizeof(x->keys.first));
}

/* Nobody knows yet whether this answer arrives. */
static void
keep_receipt(struct guest *g)
{
	struct receipt	*r = &g->x.keys;

	if (!g->broken)
		r->end = conn_written(g->conn);
	if (receipts_full(&g->receipts))
		receipts_arrived(&g->receipts, conn_arrived(g->conn));
	if (receipts_add(&g->receipts, r) < 0)
		door_undelivered(g->x.door, r, g->x.caller->id, g->x.address,
		    "out of memory");
	r->number = 0;
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
guest_answered(struct exchange *x)
{
	struct guest *g = guest_of(x);

	if (g->answer > 0)
		conn_commit(g->conn, g->answer);
	g->answer = 0;
	if (x->keys.number > 0)
		keep_receipt(g);
	g->busy = g->tenant.busy = false;
	house_active(&g->tenant);
	x->call = NULL;
	x->request = NULL;
	if (g->http != NULL)
		http_next(g->http);
	if (g->reading)
		return;
	door_take_parser(x->door, &g->http);
	if (g->broken || g->last)
		stop_if_last(g);
	else
		resume(g);
}

struct supply *
guest_supply(const struct exchange *x)
{
	return x->door->supply;
}

const struct sae_book *
guest_book(const struct exchange *x)
{
	return x->door->book;
}

/* Nothing that is not HTTP can follow: one answer, then the end. */
static void
answer_fault(struct guest *g)
{
	g->last = true;
	etsi014_refuse(&g->x, 400, NULL, "%s", http_fault(g->http));
}

static void
take_request(struct guest *g)
{
	g->busy = g->tenant.busy = true;
	g->x.request = http_request(g->http);
	if (!identity_holds(g))
		g->last = true;
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
	enum http_phase phase = g->busy || g->http == NULL ? HTTP_IDLE :
		    http_phase(g->http);

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

	if (g->http == NULL &&
	    (g->http = door_lend_parser(g->x.door)) == NULL)
		return -1;
	g->reading = true;
	while (used < n && !g->busy && !g->last && !g->broken &&
	    conn_output_queued(c) < DOORINT_OUTPUT) {
		step(g, p + used, n - used, &k);
		used += k;
		fresh |= http_phase(g->http) == HTTP_IDLE;
	}
	g->reading = false;
	if (!g->busy && http_phase(g->http) == HTTP_IDLE)
		door_take_parser(g->x.door, &g->http);
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

static int
on_ready(void *arg, struct conn *c, X509 *cert)
{
	struct guest *g = arg;
	int	 r;

	g->x.address = conn_peer_address(c);
	if ((r = identity_meet(g, cert)) < 0)
		return r;
	g->ready = true;
	return arrive_inside(g);
}

static void
leave(struct guest *g)
{
	struct door *d = g->x.door;

	LIST_REMOVE(g, entry);
	d->connections--;
	porch_leave(d->porch, &g->waiting);
	house_leave(d->house, &g->tenant);
	identity_leave(g);
	door_take_parser(d, &g->http);
	receipts_free(&g->receipts);
	free(g);
}

/* Answers with keys that the client may not have. */
static void
give_account(struct guest *g, const char *why)
{
	struct receipts	*r = &g->receipts;

	if (r->n > 0)
		receipts_arrived(r, conn_arrived(g->conn));
	for (unsigned i = 0; i < r->n; i++)
		door_undelivered(g->x.door, &r->v[i], g->x.caller->id,
		    g->x.address, why);
}

/* The client sends no more: what it asked for it gets. */
static bool
on_ended(void *arg, struct conn *c)
{
	struct guest *g = arg;

	(void)c;
	g->last = true;
	return g->busy;
}

static void
on_closed(void *arg, struct conn *c, const char *why)
{
	struct guest *g = arg;
	struct door *d = g->x.door;

	if (!g->ready) {
		d->refused++;
		if (!quiet())
			log_notice("HTTPS connection refused",
			    "peer=%s reason=%s", conn_peer_address(c),
			    log_quote(why));
	} else
		log_debug("HTTPS connection closed", "peer=%s reason=%s",
		    conn_peer_address(c), log_quote(why));
	give_account(g, why);
	if (g->x.call != NULL && !supply_withdraw(g->x.call))
		stray_begin(&g->x);
	leave(g);
	door_check_gone(d);
}

static const struct conn_ops guest_ops = {
	.ready = on_ready,
	.input = on_input,
	.ended = on_ended,
	.closed = on_closed,
};

void
guest_enter(struct door *d, int fd)
{
	struct guest *g = calloc(1, sizeof(*g));

	if (g == NULL) {
		d->refused++;
		close(fd);
		return;
	}
	g->x.door = d;
	d->connections++;
	LIST_INSERT_HEAD(&d->guests, g, entry);
	g->conn = conn_new(d->base, d->tls, fd, true, &d->conn_limits,
	    &guest_ops, g);
	if (g->conn == NULL)
		leave(g);
	else
		arrive_outside(g);
}

void
guest_finish(struct guest *g)
{
	g->last = true;
	if (!g->busy)
		conn_finish(g->conn);
}

void
guest_refuse(struct guest *g, const char *why)
{
	if (!g->busy || (g->x.call != NULL && !supply_withdraw(g->x.call)))
		return;
	g->x.call = NULL;
	etsi014_refuse(&g->x, 503, NULL, "%s", why);
}

void
guest_close(struct guest *g, const char *why)
{
	conn_close(g->conn, why);
}
