#include "bridge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carry.h"
#include "err.h"
#include "ipc.h"
#include "kx.h"
#include "log.h"
#include "plain.h"
#include "relay.h"
#include "relayd.h"
#include "routes.h"
#include "session.h"
#include "user.h"

/* More than this waiting means that the process is stuck. */
#define QUEUED_MAX	((size_t)16 << 20)

struct bridge {
	struct relayd	*relayd;
	struct ipc	*kma, *ksa;
};

static void
on_kma_input(void *arg, struct ipc *ipc, struct msg *m)
{
	struct bridge	*b = arg;

	if (m->id == MSG_relay_out)
		relay_send(b->relayd, &m->relay_out);
	else if (m->id == MSG_done_out)
		relay_send_done(b->relayd, &m->done_out);
	else if (m->id == MSG_control_out)
		carry_send(b->relayd, KX_CONTROL, m->control_out.peer,
		    m->control_out.body);
	else
		plain_from_kma(b->relayd, ipc, m);
}

static void
on_ksa_input(void *arg, struct ipc *ipc, struct msg *m)
{
	struct bridge	*b = arg;

	(void)ipc;
	if (m->id == MSG_supply_out)
		carry_send(b->relayd, KX_SUPPLY, m->supply_out.peer,
		    m->supply_out.body);
	else if (m->id == MSG_session_out)
		session_send(b->relayd, &m->session_out);
}

static void
on_kma_up(void *arg, struct ipc *ipc)
{
	struct bridge	*b = arg;

	(void)ipc;
	log_notice("kma connected", NULL);
	kx_say_kma(b->relayd->kx, true);
	routes_tell_kma(b->relayd->routes);
}

static void
on_kma_down(void *arg, struct ipc *ipc)
{
	struct bridge	*b = arg;

	(void)ipc;
	log_warn("kma is gone", NULL);
	kx_say_kma(b->relayd->kx, false);	/* others had better go round */
}

static void
on_ksa_up(void *arg, struct ipc *ipc)
{
	struct bridge	*b = arg;

	(void)ipc;
	log_notice("ksa connected", NULL);
	routes_tell_ksa(b->relayd->routes);
	plain_tell_ksa(b->relayd);
}

static void
on_ksa_down(void *arg, struct ipc *ipc)
{
	(void)arg, (void)ipc;
	log_warn("ksa is gone", NULL);
}

static const struct ipc_ops kma_ops = { on_kma_input, on_kma_up,
	on_kma_down };
static const struct ipc_ops ksa_ops = { on_ksa_input, on_ksa_up,
	on_ksa_down };

static int
open_one(struct bridge *b, struct ipc **ipc, enum msg_role role,
    const char *user, const struct ipc_ops *ops)
{
	char	path[128];
	uid_t	uid;
	int	e;

	if ((e = user_uid(user, &uid)) < 0) {
		log_err("no such user", "user=%s", log_quote(user));
		return e;
	}
	snprintf(path, sizeof(path), "%s/%s-relayd/data",
	    b->relayd->conf->run_dir, msg_role_name(role));
	return ipc_dial(ipc, b->relayd->base, path, RELAYD, role, uid, ops,
	    b);
}

int
bridge_new(struct bridge **bp, struct relayd *r)
{
	struct bridge	*b;
	int		 e;

	*bp = NULL;
	if ((b = calloc(1, sizeof(*b))) == NULL)
		return -E_NO_MEMORY;
	b->relayd = r;
	if ((e = open_one(b, &b->kma, KMA, r->conf->user_kma,
	    &kma_ops)) < 0 ||
	    (e = open_one(b, &b->ksa, KSA, r->conf->user_ksa, &ksa_ops)) < 0) {
		bridge_free(&b);
		return e;
	}
	*bp = b;
	return 0;
}

void
bridge_free(struct bridge **bp)
{
	struct bridge	*b = *bp;

	*bp = NULL;
	if (b == NULL)
		return;
	ipc_free(&b->kma);
	ipc_free(&b->ksa);
	free(b);
}

/* Events come again when the link does: a loss is no harm. */
static void
tell(struct ipc *ipc, const struct msg *m)
{
	if (ipc_is_up(ipc))
		(void)ipc_send(ipc, m);
}

void
bridge_neighbour(struct bridge *b, const char *km, bool up)
{
	struct msg	m = { .id = MSG_neighbour };

	strcpy(m.neighbour.km, km);
	m.neighbour.up = up;
	tell(b->kma, &m);
}

void
bridge_reach(struct bridge *b, const char *km, bool up)
{
	struct msg	m = { .id = MSG_reach };

	strcpy(m.reach.km, km);
	m.reach.up = up;
	tell(b->ksa, &m);
}

static int
deliver(struct ipc *ipc, const struct msg *m)
{
	if (!ipc_is_up(ipc))
		return -E_DOWN;
	return ipc_queued(ipc) > QUEUED_MAX ? -E_BUSY : ipc_send(ipc, m);
}

int
bridge_relay(struct bridge *b, const char *hop, const struct kx_relay *r)
{
	static struct msg	 m;
	struct msg_relay_in	*in = &m.relay_in;

	m.id = MSG_relay_in;
	m.kind = MSG_EVENT;
	strcpy(in->hop, hop);
	route_print(&r->route, in->route);
	strcpy(in->request, r->request);	/* a UUID: checked */
	in->block = r->block;
	in->pad = r->pad;
	in->part = r->part;
	in->parts = r->parts;
	in->mac = (struct msg_view){ r->mac, sizeof(r->mac) };
	in->text = (struct msg_view){ r->text, r->len };
	return deliver(b->kma, &m);
}

void
bridge_plain_there(struct bridge *b, const char *peer, bool up)
{
	struct msg	m = { .id = MSG_plain_there };

	strcpy(m.plain_there.peer, peer);
	m.plain_there.up = up;
	tell(b->ksa, &m);
}

int
bridge_plain_sent(struct bridge *b, const char *peer, uint64_t relay,
    const char *response)
{
	struct msg	m = { .id = MSG_plain_sent };

	strcpy(m.plain_sent.peer, peer);
	m.plain_sent.relay = relay;
	snprintf(m.plain_sent.response, sizeof(m.plain_sent.response), "%s",
	    response);
	return deliver(b->kma, &m);
}

int
bridge_plain_came(struct bridge *b, const char *peer, uint64_t relay)
{
	struct msg	m = { .id = MSG_plain_came };

	strcpy(m.plain_came.peer, peer);
	m.plain_came.relay = relay;
	return deliver(b->kma, &m);
}

int
bridge_done(struct bridge *b, const struct route *r, const char *request,
    const char *response, struct msg_view mac)
{
	struct msg	m = { .id = MSG_done_in };
	uint8_t		raw[16];

	if (uuid_parse(request, strlen(request), raw) < 0)
		return -E_BAD_FORMAT;
	route_print(r, m.done_in.route);
	uuid_print(raw, m.done_in.request);
	snprintf(m.done_in.response, sizeof(m.done_in.response), "%s",
	    response);
	m.done_in.mac = mac;
	return deliver(b->kma, &m);
}

int
bridge_message(struct bridge *b, enum kx_command command, const char *from,
    struct msg_view body)
{
	struct msg	m = { .id = command == KX_CONTROL ? MSG_control_in :
			    MSG_supply_in };

	if (command == KX_CONTROL) {
		strcpy(m.control_in.peer, from);
		m.control_in.body = body;
		return deliver(b->kma, &m);
	}
	strcpy(m.supply_in.peer, from);
	m.supply_in.body = body;
	return deliver(b->ksa, &m);
}

void
bridge_missing(struct bridge *b, json_t *list)
{
	if (!ipc_is_up(b->kma))
		json_array_append_new(list,
		    json_string("kma is not connected"));
	if (!ipc_is_up(b->ksa))
		json_array_append_new(list,
		    json_string("ksa is not connected"));
}
