/* guest.c - a connection's life. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doorint.h"
#include "err.h"
#include "log.h"
#include "quiet.h"

const char *
guest_sae(const struct guest *g)
{
	return g->caller != NULL ? log_quote(g->caller->id) : "-";
}

bool
guest_quiet(const struct guest *g)
{
	return g->caller != NULL ?
	    quiet_of(&g->caller->refusals, g->caller->id) :
	    quiet_of(&g->door->strangers, "strangers");
}

void
guest_has_keys(struct guest *g, struct receipt *r)
{
	r->end = g->broken ? RECEIPTS_NEVER : conn_written(g->conn);
	if (receipts_full(&g->receipts))
		receipts_arrived(&g->receipts, conn_arrived(g->conn));
	if (receipts_add(&g->receipts, r) < 0)
		door_undelivered(g->door, r, g->caller->id, g->address,
		    "out of memory");
}

void
guest_answered(struct guest *g, bool busy)
{
	g->tenant.busy = busy;
	house_active(&g->tenant);
}

void
guest_last(struct guest *g)
{
	g->last = true;
	if (g->kind->deaf != NULL)
		g->kind->deaf(g);
}

static ssize_t
on_input(void *arg, struct conn *c, const uint8_t *p, size_t n)
{
	struct guest *g = arg;
	ssize_t	 used = g->kind->input(g, p, n);

	if (g->broken)
		return -1;
	if (g->last && !g->tenant.busy) {
		conn_finish(c);
		return (ssize_t)n;
	}
	return used;
}

static void
on_drained(void *arg, struct conn *c)
{
	struct guest *g = arg;

	(void)c;
	if (g->kind->drained != NULL)
		g->kind->drained(g);
}

static int
on_ready(void *arg, struct conn *c, X509 *cert)
{
	struct guest *g = arg;
	int	 r;

	g->address = conn_peer_address(c);
	if ((r = identity_meet(g, cert)) < 0)
		return r;
	g->ready = true;
	if ((r = arrive_inside(g)) == 0 && !g->last && g->kind->enter != NULL)
		g->kind->enter(g);
	return r;
}

static void
leave(struct guest *g)
{
	struct door *d = g->door;

	LIST_REMOVE(g, entry);
	d->connections--;
	porch_leave(d->porch, &g->waiting);
	house_leave(d->house, &g->tenant);
	identity_leave(g);
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
		door_undelivered(g->door, &r->v[i], g->caller->id, g->address,
		    why);
}

/* The client sends no more: what it asked for it gets. */
static bool
on_ended(void *arg, struct conn *c)
{
	struct guest *g = arg;

	(void)c;
	guest_last(g);
	return g->tenant.busy;
}

static void
on_closed(void *arg, struct conn *c, const char *why)
{
	struct guest *g = arg;
	struct door *d = g->door;

	if (!g->ready) {
		d->refused++;
		if (!quiet())
			log_notice("connection refused", "interface=%s "
			    "peer=%s reason=%s", g->kind->name,
			    conn_peer_address(c), log_quote(why));
	} else
		log_debug("connection closed", "interface=%s peer=%s "
		    "reason=%s", g->kind->name, conn_peer_address(c),
		    log_quote(why));
	give_account(g, why);
	g->kind->leave(g);
	leave(g);
	door_check_gone(d);
}

static const struct conn_ops guest_ops = {
	.ready = on_ready,
	.input = on_input,
	.drained = on_drained,
	.ended = on_ended,
	.closed = on_closed,
};

void
guest_enter(struct door *d, const struct guest_kind *kind,
    const struct conn_limits *limits, int fd)
{
	struct guest *g = calloc(1, kind->size);

	if (g == NULL) {
		d->refused++;
		close(fd);
		return;
	}
	g->kind = kind;
	g->door = d;
	d->connections++;
	LIST_INSERT_HEAD(&d->guests, g, entry);
	g->conn = conn_new(d->base, d->tls, fd, true, limits, &guest_ops, g);
	if (g->conn == NULL)
		leave(g);
	else
		arrive_outside(g);
}

void
guest_finish(struct guest *g)
{
	guest_last(g);
	if (!g->tenant.busy)
		conn_finish(g->conn);
}

void
guest_close(struct guest *g, const char *why)
{
	conn_close(g->conn, why);
}
