/* outbox.c - sending bindings until they are acknowledged. */
#include "ksa/outbox.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/apps.h"
#include "ksa/channel.h"
#include "ksa/outboxint.h"
#include "log.h"

#define WINDOW		2048	/* bindings sent and not acknowledged */
#define PART_OCTETS	24576	/* of a copy, in one message */
#define COPIES_MAX	(4U << 20)	/* octets of copies on their way, of all
					 * peers: relayd keeps 16 MiB of base64 */
#define COPIES_PATIENCE	1000	/* ms that other peers may hold one up */
#define RESEND_MS	1000
#define AHEAD_MS	(366 * 86400000ULL)	/* a clock may be wrong by */

/* ---- copies ---- */

static uint32_t
copies_flying(const struct env *env)
{
	uint32_t	n = 0;

	for (size_t i = 0; i < env->npeers; i++)
		if (env->peers[i]->outbox != NULL)
			n += env->peers[i]->outbox->copies;
	return n;
}

/* Many slaves' copies at once would be more than relayd takes. */
static bool
may_fly(struct outbox *o, const struct binding *b)
{
	uint32_t	flying = copies_flying(o->peer->env);

	if (!b->copied || flying == 0 ||
	    flying + binding_size(b) <= COPIES_MAX) {
		o->held_up = 0;
		return true;
	}
	if (o->held_up == 0)
		o->held_up = mono_ms();
	return o->copies == 0 && mono_ms() - o->held_up >= COPIES_PATIENCE;
}

static int
send_parts(struct outbox *o, const struct binding *b, const uint8_t *copy)
{
	struct msg	 m = { .id = MSG_bind_part };
	uint32_t	 size = binding_size(b), n;
	int		 r = 0;

	m.bind_part.request = b->request;
	for (uint32_t at = 0; r == 0 && at < size; at += n) {
		n = size - at < PART_OCTETS ? size - at : PART_OCTETS;
		m.bind_part.offset = at;
		m.bind_part.octets = (struct msg_view){ copy + at, n };
		r = channel_send_soon(o->peer->channel, &m);
	}
	return r;
}

/* What is on its way only is at hand; else the disk has it. */
static int
send_copy(struct outbox *o, const struct binding *b, uint8_t mac[OTP_MAC])
{
	uint8_t	*copy = NULL;
	int	 r;

	memcpy(mac, b->mac, OTP_MAC);
	r = b->copy != NULL ? 0 : bindings_copy(keystore_reader(
	    o->peer->env->store), o->peer->id, true, b, &copy, mac);
	if (r == 0)
		r = send_parts(o, b, b->copy != NULL ? b->copy : copy);
	free(copy);
	if (r < 0)
		return r;
	o->copies += binding_size(b);
	o->copies_last = b->request;
	return 0;
}

/* ---- sending ---- */

static int
send_bind(struct outbox *o, const struct binding *b)
{
	struct msg	 m = { .id = MSG_bind };
	uint8_t		 pieces[PIECES_MAX * PIECE_OCTETS], mac[OTP_MAC];
	struct msg_bind	*w = &m.bind;
	int		 r;

	if (b->copied && (r = send_copy(o, b, mac)) < 0)
		return r;
	w->request = b->request;
	w->previous = o->previous;
	strncpy(w->master, b->master, sizeof(w->master) - 1);
	w->slaves = (struct msg_view){ (const uint8_t *)b->slaves,
	    strlen(b->slaves) };
	w->keys = b->keys;
	w->octets = b->octets;
	w->made = b->made;
	w->seed = (struct msg_view){ b->seed, KEYID_SEED };
	pieces_encode(b->pieces, pieces);
	w->pieces = (struct msg_view){ pieces, b->pieces->n * PIECE_OCTETS };
	w->mac = (struct msg_view){ mac, b->copied ? OTP_MAC : 0 };
	w->apps = o->peer->env->apps->generation;
	w->session = (struct msg_view){ b->session,
	    b->in_session ? BINDING_SESSION : 0 };
	if ((r = channel_send_soon(o->peer->channel, &m)) < 0)
		return r;
	o->sent = o->previous = b->request;
	o->flying++;
	return 0;
}

/* Its copy is not on the disk any more: it was void in between. */
static int
pass_over(struct outbox *o, const struct binding *b, int r)
{
	log_warn("copy of keys is gone", "peer=%s request=%" PRIu64
	    " error=%s", o->peer->km, b->request, err_name(r));
	o->sent = b->request;
	return 0;
}

/*
 * The rest of the disk's rows, as far as the window lets us. A row whose
 * commit we were not told of yet waits: what is sent carries our mark, and
 * the peer would remember one that is too low.
 */
static void
pump(struct outbox *o)
{
	struct side	*s = keystore_reader(o->peer->env->store);
	struct binding	*b;
	int		 r = 0;

	while (o->synced && o->behind && o->flying < WINDOW) {
		if ((r = bindings_next_issued(s, o->peer->id, o->sent,
		    &b)) < 0)
			break;
		/* A void one is passed over: it has no key to bind. */
		if (b->request > o->last)
			r = -E_NOT_FOUND;
		else if (!binding_stands(b))
			o->sent = b->request;
		else if (!may_fly(o, b))
			r = -E_BUSY;
		else
			r = send_bind(o, b);
		if (r == -E_GONE || r == -E_STORE_CORRUPT)
			r = pass_over(o, b, r);
		binding_free(&b);
		if (r < 0)
			break;
	}
	if (r == -E_NOT_FOUND)
		o->behind = false;
}

void
outbox_push(struct outbox *o, const struct binding *b)
{
	o->last = b->request;
	if (b->request <= o->sent)	/* the disk was faster */
		return;
	if (!o->synced || o->behind || o->flying >= WINDOW ||
	    !may_fly(o, b) || send_bind(o, b) < 0)
		o->behind = true;
}

void
outbox_resend(struct outbox *o, uint64_t upto)
{
	/* model: session resend */
	o->previous = upto;
	o->sent = upto > o->acked ? upto : o->acked;
	o->behind = true;
	o->flying = o->copies = 0;
	o->progress = o->resent = mono_ms();
	pump(o);
}

/* The copies have arrived: others' may follow. */
static void
copies_landed(struct outbox *o)
{
	const struct env	*env = o->peer->env;

	o->copies = 0;
	for (size_t i = 0; i < env->npeers; i++)
		if (env->peers[i]->outbox != NULL)
			pump(env->peers[i]->outbox);
}

struct floor_job { struct env *env; int64_t peer; uint64_t last; };

static int
floor_run(struct db *db, void *arg)
{
	struct floor_job	*j = arg;

	(void)db;
	return keystore_issued(keystore_writer(j->env->store), j->peer,
	    j->last);
}

static void
job_done(void *arg, int r)
{
	(void)r;
	free(arg);
}

/*
 * Requests of several slaves take their serial from the highest of all peers
 * concerned: what one of them claims must leave enough for the others.
 */
static bool
believable(struct outbox *o, uint64_t upto)
{
	uint64_t	most = 0;

	if (upto <= o->last || upto <= keyid_serial(&most, now_ms() + AHEAD_MS))
		return true;
	peer_error(o->peer, "it claims requests of a year to come: compare "
	    "the clocks");
	return false;
}

/* The peer knows of requests that we do not: our store went back in time. */
static void
go_past(struct outbox *o, uint64_t upto)
{
	struct floor_job	*j = calloc(1, sizeof(*j));

	log_warn("peer knows later requests than we do", "peer=%s",
	    o->peer->km);
	o->last = upto;
	if (o->peer->request_last < upto)
		o->peer->request_last = upto;
	if (j == NULL)
		return;
	*j = (struct floor_job){ o->peer->env, o->peer->id, upto };
	env_add(o->peer->env, floor_run, job_done, j);
}

void
outbox_bound(struct outbox *o, uint64_t upto)
{
	uint64_t	now = mono_ms();

	if (upto >> 60 != 0 || !believable(o, upto))
		return;
	if (upto > o->last)
		go_past(o, upto);
	if (!o->synced) {
		o->synced = true;
		if (upto > o->acked)
			o->acked = upto;
		outbox_resend(o, upto);
	} else if (upto > o->acked) {
		o->acked = upto;
		o->progress = now;
		if (upto >= o->sent)
			o->flying = 0;
		else
			o->flying /= 2;
		pump(o);
		if (o->copies > 0 && upto >= o->copies_last)
			copies_landed(o);
	} else if (upto < o->sent && now - o->resent >= OUTBOX_GAP_MS)
		outbox_resend(o, upto);
}

void
outbox_reset(struct outbox *o)
{
	o->synced = false;
	o->behind = true;
	o->copies = 0;
}

struct acked_job { struct outbox *o; struct env *env; int64_t peer;
	uint64_t upto; };

static int
acked_run(struct db *db, void *arg)
{
	struct acked_job	*j = arg;

	struct side		*s = keystore_writer(j->env->store);
	int			 r = keystore_acked(s, j->peer, j->upto);

	(void)db;
	return r < 0 ? r : bindings_drop_copies(s, j->peer, j->upto);
}

static void
acked_done(void *arg, int r)
{
	struct acked_job	*j = arg;

	if (r == 0 && j->upto > j->o->stored)
		j->o->stored = j->upto;
	free(j);
}

void
outbox_tick(struct outbox *o)
{
	struct acked_job	*j;

	if (o->synced && o->acked < o->sent &&
	    mono_ms() - o->progress >= RESEND_MS)
		outbox_resend(o, o->acked);
	pump(o);
	if (o->acked > o->stored && (j = calloc(1, sizeof(*j))) != NULL) {
		*j = (struct acked_job){ o, o->peer->env, o->peer->id,
		    o->acked };
		env_add(o->peer->env, acked_run, acked_done, j);
	}
}

uint64_t
outbox_acked(const struct outbox *o)
{
	return o->acked;
}

int
outbox_new(struct outbox **out, struct peer *p, const struct peer_row *row)
{
	struct outbox	*o = calloc(1, sizeof(*o));

	if (o == NULL)
		return -E_NO_MEMORY;
	*o = (struct outbox){ .peer = p, .acked = row->acked,
	    .stored = row->acked, .last = row->issued_last,
	    .sent = row->acked, .previous = row->acked, .behind = true };
	*out = o;
	return 0;
}

void
outbox_free(struct outbox **o)
{
	free(*o);
	*o = NULL;
}
