/*
 * liar.c - a captured relayd, for tests: the real one, linked with --wrap
 * round what it hands to kma and ksa, to its peers, and what it gets from
 * them. It speaks with relayd's certificate and uid, and has seen all that
 * passed. On its control socket: "lie NAME PERCENT" has it tell that lie
 * so often from now on, "truth" ends all and takes back what it said of
 * neighbours and routes, "burst N" invents so many messages at once, and
 * "status" counts what was told.
 */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "liar.h"
#include "liemsg.h"
#include "relayd/bridge.h"
#include "relayd/carry.h"
#include "relayd/relay.h"
#include "relayd/relayd.h"
#include "relayd/routes.h"
#include "relayd/session.h"
#include "ctl.h"
#include "ipc.h"

#define TURN_MS	50

static struct {
	const char	*name;
	unsigned	 percent;
	uint64_t	 told[2];
} lies[LIES] = {
	[DROP] = { "drop", 0, { 0 } },
	[FLIP] = { "flip", 0, { 0 } },		/* one field or letter */
	[TWICE] = { "twice", 0, { 0 } },
	[LATE] = { "late", 0, { 0 } },		/* others overtake it */
	[REPLAY] = { "replay", 0, { 0 } },	/* of long ago */
	[ELSEWHERE] = { "elsewhere", 0, { 0 } }, /* from, or to, another */
	[VARIANT] = { "variant", 0, { 0 } },	/* the good one, and a bad */
	[REFLECT] = { "reflect", 0, { 0 } },	/* to its sender */
	[INVENT] = { "invent", 0, { 0 } },
};

struct relayd		*liar_relayd;
static struct ipc	*kma, *ksa;
static struct kept	 messages[LIAR_KEPT], late[LIAR_KEPT];
static unsigned		 nmessages, nlate;

int	__real_bridge_new(struct bridge **, struct relayd *);
int	__wrap_bridge_new(struct bridge **, struct relayd *);
int	__real_ipc_send(struct ipc *, const struct msg *);
int	__wrap_ipc_send(struct ipc *, const struct msg *);
void	__real_carry_send(struct relayd *, enum kx_command, const char *,
	    struct msg_view);
void	__wrap_carry_send(struct relayd *, enum kx_command, const char *,
	    struct msg_view);
void	__real_relay_send(struct relayd *, const struct msg_relay_out *);
void	__wrap_relay_send(struct relayd *, const struct msg_relay_out *);
void	__real_relay_send_done(struct relayd *, const struct msg_done_out *);
void	__wrap_relay_send_done(struct relayd *, const struct msg_done_out *);
void	__real_session_send(struct relayd *, const struct msg_session_out *);
void	__wrap_session_send(struct relayd *, const struct msg_session_out *);
int	__real_ctl_commands(struct ctl *, const struct ctl_command *, void *);
int	__wrap_ctl_commands(struct ctl *, const struct ctl_command *, void *);

static bool
wants(enum lie l)
{
	return liemsg_random(100) < lies[l].percent;
}

/* Whether to tell it now; counts it. */
bool
liar_tells(enum lie l, int to)
{
	if (!wants(l))
		return false;
	lies[l].told[to]++;
	return true;
}

/* ---- what is kept ---- */

void
liar_keep(struct kept *k, const char *km, uint16_t command, uint32_t id,
    const uint8_t *p, size_t len)
{
	free(k->p);
	*k = (struct kept){ .command = command, .id = id, .len = len };
	strcpy(k->km, km);
	if ((k->p = malloc(len + 1)) == NULL)
		k->len = 0;
	else if (len > 0)
		memcpy(k->p, p, len);
}

struct kept *
liar_place(struct kept *all, unsigned *n)
{
	return &all[*n < LIAR_KEPT ? (*n)++ :
	    LIAR_KEPT / 2 + liemsg_random(LIAR_KEPT / 2)];
}

struct kept *
liar_late(void)
{
	return nlate < LIAR_KEPT ? &late[nlate++] : NULL;
}

static void
keep_message(struct kept *k, const struct msg *m)
{
	struct msgbuf	b = { 0 };

	if (msg_encode(&b, m) == 0)
		liar_keep(k, "", 0, 0, b.p, b.len);
	msgbuf_free(&b);
}

/* ---- to kma and ksa ---- */

static int
say(const struct msg *m)
{
	struct ipc	*to = msg_allowed(m->id, RELAYD, KMA) ? kma : ksa;

	return to == NULL ? 0 : __real_ipc_send(to, m);
}

static void
say_kept(const struct kept *k)
{
	static struct msg	m;
	size_t			used;

	if (k->len == 0 || msg_decode(&m, k->p, k->len, &used) < 0)
		return;
	(void)say(&m);
	msg_wipe(&m);
}

static void
invent(void)
{
	static struct msg	m;

	liemsg_invent(&m);
	(void)say(&m);
}

/* What comes with it, beside itself. */
static void
embroider(const struct msg *m)
{
	static struct msg	other;

	if (liar_tells(TWICE, OWN))
		(void)say(m);
	other = *m;
	if (liar_tells(VARIANT, OWN)) {
		liemsg_distort(&other);
		(void)say(&other);
	}
	if (nmessages > 0 && liar_tells(REPLAY, OWN))
		say_kept(&messages[liemsg_random(nmessages)]);
	if (liar_tells(INVENT, OWN))
		invent();
}

static bool
hold(const struct msg *m)
{
	struct kept	*l;

	if (!liar_tells(LATE, OWN) || (l = liar_late()) == NULL)
		return false;
	keep_message(l, m);
	l->due = mono_ms() + liemsg_random(LIAR_LATE_MS);
	return true;
}

int
__wrap_ipc_send(struct ipc *i, const struct msg *m)
{
	static struct msg	lie;
	int			r = 0;

	if (msg_allowed(m->id, RELAYD, KMA))
		kma = i;
	else
		ksa = i;
	if (liemsg_is_plain(m->id))
		return __real_ipc_send(i, m);
	liemsg_learn(m);
	keep_message(liar_place(messages, &nmessages), m);
	lie = *m;
	if (liar_tells(FLIP, OWN))
		liemsg_distort(&lie);
	else if (wants(ELSEWHERE) && liemsg_mistake(&lie))
		lies[ELSEWHERE].told[OWN]++;
	if (!liar_tells(DROP, OWN) && !hold(&lie))
		r = __real_ipc_send(i, &lie);
	embroider(m);
	return r;
}

/* What kma or ksa said, as though its peer had. */
static void
reflect(const struct msg *m)
{
	liemsg_learn(m);
	keep_message(liar_place(messages, &nmessages), m);
	if (liar_tells(REFLECT, OWN))
		(void)say(m);
}

void
__wrap_carry_send(struct relayd *r, enum kx_command command, const char *km,
    struct msg_view body)
{
	struct msg	m = { .id = MSG_supply_in };

	if (command == KX_CONTROL) {
		m.id = MSG_control_in;
		strcpy(m.control_in.peer, km);
		m.control_in.body = body;
	} else {
		strcpy(m.supply_in.peer, km);
		m.supply_in.body = body;
	}
	reflect(&m);
	__real_carry_send(r, command, km, body);
}

void
__wrap_session_send(struct relayd *r, const struct msg_session_out *out)
{
	struct msg	m = { .id = MSG_supply_in };

	strcpy(m.supply_in.peer, out->peer);
	m.supply_in.body = out->body;
	reflect(&m);
	__real_session_send(r, out);
}

void
__wrap_relay_send(struct relayd *r, const struct msg_relay_out *out)
{
	static struct msg	m;

	_Static_assert(sizeof(m.relay_in) == sizeof(*out),
	    "relay_in and relay_out have the same fields");
	m.id = MSG_relay_in;
	memcpy(&m.relay_in, out, sizeof(*out));
	reflect(&m);
	__real_relay_send(r, out);
}

void
__wrap_relay_send_done(struct relayd *r, const struct msg_done_out *out)
{
	struct msg	m = { .id = MSG_done_in };

	_Static_assert(sizeof(m.done_in) == sizeof(*out),
	    "done_in and done_out have the same fields");
	memcpy(&m.done_in, out, sizeof(*out));
	reflect(&m);
	__real_relay_send_done(r, out);
}

/* ---- life ---- */

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	uint64_t	now = mono_ms();
	struct kept	k;

	(void)fd, (void)what, (void)arg;
	for (unsigned i = 0; i < nlate;) {
		if (late[i].due > now) {
			i++;
			continue;
		}
		k = late[i];
		late[i] = late[--nlate];
		late[nlate].p = NULL;
		if (k.km[0] == '\0')
			say_kept(&k);
		else
			liarframe_tell(k.km, &k);
		free(k.p);
	}
}

int
__wrap_bridge_new(struct bridge **b, struct relayd *r)
{
	static const struct timeval	turn = { 0, TURN_MS * 1000 };
	const char			*seed = getenv("QKDNODE_SEED");
	struct event			*ev;

	liar_relayd = r;
	liemsg_seed(seed != NULL ? strtoull(seed, NULL, 10) : mono_ms());
	if ((ev = event_new(r->base, -1, EV_PERSIST, on_turn, NULL)) != NULL)
		event_add(ev, &turn);
	return __real_bridge_new(b, r);
}

static json_t *
told(void)
{
	json_t	*o = json_object();

	for (int l = 0; l < LIES; l++)
		json_object_set_new(o, lies[l].name, json_pack("[I, I]",
		    (json_int_t)lies[l].told[OWN],
		    (json_int_t)lies[l].told[PEERS]));
	return o;
}

static bool
set(const char *name, unsigned percent)
{
	bool	found = false;

	for (int l = 0; l < LIES; l++)
		if (name == NULL || strcmp(lies[l].name, name) == 0) {
			lies[l].percent = percent;
			found = true;
		}
	return found;
}

static json_t *
on_lie(void *arg, int nargs, char **args)
{
	(void)arg, (void)nargs;
	return set(args[1], (unsigned)atoi(args[2])) ? told() :
	    json_pack("{s:s}", "error", "no such lie");
}

static json_t *
on_truth(void *arg, int nargs, char **args)
{
	(void)arg, (void)nargs, (void)args;
	(void)set(NULL, 0);
	routes_tell_kma(liar_relayd->routes);
	routes_tell_ksa(liar_relayd->routes);
	return told();
}

static json_t *
on_burst(void *arg, int nargs, char **args)
{
	(void)arg, (void)nargs;
	for (int n = atoi(args[1]); n > 0; n--)
		invent();
	return told();
}

static json_t *
on_lies(void *arg, int nargs, char **args)
{
	(void)arg, (void)nargs, (void)args;
	return told();
}

static const struct ctl_command lying[] = {
	{ "lie", "NAME PERCENT", "so often", 2, 2, true, on_lie },
	{ "truth", "", "no more lies", 0, 0, true, on_truth },
	{ "burst", "N", "so many made-up messages", 1, 1, true, on_burst },
	{ "lies", "", "how many were told", 0, 0, false, on_lies },
	{ .name = NULL }
};

int
__wrap_ctl_commands(struct ctl *ctl, const struct ctl_command *table,
    void *arg)
{
	int	r = __real_ctl_commands(ctl, table, arg);

	return r < 0 ? r : __real_ctl_commands(ctl, lying, arg);
}
