/*
 * liar.c - a captured relayd, for tests: the real one, linked with --wrap
 * round what it hands to kma and ksa, to its peers, and what it gets from
 * them. It speaks with relayd's certificate and uid, and has seen all that
 * passed. On its control socket: "lie NAME PERCENT" has it tell that lie
 * so often from now on, "truth" ends all and takes back what it said of
 * neighbours and routes, "burst N" invents so many
 * messages at once, and "status" counts what was told.
 */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "liemsg.h"
#include "relayd/bridge.h"
#include "relayd/carry.h"
#include "relayd/command.h"
#include "relayd/frames.h"
#include "relayd/kx.h"
#include "relayd/kxlink.h"
#include "relayd/relay.h"
#include "relayd/relayd.h"
#include "relayd/routes.h"
#include "relayd/session.h"
#include "ipc.h"

#define KEPT	512	/* messages, and frames; half of them for ever */
#define LATE_MS	2500	/* at most */
#define TURN_MS	50

enum lie { DROP, FLIP, TWICE, LATE, REPLAY, ELSEWHERE, VARIANT, REFLECT,
	INVENT, LIES };
enum { OWN, PEERS };	/* to whom */

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

/* A message to kma or ksa (km ""), or a frame to a peer. */
struct kept { km_id km; uint16_t command; uint32_t id; uint64_t due;
	size_t len; uint8_t *p; };

static struct relayd	*relayd;
static struct ipc	*kma, *ksa;
static struct kept	 messages[KEPT], frames[KEPT], late[KEPT];
static unsigned		 nmessages, nframes, nlate;
static uint8_t		*payload_room;
static bool		 lying;		/* what is sent now is a lie already */

int	__real_bridge_new(struct bridge **, struct relayd *);
int	__wrap_bridge_new(struct bridge **, struct relayd *);
int	__real_ipc_send(struct ipc *, const struct msg *);
int	__wrap_ipc_send(struct ipc *, const struct msg *);
uint8_t	*__real_kxlink_reserve(struct kxlink *, size_t);
uint8_t	*__wrap_kxlink_reserve(struct kxlink *, size_t);
void	__real_kxlink_commit(struct kxlink *, uint32_t, uint16_t, size_t);
void	__wrap_kxlink_commit(struct kxlink *, uint32_t, uint16_t, size_t);
int	__real_frames_input(struct relayd *, struct kx_peer *,
	    const struct frame *, const char **);
int	__wrap_frames_input(struct relayd *, struct kx_peer *,
	    const struct frame *, const char **);
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
json_t	*__real_command_answer(void *, int, char **);
json_t	*__wrap_command_answer(void *, int, char **);

static bool
wants(enum lie l)
{
	return liemsg_random(100) < lies[l].percent;
}

/* Whether to tell it now; counts it. */
static bool
tells(enum lie l, int to)
{
	if (!wants(l))
		return false;
	lies[l].told[to]++;
	return true;
}

/* ---- what is kept ---- */

static void
keep(struct kept *k, const char *km, uint16_t command, uint32_t id,
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

static struct kept *
place(struct kept *all, unsigned *n)
{
	return &all[*n < KEPT ? (*n)++ : KEPT / 2 + liemsg_random(KEPT / 2)];
}

static void
keep_message(struct kept *k, const struct msg *m)
{
	struct msgbuf	b = { 0 };

	if (msg_encode(&b, m) == 0)
		keep(k, "", 0, 0, b.p, b.len);
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

	if (tells(TWICE, OWN))
		(void)say(m);
	other = *m;
	if (tells(VARIANT, OWN)) {
		liemsg_distort(&other);
		(void)say(&other);
	}
	if (nmessages > 0 && tells(REPLAY, OWN))
		say_kept(&messages[liemsg_random(nmessages)]);
	if (tells(INVENT, OWN))
		invent();
}

static bool
hold(const struct msg *m)
{
	if (nlate == KEPT || !tells(LATE, OWN))
		return false;
	keep_message(&late[nlate], m);
	late[nlate++].due = mono_ms() + liemsg_random(LATE_MS);
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
	keep_message(place(messages, &nmessages), m);
	lie = *m;
	if (tells(FLIP, OWN))
		liemsg_distort(&lie);
	else if (wants(ELSEWHERE) && liemsg_mistake(&lie))
		lies[ELSEWHERE].told[OWN]++;
	if (!tells(DROP, OWN) && !hold(&lie))
		r = __real_ipc_send(i, &lie);
	embroider(m);
	return r;
}

/* What kma or ksa said, as though its peer had. */
static void
reflect(const struct msg *m)
{
	liemsg_learn(m);
	keep_message(place(messages, &nmessages), m);
	if (tells(REFLECT, OWN))
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

/* ---- to peers ---- */

static void
tell_peer(struct kx_peer *p, uint32_t id, uint16_t command, const uint8_t *o,
    size_t len)
{
	lying = true;
	if (p != NULL)
		(void)kx_send(p, id, command, o, len);
	lying = false;
}

static void
tell_frame(const char *km, const struct kept *k)
{
	tell_peer(kx_find(relayd->kx, km), k->id, k->command, k->p, k->len);
}

/* Letter for letter, digit for digit: it stays a frame that can be read. */
static void
flip(uint8_t *p, size_t len)
{
	static const char	letters[] = "ABCDEFabcdefghijklmnopqrstuvwxyz";

	for (int tries = 0; len > 0 && tries < 100; tries++) {
		uint8_t	*c = p + liemsg_random((uint32_t)len);

		if (*c >= '0' && *c <= '9')
			*c = (uint8_t)('0' + liemsg_random(10));
		else if (strchr(letters, *c) != NULL && *c != '\0')
			*c = (uint8_t)letters[liemsg_random(32)];
		else
			continue;
		return;
	}
}

struct choice { const char *but; km_id km; unsigned n; };

static void
choose(void *arg, struct kx_peer *p)
{
	struct choice	*c = arg;

	if (strcmp(kx_name(p), c->but) != 0 && liemsg_random(++c->n) == 0)
		strcpy(c->km, kx_name(p));
}

/* Frames beside the one that was sent; k->km is where. */
static void
embroider_frame(const struct kept *k)
{
	struct choice	 c = { .but = k->km };
	static struct kept bad;

	if (tells(TWICE, PEERS))
		tell_frame(k->km, k);
	if (tells(VARIANT, PEERS)) {
		keep(&bad, k->km, k->command, k->id, k->p, k->len);
		flip(bad.p, bad.len);
		tell_frame(k->km, &bad);
	}
	if (tells(INVENT, PEERS)) {	/* under another command */
		keep(&bad, k->km, frames[liemsg_random(nframes)].command,
		    liemsg_random(1000), k->p, k->len);
		tell_frame(k->km, &bad);
	}
	if (tells(REPLAY, PEERS))
		tell_frame(k->km, &frames[liemsg_random(nframes)]);
	kx_each(relayd->kx, choose, &c);
	if (c.n > 0 && tells(ELSEWHERE, PEERS))
		tell_frame(c.km, &frames[liemsg_random(nframes)]);
}

uint8_t *
__wrap_kxlink_reserve(struct kxlink *l, size_t payload)
{
	payload_room = __real_kxlink_reserve(l, payload);
	return payload_room;
}

static bool
hold_frame(const struct kept *k)
{
	if (nlate == KEPT || !tells(LATE, PEERS))
		return false;
	keep(&late[nlate], k->km, k->command, k->id, k->p, k->len);
	late[nlate++].due = mono_ms() + liemsg_random(LATE_MS);
	return true;
}

void
__wrap_kxlink_commit(struct kxlink *l, uint32_t id, uint16_t command,
    size_t payload)
{
	struct kept	*k;

	if (lying || command == KX_ALIVE || relayd->kx == NULL ||
	    kx_find(relayd->kx, kxlink_km(l)) == NULL) {
		__real_kxlink_commit(l, id, command, payload);
		return;
	}
	k = place(frames, &nframes);
	keep(k, kxlink_km(l), command, id, payload_room, payload);
	if (tells(FLIP, PEERS))
		flip(payload_room, payload);
	if (!tells(DROP, PEERS) && !hold_frame(k))
		__real_kxlink_commit(l, id, command, payload);
	embroider_frame(k);
}

int
__wrap_frames_input(struct relayd *r, struct kx_peer *p,
    const struct frame *f, const char **why)
{
	if (!kx_is_plain(p)) {
		keep(place(frames, &nframes), kx_name(p), f->command,
		    f->message_id, f->payload, f->length);
		if (tells(REFLECT, PEERS))
			tell_peer(p, f->message_id, f->command, f->payload,
			    f->length);
	}
	return __real_frames_input(r, p, f, why);
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
			tell_frame(k.km, &k);
		free(k.p);
	}
}

int
__wrap_bridge_new(struct bridge **b, struct relayd *r)
{
	static const struct timeval	turn = { 0, TURN_MS * 1000 };
	const char			*seed = getenv("QKDNODE_SEED");
	struct event			*ev;

	relayd = r;
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

json_t *
__wrap_command_answer(void *arg, int nargs, char **args)
{
	json_t	*o;

	if (nargs == 3 && strcmp(args[0], "lie") == 0)
		return set(args[1], (unsigned)atoi(args[2])) ? told() :
		    json_pack("{s:s}", "error", "no such lie");
	if (nargs == 1 && strcmp(args[0], "truth") == 0) {
		(void)set(NULL, 0);
		routes_tell_kma(relayd->routes);
		routes_tell_ksa(relayd->routes);
		return told();
	}
	if (nargs == 2 && strcmp(args[0], "burst") == 0) {
		for (int n = atoi(args[1]); n > 0; n--)
			invent();
		return told();
	}
	o = __real_command_answer(arg, nargs, args);
	if (nargs == 1 && strcmp(args[0], "status") == 0)
		json_object_set_new(o, "lies", told());
	return o;
}
