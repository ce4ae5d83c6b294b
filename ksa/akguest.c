/* akguest.c - frames of one connection. */
#include "akguest.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "akanswer.h"
#include "akask.h"
#include "akread.h"
#include "doorint.h"
#include "err.h"
#include "frame.h"
#include "log.h"
#include "quiet.h"

/* Who is silent for so long and does not answer TCP either is gone: seconds,
 * and milliseconds for what was sent to be confirmed. */
#define KEEP_IDLE	15
#define KEEP_INTERVAL	5
#define KEEP_COUNT	3
#define UNCONFIRMED_MS	30000

struct ak_guest {
	struct guest		 g;		/* first: casts rely on it */
	struct ak_listener	 listener;	/* what the KM asked */
	LIST_HEAD(, ak_request) open;
	unsigned		 nopen;
	uint32_t		 owed;		/* octets of their answers */
	bool			 reading;	/* input() is on the stack */
	bool			 paused;
	bool			 partial;	/* a deadline for a frame */
};

/* What came last. 19 KiB: one for all, as there is one loop. */
static struct ak_message	message;

static struct ak_guest *
ak_of(struct guest *g)
{
	return (struct ak_guest *)g;
}

struct guest *
akguest_of(const struct ak_request *r)
{
	return &r->guest->g;
}

void
akguest_owes(struct ak_request *r, uint32_t octets)
{
	r->owed = octets;
	r->guest->owed += octets;
}

uint64_t
akguest_due(const struct guest *g)
{
	return conn_output_queued(g->conn) +
	    ((const struct ak_guest *)g)->owed;
}

bool
akguest_paused(const struct guest *g)
{
	return ((const struct ak_guest *)g)->paused;
}

static bool
has_room(const struct ak_guest *a)
{
	return a->nopen < (unsigned)a->g.door->conf->ak_max_requests &&
	    akguest_due(&a->g) < DOORINT_OUTPUT;
}

static bool
is_busy(const struct ak_guest *a)
{
	return a->nopen > 0 || a->listener.nopen > 0;
}

void
akguest_noticed(struct guest *g)
{
	g->tenant.busy = is_busy(ak_of(g));
}

static void
resume(struct ak_guest *a)
{
	if (!a->paused || !has_room(a))
		return;
	a->paused = false;
	conn_pause(a->g.conn, false);
}

static void
request_free(struct ak_request *r)
{
	struct ak_guest	*a = r->guest;

	LIST_REMOVE(r, entry);
	a->nopen--;
	a->owed -= r->owed;
	free(r);
}

static void
answered(struct ak_guest *a)
{
	struct guest	*g = &a->g;

	guest_answered(g, is_busy(a));
	if (a->reading)
		return;
	if (g->broken)
		conn_close(g->conn, "out of memory");
	else if (g->last && a->nopen == 0)
		conn_finish(g->conn);
	else
		resume(a);
}

void
akguest_answered(struct ak_request *r)
{
	struct ak_guest	*a = r->guest;

	request_free(r);
	answered(a);
}

void
akguest_dismiss(struct guest *g)
{
	guest_last(g);
	answered(ak_of(g));
}

/* ---- frames ---- */

/* Nothing that this peer sends makes sense from here on; what it asked for
 * before is answered. */
static void
shut(struct ak_guest *a, const struct frame *f, const char *why)
{
	a->g.door->ak.closed++;
	guest_last(&a->g);
	if (!quiet())
		log_notice("frame refused", "interface=ak peer=%s sae=%s "
		    "command=%04x message_id=%u reason=%s", a->g.address,
		    guest_sae(&a->g), f->command, f->message_id,
		    log_quote(why));
}

/* Checked and read into `message`; else -E_BAD_FORMAT and why. */
static int
read_frame(const struct ak_command *c, const struct frame *f,
    char why[AKREAD_WHY])
{
	int	e;

	akmsg_clear(&message);
	e = akread(&message, c, f->payload, f->length, why);
	if (f->version == FRAME_VERSION)
		return e;
	snprintf(why, AKREAD_WHY, "version %u is not known, %u is",
	    f->version, FRAME_VERSION);
	return -E_BAD_FORMAT;
}

static struct ak_request *
request_new(struct ak_guest *a, const struct ak_command *c,
    const struct frame *f)
{
	struct ak_request	*r = calloc(1, sizeof(*r));

	if (r == NULL) {
		a->g.broken = true;
		return NULL;
	}
	r->guest = a;
	r->command = c;
	r->method = akask_method(c);
	r->message_id = f->message_id;
	r->begun = histogram_turn(a->g.door->base);
	LIST_INSERT_HEAD(&a->open, r, entry);
	a->nopen++;
	a->g.tenant.busy = true;
	return r;
}

static void
take_request(struct ak_guest *a, const struct ak_command *c,
    const struct frame *f)
{
	struct ak_request	*r = request_new(a, c, f);
	const char		*refusal;
	char			 why[AKREAD_WHY];
	int			 e;

	if (r == NULL)
		return;
	e = read_frame(c, f, why);
	memcpy(r->session, message.session, sizeof(r->session));
	if ((refusal = identity_refuses(&a->g)) != NULL)
		akanswer_refuse(r, AK_UNAUTHORIZED, refusal);
	else if (e < 0)
		akanswer_refuse(r, AK_BAD_REQUEST, why);
	else
		akask_start(r, &message);
	akmsg_clear(&message);
}

/* Answers to what the KM asked. */
static void
take_response(struct ak_guest *a, const struct ak_command *c,
    const struct frame *f)
{
	char	why[AKREAD_WHY];

	if (read_frame(c, f, why) < 0)
		shut(a, f, why);
	else
		aknotice_answer(&a->listener, c, f->message_id, &message);
	guest_answered(&a->g, is_busy(a));
	akmsg_clear(&message);
}

static void
take_message(struct ak_guest *a, const struct ak_command *c,
    const struct frame *f)
{
	if (identity_holds(&a->g))
		aklistener_heard(&a->listener, &a->g);
	else
		guest_last(&a->g);
	if (c->answer == 0)
		take_response(a, c, f);
	else
		take_request(a, c, f);
}

static void
take_frame(struct ak_guest *a, const struct frame *f)
{
	const struct ak_command	*c = akmsg_find(f->command);

	a->g.door->ak.frames++;
	if (c == NULL)
		a->g.door->ak.ignored++;
	else if (!c->from_application)
		shut(a, f, "this command goes from the KM to applications");
	else
		take_message(a, c, f);
}

/* Who has enough open may still answer: what he waits for may wait for
 * that. */
static bool
may_come(const struct ak_guest *a, const struct frame *f)
{
	const struct ak_command	*c = akmsg_find(f->command);

	return c == NULL || c->answer == 0 || has_room(a);
}

/* Absolute, from the first octet of a frame. */
static void
set_deadline(struct ak_guest *a, bool partial, bool fresh)
{
	if (partial ? a->partial && !fresh : !a->partial)
		return;
	a->partial = partial;
	conn_deadline(a->g.conn, partial ?
	    (unsigned)a->g.door->conf->ak_frame_timeout : 0,
	    "a frame takes too long");
}

static ssize_t
on_input(struct guest *g, const uint8_t *p, size_t n)
{
	struct ak_guest	*a = ak_of(g);
	struct frame	 f;
	size_t		 used = 0, k = 0;

	a->reading = true;
	while (!g->last && !g->broken && (k = frame_parse(&f, p + used,
	    n - used)) > 0 && may_come(a, &f)) {
		used += k;
		take_frame(a, &f);
	}
	a->reading = false;
	if (g->broken || g->last) {
		set_deadline(a, false, false);
		return (ssize_t)n;
	}
	set_deadline(a, k == 0 && used < n, used > 0);
	if (k > 0) {
		a->paused = true;
		conn_pause(g->conn, true);
	}
	return (ssize_t)used;
}

static void
on_enter(struct guest *g)
{
	aklistener_heard(&ak_of(g)->listener, g);
}

static void
on_drained(struct guest *g)
{
	resume(ak_of(g));
	aklistener_room(&ak_of(g)->listener);
}

static void
on_deaf(struct guest *g)
{
	aklistener_deaf(&ak_of(g)->listener);
}

/* Nobody has asked anything yet: the log says why. */
static void
on_turn_away(struct guest *g, const char *why)
{
	(void)g, (void)why;
}

static void
on_refuse(struct guest *g, const char *why)
{
	struct ak_guest		*a = ak_of(g);
	struct ak_request	*r, *next;

	a->reading = true;	/* the guest stays until all are through */
	for (r = LIST_FIRST(&a->open); r != NULL; r = next) {
		next = LIST_NEXT(r, entry);
		if (r->call != NULL && !supply_withdraw(r->call))
			continue;
		akanswer_refuse(r, AK_UNAVAILABLE, why);
	}
	a->reading = false;
	answered(a);
}

static void
on_leave(struct guest *g)
{
	struct ak_guest		*a = ak_of(g);
	struct ak_request	*r;

	aklistener_leave(&a->listener);
	while ((r = LIST_FIRST(&a->open)) != NULL) {
		if (r->call != NULL && !supply_withdraw(r->call))
			stray_begin(g, r->call, r->method);
		request_free(r);
	}
}

static const struct guest_kind	kind = {
	.name = "ak",
	.size = sizeof(struct ak_guest),
	.enter = on_enter,
	.input = on_input,
	.drained = on_drained,
	.deaf = on_deaf,
	.turn_away = on_turn_away,
	.refuse = on_refuse,
	.leave = on_leave,
};

/* Applications stay connected, perhaps without a word: dead ones are found by
 * TCP itself. */
static void
keep_alive(int fd)
{
	static const struct { int level, name, value; } v[] = {
		{ IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE },
		{ IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL },
		{ IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, UNCONFIRMED_MS },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		(void)setsockopt(fd, v[i].level, v[i].name, &v[i].value,
		    sizeof(v[i].value));
}

void
akguest_enter(struct door *d, int fd)
{
	keep_alive(fd);
	guest_enter(d, &kind, &d->ak_limits, fd);
}

/* Who was registered meanwhile may be silent, and wait for what the KM begins
 * with him. Of those who are served certificates are looked at later. */
void
akguest_reload(struct door *d)
{
	struct guest	*g;

	LIST_FOREACH(g, &d->guests, entry)
		if (g->kind == &kind && g->ready && !g->last &&
		    (g->caller != NULL || identity_holds(g)))
			aklistener_heard(&ak_of(g)->listener, g);
}

void
akguest_limits(struct conn_limits *l, const struct ksa_conf *c)
{
	*l = (struct conn_limits){
		.handshake_ms = (unsigned)c->handshake_timeout,
		.idle_ms = (unsigned)c->ak_idle_timeout,
		.write_ms = (unsigned)c->write_timeout,
		.input_max = FRAME_HEADER + FRAME_PAYLOAD_MAX + 1,
		.output_max = DOORINT_OUTPUT,
		.abrupt_is_gone = true,
	};
}
