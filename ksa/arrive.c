/* arrive.c - who may come to the door, who may come in, and who must go. */
#include <stddef.h>

#include "doorint.h"
#include "err.h"
#include "log.h"
#include "quiet.h"

#define GUEST_OF(P, FIELD) \
	((struct guest *)((char *)(P) - offsetof(struct guest, FIELD)))

static void
give_way(struct guest *g, const char *why)
{
	if (!quiet())
		log_notice("a connection gives way", "peer=%s sae=%s "
		    "reason=%s", conn_peer_address(g->conn), guest_sae(g),
		    log_quote(why));
	conn_close(g->conn, why);
}

/* He stays outside until he has his answer. */
static void
turn_away(struct guest *g, const char *why)
{
	g->door->refused++;
	if (!quiet())
		log_notice("connection refused", "peer=%s sae=%s reason=%s",
		    g->address, guest_sae(g), log_quote(why));
	g->last = true;
	g->kind->turn_away(g, why);
	conn_finish(g->conn);
}

int
arrive_inside(struct guest *g)
{
	struct door *d = g->door;
	struct tenant *out;
	int	 r;

	r = house_enter(d->house, &g->tenant,
	    g->caller != NULL ? g->caller->id : "", &out);
	if (r == -E_NO_MEMORY)
		return r;
	if (r == -E_BUSY)
		turn_away(g, "too many connections of this application");
	else if (r < 0)
		turn_away(g, "too many connections");
	else
		porch_leave(d->porch, &g->waiting);
	if (out != NULL)
		give_way(GUEST_OF(out, tenant),
		    "too many connections, most of this application");
	return 0;
}

void
arrive_outside(struct guest *g)
{
	struct porch_item *out;

	if (porch_enter(g->door->porch, &g->waiting, conn_source(g->conn),
	    &out) < 0)
		conn_close(g->conn, "out of memory");
	else if (out != NULL)
		give_way(GUEST_OF(out, waiting),
		    "too many connections that have not shown a certificate");
}
