/*
 * linkauth.c - the control channel of a link. First octet of a control
 * message: 0 = authlink, 1 = a message in the open (offers, which check
 * themselves).
 */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "err.h"
#include "kma/kma.h"
#include "kma/linkad.h"
#include "log.h"
#include "quiet.h"

#define REPEAT_MS	1000
#define UNPROVED_MS	10000	/* a control key that the peer does not know */

enum { IN_CHANNEL, IN_THE_OPEN };

/* Control keys: the one in use and the one before (a hello may name it). */
struct control {
	uint64_t	idx, before;
	uint8_t		key[32], key_before[32];
	uint64_t	opening;	/* of the session being opened */
	uint64_t	taken_at;	/* monotonic ms */
	bool		mine;		/* a block of ours, not adopted */
	bool		proved;		/* the peer has answered under it */
};

static void
wire_send(struct link *l, uint8_t kind, const uint8_t *p, size_t len)
{
	struct msg	 m = { .id = MSG_control_out };
	uint8_t		*body;

	if ((body = malloc(len + 1)) == NULL)
		return;
	body[0] = kind;
	memcpy(body + 1, p, len);
	snprintf(m.control_out.peer, sizeof(m.control_out.peer), "%s",
	    l->conf->peer);
	m.control_out.body = (struct msg_view){ body, len + 1 };
	(void)ipc_send(l->kma->relayd, &m);	/* lost is repeated */
	free(body);
}

/* ---- what authlink asks ---- */

static int
read_control_key(struct link *l, uint64_t idx, uint8_t key[32])
{
	struct secret	*block = NULL;
	int		 r;

	if ((r = linkstore_read(l->kma->store, l->id, idx, &block)) == 0)
		memcpy(key, block->bytes + LINK_MAC, 32);
	secret_free(&block);
	return r;
}

static int
control_take(struct link *l, uint64_t idx, const uint8_t key[32])
{
	/* model: agreement control_take */
	struct linktx	*tx = linktx_new(l->kma->store);
	struct control	*c = l->control;
	uint64_t	 mark = link_mark_next(l);
	int		 r;

	linktx_spend(tx, l->id, idx);
	linktx_control(tx, l->id, idx, key);
	linktx_mark(tx, l->id, mark);
	if ((r = linktx_commit_sync(tx)) < 0)
		return r;
	link_mark_done(l, mark);
	l->n.control++;
	c->before = c->idx;
	memcpy(c->key_before, c->key, 32);
	c->idx = idx;
	memcpy(c->key, key, 32);
	c->proved = false;
	c->taken_at = mono_ms();
	log_info("control key taken", "link=%s block=%llu", l->conf->name,
	    (unsigned long long)idx);
	return 0;
}

static int
key_find(void *arg, uint64_t id, uint8_t key[32])
{
	struct link	*l = arg;
	struct control	*c = l->control;

	if (id == 0)
		return -E_NOT_FOUND;
	if (id == c->idx || id == c->before) {
		memcpy(key, id == c->idx ? c->key : c->key_before, 32);
		return 0;
	}
	if (!idxset_has(&l->theirs, id))
		return -E_NOT_FOUND;
	return read_control_key(l, id, key);
}

/*
 * The session is under the key before, or the peer asks for that one: it never
 * learned of the later one. So the one before is the one to open with and to
 * remember, or after a restart here neither end would know the other's.
 */
static void
control_back(struct link *l)
{
	/* model: agreement back */
	struct control	*c = l->control;
	struct linktx	*tx;
	uint8_t		 key[32];
	uint64_t	 idx = c->idx;

	if (c->opening == c->idx || c->opening != c->before)
		return;
	memcpy(key, c->key, 32);
	memcpy(c->key, c->key_before, 32);
	memcpy(c->key_before, key, 32);
	OPENSSL_cleanse(key, sizeof(key));
	c->idx = c->before;
	c->before = idx;
	tx = linktx_new(l->kma->store);
	linktx_control(tx, l->id, c->idx, c->key);
	linktx_commit(tx, NULL, NULL);
}

static int
key_adopt(void *arg, uint64_t id)
{
	struct link	*l = arg;
	uint8_t		 key[32];
	int		 r;

	l->control->opening = id;
	if (id == l->control->idx || id == l->control->before) {
		if (l->low)
			control_back(l);
		return 0;
	}
	if ((r = read_control_key(l, id, key)) == 0 &&
	    (r = control_take(l, id, key)) == 0) {
		idxset_remove(&l->theirs, id);
		l->control->mine = false;
	}
	OPENSSL_cleanse(key, sizeof(key));
	return r;
}

static int
key_mine(void *arg, bool fresh, uint64_t *id, uint8_t key[32])
{
	struct link	*l = arg;
	struct control	*c = l->control;
	int		 r = 0;

	/* Without a fresh one the peer may still take the one there is. */
	if (IDXSET_COUNT(&l->own) > 0 && (c->idx == 0 || (fresh &&
	    (c->proved || mono_ms() - c->taken_at >= UNPROVED_MS)))) {
		*id = IDXSET_LAST(&l->own);	/* the peer has it, if any */
		idxset_remove(&l->own, *id);
		if ((r = read_control_key(l, *id, key)) < 0 ||
		    (r = control_take(l, *id, key)) < 0) {
			l->n.voided++;	/* until the next start */
			OPENSSL_cleanse(key, 32);
			return r;
		}
		c->mine = true;
	}
	if (c->idx == 0)
		return -E_NO_KEY;
	*id = c->idx;
	memcpy(key, c->key, 32);
	if (l->low)
		c->opening = *id;
	return 0;
}

static void
marks(void *arg, struct authlink_marks *m)
{
	struct link	*l = arg;

	m->mine = l->mark;
	m->seen = l->seen;
}

static void
channel_send(void *arg, const uint8_t *p, size_t len)
{
	wire_send(arg, IN_CHANNEL, p, len);
}

/* ---- up, down, messages ---- */

static void
seen_mark(struct link *l, uint64_t mark)
{
	struct linktx	*tx;

	if (mark <= l->seen)
		return;
	l->seen = mark;
	tx = linktx_new(l->kma->store);
	linktx_seen(tx, l->id, mark);
	linktx_commit(tx, NULL, NULL);
}

static void
channel_up(void *arg, bool back_mine, bool back_peer, uint64_t peer_mark,
    uint64_t my_mark_seen)
{
	/* model: agreement compare, share compare */
	struct link	*l = arg;
	struct linktx	*tx = linktx_new(l->kma->store);

	/* What is being agreed or spent must be counted, so wait for it. */
	(void)linktx_commit_sync(tx);
	control_back(l);
	linkshare_start(l);
	l->control->proved = true;
	link_set_state(l, LINK_COMPARING, "comparing stocks");
	if (back_mine || back_peer)
		linkcompare_void(l, back_mine, my_mark_seen);
	seen_mark(l, peer_mark);
	l->resolved = 0;
	l->offered_at = 0;
	linkcompare_start(l);
	linkad_channel(l, true);
}

static void
channel_down(void *arg, const char *why)
{
	struct link	*l = arg;

	link_set_state(l, LINK_DOWN, why);
	linkad_channel(l, false);
	direct_down(l);
}

static int
channel_one(struct link *l, struct msg *m)
{
	switch (m->id) {
	case MSG_link_hello:
	case MSG_owned:
	case MSG_held:
		return linkcompare_in(l, m);
	case MSG_share_ask:
	case MSG_share_give:
	case MSG_share_taken:
		return linkshare_in(l, m);
	case MSG_offer:
	case MSG_offer_answer:
		linkagree_in(l, m, true);
		return 0;
	case MSG_assign:
	case MSG_assigned:
		direct_in(l, m);
		return 0;
	case MSG_announce:
		return linkad_in(l, &m->announce);
	default:
		return -E_DENIED;
	}
}

static void
channel_input(void *arg, const uint8_t *p, size_t len, uint64_t peer_mark)
{
	struct link	*l = arg;
	struct msg	 m;
	size_t		 used;
	int		 r = 0;

	seen_mark(l, peer_mark);
	while (r == 0 && len > 0) {
		if ((r = msg_decode(&m, p, len, &used)) < 0)
			break;
		r = msg_allowed(m.id, KMA, KMA) ? channel_one(l, &m) :
		    -E_DENIED;
		msg_wipe(&m);
		p += used;
		len -= used;
	}
	linkad_flush(l->kma);
	if (r < 0 && !quiet())
		log_warn("control message refused", "link=%s error=%s",
		    l->conf->name, err_name(r));
}

static const struct authlink_ops ops = {
	.key_find = key_find,
	.key_adopt = key_adopt,
	.key_mine = key_mine,
	.marks = marks,
	.send = channel_send,
	.up = channel_up,
	.input = channel_input,
	.down = channel_down,
};

/* ---- from and to the wire ---- */

static void
open_input(struct link *l, const uint8_t *p, size_t len)
{
	struct msg	m;
	size_t		used;

	if (msg_decode(&m, p, len, &used) < 0) {
		l->n.bad_control++;
		return;
	}
	if (m.id == MSG_offer || m.id == MSG_offer_answer)
		linkagree_in(l, &m, false);
	else
		l->n.bad_control++;
	msg_wipe(&m);
}

void
linkauth_in(struct link *l, const uint8_t *p, size_t len)
{
	if (len < 2)
		l->n.bad_control++;
	else if (p[0] == IN_THE_OPEN)
		open_input(l, p + 1, len - 1);
	else if (p[0] != IN_CHANNEL || authlink_input(l->auth, p + 1,
	    len - 1) < 0)
		l->n.bad_control++;
}

static int
encode(const struct msg *m, struct msgbuf *b)
{
	struct msg	copy = *m;

	copy.kind = MSG_EVENT;
	copy.corr = 0;
	copy.err = 0;
	return msg_encode(b, &copy);
}

int
linkauth_send(struct link *l, const struct msg *m)
{
	struct msgbuf	b = { 0 };
	int		r;

	if ((r = encode(m, &b)) == 0)
		r = authlink_send(l->auth, b.p, b.len);
	msgbuf_free(&b);
	return r;
}

int
linkauth_send_octets(struct link *l, const uint8_t *p, size_t len)
{
	return authlink_send(l->auth, p, len);
}

int
linkauth_send_open(struct link *l, const struct msg *m)
{
	struct msgbuf	b = { 0 };
	int		r;

	if ((r = encode(m, &b)) == 0)
		wire_send(l, IN_THE_OPEN, b.p, b.len);
	msgbuf_free(&b);
	return r;
}

uint64_t
linkauth_unproved(const struct link *l)
{
	const struct control	*c = l->control;

	return !c->proved && c->mine ? c->idx : 0;
}

bool
linkauth_is_up(const struct link *l)
{
	return authlink_is_up(l->auth);
}

bool
linkauth_has_key(const struct link *l)
{
	return l->control->idx != 0;
}

void
linkauth_tick(struct link *l)
{
	if (l->path)
		authlink_tick(l->auth);
	if (l->state == LINK_COMPARING &&
	    mono_ms() - l->compared_at >= REPEAT_MS)
		linkcompare_again(l);	/* a message was lost */
	/* An idle link must tell its mark too. */
	if (l->state == LINK_UP && l->mark_said != l->mark)
		linkcompare_hello(l);
}

int
linkauth_new(struct link *l, const struct linkrow *row)
{
	if ((l->control = secure_calloc(sizeof(*l->control))) == NULL)
		return -E_NO_MEMORY;
	l->control->idx = row->control;
	l->control->mine = link_owns(l, row->control);
	memcpy(l->control->key, row->control_key, 32);
	return authlink_new(&l->auth, "kma", kma_conf.kme_id, l->conf->peer,
	    &ops, l);
}

void
linkauth_free(struct link *l)
{
	if (l->control != NULL)
		secure_free(l->control, sizeof(*l->control));
	l->control = NULL;
	authlink_free(&l->auth);
}
