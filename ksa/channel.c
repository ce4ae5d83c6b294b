/* channel.c - the authlink of two KSAs, its control keys, packing. */
#include "ksa/channel.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "authlink.h"
#include "err.h"
#include "ksa/blocks.h"
#include "ksa/inbox.h"
#include "log.h"
#include "secret.h"

#define CANDIDATES	9	/* of a direction: the eight latest, one in use */
#define KEY		32
#define PACK_MAX	32768	/* octets of one payload */
#define BODY_LINK	0	/* first octet of what relayd carries */
#define BODY_OPEN	1
#define PACE_US		4000	/* between two payloads that can wait */
#define PACE_MIN	4	/* bindings in a payload: there is a load */

struct candidate { uint64_t id; uint8_t key[KEY]; };

struct keys {			/* in locked memory */
	uint64_t		used;
	struct candidate	c[2][CANDIDATES];	/* by id & 1 */
	unsigned		n[2];
};

struct channel {
	struct peer	*peer;
	struct authlink	*link;
	struct keys	*keys;
	struct msgbuf	 out, open;
	struct event	*flush;
	const struct msg *frame;	/* what goes out has this round it */
	unsigned	 soon, soon_last;	/* in this payload; the last */
	uint64_t	 flushed;		/* mono, ms */
};

/* ---- control keys ---- */

uint64_t
channel_key_id(const struct peer *p, int direction, uint64_t serial)
{
	bool	from_low = p->low == (direction == OWN);

	return serial * 2 + (from_low ? 0 : 1);
}

static unsigned
side_of(const struct peer *p, int direction)
{
	return (unsigned)(channel_key_id(p, direction, 0) & 1);
}

static struct candidate *
key_get(struct keys *k, uint64_t id)
{
	unsigned	s = id & 1;

	for (unsigned i = 0; i < k->n[s]; i++)
		if (k->c[s][i].id == id)
			return &k->c[s][i];
	return NULL;
}

static void
key_drop(struct keys *k, unsigned s, unsigned i)
{
	k->n[s]--;
	memmove(&k->c[s][i], &k->c[s][i + 1],
	    (k->n[s] - i) * sizeof(k->c[s][0]));
	OPENSSL_cleanse(&k->c[s][k->n[s]], sizeof(k->c[s][0]));
}

/* Ascending by id; the oldest that is not in use makes room. */
static int
key_put(void *arg, uint64_t id, const uint8_t key[KEY])
{
	struct keys	*k = arg;
	unsigned	 s = id & 1, i;

	if (key_get(k, id) != NULL)
		return 0;
	if (k->n[s] == CANDIDATES)
		key_drop(k, s, k->c[s][0].id == k->used ? 1 : 0);
	for (i = k->n[s]; i > 0 && k->c[s][i - 1].id > id; i--)
		k->c[s][i] = k->c[s][i - 1];
	k->c[s][i].id = id;
	memcpy(k->c[s][i].key, key, KEY);
	k->n[s]++;
	return 0;
}

int
channel_key_run(struct side *s, int64_t peer, uint64_t id,
    const uint8_t key[KEY])
{
	return keystore_control_add(s, peer, id, key);
}

void
channel_key_done(struct channel *ch, uint64_t id, const uint8_t key[KEY])
{
	key_put(ch->keys, id, key);
	if (ch->peer->reach && !authlink_is_up(ch->link))
		authlink_start(ch->link);
}

/* ---- what the authlink asks for ---- */

static int
key_find(void *arg, uint64_t id, uint8_t key[KEY])
{
	struct channel		*ch = arg;
	struct candidate	*c = key_get(ch->keys, id);

	if (c == NULL)
		return -E_NOT_FOUND;
	memcpy(key, c->key, KEY);
	return 0;
}

struct adopt { struct env *env; int64_t peer; uint64_t id, drop[CANDIDATES];
	unsigned ndrop; };

static int
adopt_run(struct db *db, void *arg)
{
	struct adopt	*a = arg;
	struct side	*s = keystore_writer(a->env->store);
	int		 r = keystore_control_use(s, a->peer, a->id);

	(void)db;
	for (unsigned i = 0; r == 0 && i < a->ndrop; i++)
		r = keystore_control_delete(s, a->peer, a->drop[i]);
	return r;
}

/*
 * Older keys of that direction are given up, so an old hello cannot come
 * again. When the higher side's key was needed, the lower side's own were
 * of no use to it: all of them go.
 */
static int
key_adopt(void *arg, uint64_t id)
{
	struct channel	*ch = arg;
	struct keys	*k = ch->keys;
	struct peer	*p = ch->peer;
	unsigned	 s = side_of(p, THEIRS);
	struct adopt	 a = { p->env, p->id, id, { 0 }, 0 };
	int		 r;

	if (k->used == id)
		return 0;
	if (p->low)
		s = side_of(p, OWN);
	for (unsigned i = 0; i < k->n[s]; i++)
		if (k->c[s][i].id != id && (p->low || k->c[s][i].id < id))
			a.drop[a.ndrop++] = k->c[s][i].id;
	if ((r = committer_sync(keystore_committer(p->env->store), adopt_run,
	    &a)) < 0)
		return r;
	k->used = id;
	for (unsigned i = 0; i < k->n[s];)
		if (k->c[s][i].id != id && (p->low || k->c[s][i].id < id))
			key_drop(k, s, i);
		else
			i++;
	return 0;
}

/* The newest of our own direction; without one, what was used last. */
static int
key_mine(void *arg, bool fresh, uint64_t *id, uint8_t key[KEY])
{
	struct channel		*ch = arg;
	struct keys		*k = ch->keys;
	unsigned		 s = side_of(ch->peer, OWN);
	struct candidate	*c = NULL;

	if (k->n[s] > 0)
		c = &k->c[s][k->n[s] - 1];
	else if (!fresh && k->used != 0)
		c = key_get(k, k->used);
	if (c == NULL)
		return -E_NO_KEY;
	*id = c->id;
	memcpy(key, c->key, KEY);
	return 0;
}

static void
marks(void *arg, struct authlink_marks *m)
{
	struct channel	*ch = arg;

	m->mine = ch->peer->mark;
	m->seen = ch->peer->seen;
}

static void
carry(struct channel *ch, uint8_t first, const uint8_t *p, size_t len)
{
	struct msg	 m = { .id = MSG_supply_out };
	uint8_t		*body;

	if ((body = malloc(len + 1)) == NULL)
		return;
	body[0] = first;
	memcpy(body + 1, p, len);
	memcpy(m.supply_out.peer, ch->peer->km, sizeof(m.supply_out.peer));
	m.supply_out.body = (struct msg_view){ body, len + 1 };
	(void)ch->peer->env->ops->tell(ch->peer->env->arg, &m);
	free(body);
}

/* Sessions have frames of their own on Kx. */
static void
carry_framed(struct channel *ch, uint8_t first, const uint8_t *p, size_t len)
{
	struct msg	 m = *ch->frame;
	uint8_t		*body;

	if ((body = malloc(len + 1)) == NULL)
		return;
	body[0] = first;
	memcpy(body + 1, p, len);
	memcpy(m.session_out.peer, ch->peer->km, sizeof(m.session_out.peer));
	m.session_out.body = (struct msg_view){ body, len + 1 };
	(void)ch->peer->env->ops->tell(ch->peer->env->arg, &m);
	free(body);
}

static void
link_send(void *arg, const uint8_t *p, size_t len)
{
	struct channel	*ch = arg;

	if (ch->frame != NULL)
		carry_framed(ch, BODY_LINK, p, len);
	else
		carry(ch, BODY_LINK, p, len);
}

static void
link_up(void *arg, bool back_mine, bool back_peer, uint64_t peer_mark,
    uint64_t my_seen)
{
	struct channel	*ch = arg;

	ch->out.len = 0;
	log_info("peer is up", "peer=%s", ch->peer->km);
	peer_channel_up(ch->peer, back_mine, back_peer, peer_mark, my_seen);
}

static void
link_down(void *arg, const char *why)
{
	struct channel	*ch = arg;

	ch->out.len = 0;
	log_info("peer is down", "peer=%s reason=%s", ch->peer->km,
	    log_quote(why));
}

/* Decodes message after message; one that is bad ends the payload. */
static void
messages(struct channel *ch, const uint8_t *p, size_t len, bool authentic)
{
	struct msg	m;
	size_t		used;

	while (len > 0) {
		if (msg_decode(&m, p, len, &used) < 0) {
			ch->peer->env->count.bad_messages++;
			break;
		}
		if (m.kind == MSG_EVENT && msg_allowed(m.id, KSA, KSA))
			peer_message(ch->peer, &m, authentic);
		else
			ch->peer->env->count.bad_messages++;
		msg_wipe(&m);
		p += used;
		len -= used;
	}
}

static void
link_input(void *arg, const uint8_t *p, size_t len, uint64_t peer_mark)
{
	struct channel	*ch = arg;

	if (peer_mark > ch->peer->seen)
		ch->peer->seen = peer_mark;
	messages(ch, p, len, true);
	inbox_flush(ch->peer->inbox);
}

static const struct authlink_ops link_ops = {
	.key_find = key_find, .key_adopt = key_adopt, .key_mine = key_mine,
	.marks = marks, .send = link_send, .up = link_up,
	.input = link_input, .down = link_down,
};

void
channel_input(struct channel *ch, const uint8_t *p, size_t len)
{
	if (len > 0 && p[0] == BODY_LINK) {
		if (authlink_input(ch->link, p + 1, len - 1) < 0)
			ch->peer->env->count.bad_messages++;
	} else if (len > 0 && p[0] == BODY_OPEN)
		messages(ch, p + 1, len - 1, false);
	else
		ch->peer->env->count.bad_messages++;
}

/* ---- sending ---- */

static void
flush(struct channel *ch)
{
	event_del(ch->flush);
	ch->flushed = mono_ms();
	ch->soon_last = ch->soon;
	ch->soon = 0;
	if (ch->out.len > 0)
		(void)authlink_send(ch->link, ch->out.p, ch->out.len);
	ch->out.len = 0;
	if (ch->open.len > 0)
		carry(ch, BODY_OPEN, ch->open.p, ch->open.len);
	ch->open.len = 0;
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	flush(arg);
}

static int
pack(struct channel *ch, struct msgbuf *b, const struct msg *m)
{
	size_t	before = b->len;
	int	r;

	if ((r = msg_encode(b, m)) < 0)
		return r;
	if (b->len - before > PACK_MAX) {
		b->len = before;
		return -E_TOO_LARGE;
	}
	if (b->len > PACK_MAX) {	/* what was there goes first */
		size_t	len = b->len - before;

		b->len = before;
		flush(ch);
		memmove(b->p, b->p + before, len);
		b->len = len;
	}
	return 0;
}

void
channel_hurry(struct channel *ch)
{
	if (ch->out.len > 0 || ch->open.len > 0)
		event_active(ch->flush, 0, 0);
}

static int
pack_now(struct channel *ch, struct msgbuf *b, const struct msg *m)
{
	int	r = pack(ch, b, m);

	if (r == 0)
		channel_hurry(ch);
	return r;
}

int
channel_send(struct channel *ch, const struct msg *m)
{
	return authlink_is_up(ch->link) ? pack_now(ch, &ch->out, m) : -E_DOWN;
}

int
channel_send_soon(struct channel *ch, const struct msg *m)
{
	static const struct timeval	pace = { 0, PACE_US };
	int				r;

	if (!authlink_is_up(ch->link))
		return -E_DOWN;
	if ((r = pack(ch, &ch->out, m)) < 0)
		return r;
	ch->soon++;
	if (ch->soon_last < PACE_MIN ||
	    mono_ms() - ch->flushed > PACE_US / 1000)
		channel_hurry(ch);
	else if (!event_pending(ch->flush, EV_TIMEOUT, NULL))
		event_add(ch->flush, &pace);
	return 0;
}

int
channel_send_framed(struct channel *ch, const struct msg *m,
    const struct msg *frame)
{
	int	r;

	if (!authlink_is_up(ch->link))
		return -E_DOWN;
	flush(ch);		/* what it builds on goes first */
	if ((r = pack(ch, &ch->out, m)) < 0)
		return r;
	ch->frame = frame;
	flush(ch);
	ch->frame = NULL;
	return 0;
}

int
channel_send_open(struct channel *ch, const struct msg *m)
{
	return ch->peer->reach ? pack_now(ch, &ch->open, m) : -E_DOWN;
}

int
channel_send_either(struct channel *ch, const struct msg *m)
{
	return authlink_is_up(ch->link) ? channel_send(ch, m) :
	    channel_send_open(ch, m);
}

/* ---- life ---- */

void
channel_start(struct channel *ch)
{
	authlink_start(ch->link);
}

void
channel_stop(struct channel *ch, const char *why)
{
	authlink_stop(ch->link, why);
}

void
channel_tick(struct channel *ch)
{
	authlink_tick(ch->link);
}

bool
channel_is_up(const struct channel *ch)
{
	return authlink_is_up(ch->link);
}

int
channel_new(struct channel **out, struct peer *p, uint64_t control)
{
	struct channel	*ch;
	int		 r = -E_NO_MEMORY;

	if ((ch = calloc(1, sizeof(*ch))) == NULL)
		return r;
	ch->peer = p;
	if ((ch->keys = secure_calloc(sizeof(*ch->keys))) == NULL ||
	    (ch->flush = event_new(p->env->base, -1, 0, on_flush, ch)) ==
	    NULL)
		goto fail;
	ch->keys->used = control;
	if ((r = keystore_controls(keystore_reader(p->env->store), p->id,
	    key_put, ch->keys)) < 0 ||
	    (r = authlink_new(&ch->link, "ksa", p->env->conf->kme_id, p->km,
	    &link_ops, ch)) < 0)
		goto fail;
	*out = ch;
	return 0;
fail:
	channel_free(&ch);
	return r;
}

void
channel_free(struct channel **chp)
{
	struct channel	*ch = *chp;

	if (ch == NULL)
		return;
	if (ch->flush != NULL)
		event_free(ch->flush);
	authlink_free(&ch->link);
	secure_free(ch->keys, sizeof(*ch->keys));
	msgbuf_free(&ch->out);
	msgbuf_free(&ch->open);
	free(ch);
	*chp = NULL;
}
