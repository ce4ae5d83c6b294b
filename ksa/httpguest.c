/* httpguest.c - HTTP on one connection, and its deadlines. */
#include "httpguest.h"

#include <string.h>

#include "doorint.h"
#include "err.h"
#include "etsi014.h"
#include "httphead.h"
#include "log.h"

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

static struct exchange *
exchange_of(struct guest *g)
{
	return (struct exchange *)g;
}

char *
httpguest_answer(struct exchange *x, int code, const char *extra,
    size_t octets)
{
	static const struct http_request none;	/* he was not asked */
	const struct http_request *r = x->http != NULL ?
		    http_request(x->http) : &none;
	struct guest *g = &x->g;
	char	 head[HTTPHEAD_MAX];
	bool	 keep = r->keep_alive && !g->last && !g->door->stopping;
	size_t	 n = httphead(head, code, octets, extra, keep, r->old);
	size_t	 body = r->method == HTTP_M_HEAD ? 0 : octets;
	char	*p;

	count_answer(g->door, code);
	g->last = !keep;
	if ((p = (char *)conn_reserve(g->conn, n + octets)) == NULL) {
		log_err("out of memory for an answer", "peer=%s octets=%zu",
		    g->address, octets);
		g->broken = true;
		return NULL;
	}
	memcpy(p, head, n);
	x->answer = n + body;
	return p + n;
}

void
httpguest_has_keys(struct exchange *x, uint32_t number,
    const uint8_t first[16])
{
	x->keys.number = number;
	x->keys.method = x->method;
	memcpy(x->keys.first, first, sizeof(x->keys.first));
}

static void
resume(struct exchange *x)
{
	if (!x->paused)
		return;
	x->paused = false;
	conn_pause(x->g.conn, false);
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
httpguest_answered(struct exchange *x)
{
	struct guest *g = &x->g;

	if (x->answer > 0)
		conn_commit(g->conn, x->answer);
	x->answer = 0;
	if (x->begun != 0)
		doorfigures_took(g->door, "https", x->method, x->begun);
	x->begun = 0;
	if (x->keys.number > 0)
		guest_has_keys(g, &x->keys);
	x->keys.number = 0;
	guest_answered(g, false);
	x->call = NULL;
	x->request = NULL;
	if (x->http != NULL)
		http_next(x->http);
	if (x->reading)
		return;
	door_take_parser(g->door, &x->http);
	if (g->broken || g->last)
		stop_if_last(g);
	else
		resume(x);
}

/* Nothing that is not HTTP can follow: one answer, then the end. */
static void
answer_fault(struct exchange *x)
{
	x->g.last = true;
	x->method = NULL;		/* those of the request before */
	x->other[0] = '\0';
	etsi014_refuse(x, 400, NULL, "%s", http_fault(x->http));
}

static void
take_request(struct exchange *x)
{
	x->g.tenant.busy = true;
	x->begun = histogram_turn(x->g.door->base);
	x->request = http_request(x->http);
	if (!identity_holds(&x->g))
		x->g.last = true;
	etsi014_start(x);
}

static void
step(struct exchange *x, const uint8_t *p, size_t n, size_t *used)
{
	switch (http_feed(x->http, p, n, used)) {
	case HTTP_WHOLE:
		take_request(x);
		break;
	case HTTP_CONTINUE:
		if (conn_write(x->g.conn, "HTTP/1.1 100 Continue\r\n\r\n",
		    25) < 0)
			x->g.broken = true;
		break;
	case HTTP_FAULT:
		answer_fault(x);
		break;
	case HTTP_MORE:
		break;
	}
}

/* Absolute deadlines, set once for header and body of each request. */
static void
set_deadline(struct exchange *x, bool fresh)
{
	const struct ksa_conf *c = x->g.door->conf;
	enum http_phase phase = x->g.tenant.busy || x->http == NULL ?
		    HTTP_IDLE : http_phase(x->http);

	if (phase == x->phase && !(fresh && phase != HTTP_IDLE))
		return;
	x->phase = phase;
	if (phase == HTTP_IDLE)
		conn_deadline(x->g.conn, 0, NULL);
	else if (phase == HTTP_HEADER)
		conn_deadline(x->g.conn, c->header_timeout,
		    "the request header takes too long");
	else
		conn_deadline(x->g.conn, c->body_timeout,
		    "the request body takes too long");
}

static ssize_t
on_input(struct guest *g, const uint8_t *p, size_t n)
{
	struct exchange *x = exchange_of(g);
	size_t	 used = 0, k;
	bool	 fresh = false;

	if (x->http == NULL && (x->http = door_lend_parser(g->door)) == NULL)
		return -1;
	x->reading = true;
	while (used < n && !g->tenant.busy && !g->last && !g->broken &&
	    conn_output_queued(g->conn) < DOORINT_OUTPUT) {
		step(x, p + used, n - used, &k);
		used += k;
		fresh |= http_phase(x->http) == HTTP_IDLE;
	}
	x->reading = false;
	if (!g->tenant.busy && http_phase(x->http) == HTTP_IDLE)
		door_take_parser(g->door, &x->http);
	if (g->broken || (g->last && !g->tenant.busy))
		return (ssize_t)n;
	if (g->tenant.busy && used < n) {	/* pipelined: the rest waits */
		x->paused = true;
		conn_pause(g->conn, true);
	}
	set_deadline(x, fresh);
	return (ssize_t)used;
}

static void
on_turn_away(struct guest *g, const char *why)
{
	struct exchange *x = exchange_of(g);

	x->reading = true;
	etsi014_refuse(x, 503, NULL, "%s", why);
	x->reading = false;
}

static void
on_refuse(struct guest *g, const char *why)
{
	struct exchange *x = exchange_of(g);

	if (!g->tenant.busy || (x->call != NULL && !supply_withdraw(x->call)))
		return;
	x->call = NULL;
	etsi014_refuse(x, 503, NULL, "%s", why);
}

static void
on_leave(struct guest *g)
{
	struct exchange *x = exchange_of(g);

	if (x->call != NULL && !supply_withdraw(x->call))
		stray_begin(g, x->call, x->method);
	door_take_parser(g->door, &x->http);
}

const struct guest_kind	httpguest_kind = {
	.name = "https",
	.size = sizeof(struct exchange),
	.input = on_input,
	.turn_away = on_turn_away,
	.refuse = on_refuse,
	.leave = on_leave,
};
