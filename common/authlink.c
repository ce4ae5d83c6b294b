/*
 * authlink.c - the handshake and the messages of an authenticated channel.
 *
 * L is the side with the lower KM ID, H the other.
 *	HELLO	L>H	key_id nonceL mark seen			tag(control)
 *	ACK	H>L	key_id nonceL nonceH mark seen		tag(control)
 *	DATA	both	counter mark payload			tag(session)
 *	NEED	H>L	key_id: open, if need be with this key of mine
 *							tag(control)
 *	PLEASE	both	open, please; not authenticated
 * The session key is HMAC(control key, nonceL, nonceH). H takes a session
 * for real at the first DATA in it, so a repeated old HELLO changes nothing.
 */
#include "authlink.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#include "bytes.h"
#include "err.h"
#include "ident.h"
#include "otp.h"
#include "secret.h"

#define NONCE	16
#define TAG	32
#define KEY	32
#define PLEASE_MS	800	/* how often a forged message can make us ask */
#define OPENING_MS	8000	/* for a round trip; then another nonce */
#define DEAF_MS		3000	/* up, but nothing can be understood */

#define KEEPALIVE_MS	900	/* about each tick */
#define DEAD_MS		4000	/* nothing authentic came for so long */

enum kind { HELLO = 1, ACK, DATA, NEED, PLEASE };

struct session {
	bool		valid;
	uint8_t		key[KEY];
	uint64_t	sent, received;		/* counters */
	bool		back_mine, back_peer;
	uint64_t	peer_mark, my_seen;
};

struct authlink {
	const char			*label;
	km_id				 me, peer;
	bool				 low;	/* I am L */
	bool				 started, up;
	const struct authlink_ops	*ops;
	void				*arg;
	uint8_t				 nonce[NONCE];	/* of my HELLO */
	uint64_t			 hello_key, hello_at;
	/* Apart, or one keeps the other from being sent for ever. */
	uint64_t			 please_at;	/* my last PLEASE */
	uint64_t			 obeyed_at;	/* L: the last I obeyed */
	uint64_t			 need_at;	/* sent, or obeyed */
	uint64_t			 patience;	/* two round trips */
	uint64_t			 acked_at;	/* H: the pending one */
	bool				 needed;	/* no HELLO since */
	uint64_t			 good_at;	/* up, or the last DATA */
	uint64_t			 heard_at, sent_at;
	struct session			 cur, pending;
	uint8_t				 pending_l[NONCE], pending_h[NONCE];
};

/* ---- octets ---- */

static uint8_t *
put64(uint8_t *p, uint64_t v)
{
	put_be64(p, v);
	return p + 8;
}

/* The tag of a message from one side to the other covers who they are. */
static int
tag_of(const struct authlink *a, uint8_t tag[TAG], const uint8_t key[KEY],
    bool mine, const uint8_t *m, size_t len)
{
	const char	*from = mine ? a->me : a->peer;
	const char	*to = mine ? a->peer : a->me;
	struct mac_field f[] = { MAC_STR(a->label), MAC_STR(from), MAC_STR(to),
	    { m, len } };

	return hmac_fields(tag, key, f, 4);
}

static int
tag_check(const struct authlink *a, const uint8_t key[KEY], const uint8_t *m,
    size_t len)
{
	uint8_t	tag[TAG];
	int	r;

	if ((r = tag_of(a, tag, key, false, m, len - TAG)) < 0)
		return r;
	return mac_check(tag, m + len - TAG, TAG);
}

static void
send_tagged(struct authlink *a, const uint8_t key[KEY], uint8_t *m, size_t len)
{
	if (tag_of(a, m + len, key, true, m, len) == 0)
		a->ops->send(a->arg, m, len + TAG);
}

static int
session_make(struct authlink *a, struct session *s, const uint8_t key[KEY],
    const uint8_t *nonce_l, const uint8_t *nonce_h)
{
	struct mac_field f[] = { MAC_STR(a->label), MAC_STR("session"),
	    { nonce_l, NONCE }, { nonce_h, NONCE } };

	memset(s, 0, sizeof(*s));
	s->valid = true;
	return hmac_fields(s->key, key, f, 4);
}

/* What the other side said about both stores. */
static void
session_marks(struct authlink *a, struct session *s, uint64_t mark,
    uint64_t seen)
{
	struct authlink_marks	m = { 0, 0 };

	a->ops->marks(a->arg, &m);
	s->back_mine = m.mine < seen;
	s->back_peer = mark < m.seen;
	s->peer_mark = mark;
	s->my_seen = seen;
}

static void
go_down(struct authlink *a, const char *why)
{
	if (!a->up)
		return;
	a->up = false;
	a->ops->down(a->arg, why);
}

static void
go_up(struct authlink *a)
{
	struct session	*s = &a->cur;

	a->heard_at = mono_ms();
	a->up = true;
	a->good_at = mono_ms();
	a->ops->up(a->arg, s->back_mine, s->back_peer, s->peer_mark,
	    s->my_seen);
}

/* ---- opening ---- */

static void
send_please(struct authlink *a)
{
	uint8_t	m = PLEASE;

	if (mono_ms() - a->please_at < PLEASE_MS)
		return;
	a->please_at = mono_ms();
	a->ops->send(a->arg, &m, 1);
}

/* The same HELLO again, as long as its ACK may be on its way. */
static int
hello_nonce(struct authlink *a, uint64_t key)
{
	uint64_t	now = mono_ms();

	if (a->hello_at != 0 && key == a->hello_key &&
	    now - a->hello_at < OPENING_MS)
		return 0;
	a->hello_at = now;
	a->hello_key = key;
	return RAND_bytes(a->nonce, NONCE) == 1 ? 0 : -E_RANDOM;
}

static void
send_hello(struct authlink *a)
{
	/* model: agreement hello, share hello */
	uint8_t			 m[1 + 8 + NONCE + 16 + TAG], key[KEY];
	uint8_t			*p = m;
	struct authlink_marks	 marks = { 0, 0 };
	uint64_t		 id;

	if (a->ops->key_mine(a->arg, false, &id, key) < 0 ||
	    hello_nonce(a, id) < 0) {
		send_please(a);
		return;
	}
	/* What I send after this belongs to the next session. */
	go_down(a, "opening again");
	a->ops->marks(a->arg, &marks);
	*p++ = HELLO;
	p = put64(p, a->hello_key);
	memcpy(p, a->nonce, NONCE);
	p = put64(p + NONCE, marks.mine);
	p = put64(p, marks.seen);
	send_tagged(a, key, m, (size_t)(p - m));
	OPENSSL_cleanse(key, sizeof(key));
}

/*
 * A fresh key only when the one in use had no answer: what brings us here is
 * not authenticated and must not use up keys.
 */
static void
send_need(struct authlink *a)
{
	/* model: agreement need */
	uint8_t		 m[1 + 8 + TAG], key[KEY];
	uint64_t	 id;

	if (mono_ms() - a->need_at < PLEASE_MS)
		return;
	if (a->ops->key_mine(a->arg, a->needed, &id, key) < 0)
		return;
	a->need_at = mono_ms();
	a->needed = true;
	m[0] = NEED;
	put64(m + 1, id);
	send_tagged(a, key, m, 1 + 8);
	OPENSSL_cleanse(key, sizeof(key));
}

/* A HELLO that comes twice gets the same ACK twice. */
static int
nonces(struct authlink *a, const uint8_t *nonce_l)
{
	if (a->pending.valid && memcmp(a->pending_l, nonce_l, NONCE) == 0)
		return 0;
	memcpy(a->pending_l, nonce_l, NONCE);
	a->acked_at = mono_ms();
	return RAND_bytes(a->pending_h, NONCE) == 1 ? 0 : -E_RANDOM;
}

static int
on_hello(struct authlink *a, const uint8_t *m, size_t len)
{
	uint8_t			 out[1 + 8 + 2 * NONCE + 16 + TAG], key[KEY];
	uint8_t			*p = out;
	struct authlink_marks	 marks = { 0, 0 };
	uint64_t		 id;
	int			 r;

	if (a->low || len != 1 + 8 + NONCE + 16 + TAG)
		return -E_BAD_FORMAT;
	id = get_be64(m + 1);
	if ((r = a->ops->key_find(a->arg, id, key)) < 0) {
		send_need(a);
		return r;
	}
	if ((r = tag_check(a, key, m, len)) < 0 ||
	    (r = a->ops->key_adopt(a->arg, id)) < 0 ||
	    (r = nonces(a, m + 9)) < 0 ||
	    (r = session_make(a, &a->pending, key, m + 9, a->pending_h)) < 0)
		goto out;
	session_marks(a, &a->pending, get_be64(m + 9 + NONCE),
	    get_be64(m + 17 + NONCE));
	a->needed = false;
	a->ops->marks(a->arg, &marks);
	*p++ = ACK;
	p = put64(p, id);
	memcpy(p, m + 9, NONCE);
	memcpy(p + NONCE, a->pending_h, NONCE);
	p = put64(p + 2 * NONCE, marks.mine);
	p = put64(p, marks.seen);
	send_tagged(a, key, out, (size_t)(p - out));
out:
	OPENSSL_cleanse(key, sizeof(key));
	return r;
}

static int
on_ack(struct authlink *a, const uint8_t *m, size_t len)
{
	uint8_t		key[KEY];
	struct session	s;
	int		r;

	if (!a->low || len != 1 + 8 + 2 * NONCE + 16 + TAG)
		return -E_BAD_FORMAT;
	if (get_be64(m + 1) != a->hello_key ||
	    memcmp(m + 9, a->nonce, NONCE) != 0)
		return -E_REPLAY;
	if ((r = a->ops->key_find(a->arg, a->hello_key, key)) < 0)
		return r;
	if ((r = tag_check(a, key, m, len)) < 0 ||
	    (r = session_make(a, &s, key, m + 9, m + 9 + NONCE)) < 0)
		goto out;
	a->patience = 2 * (mono_ms() - a->hello_at);
	a->hello_at = 0;		/* one ACK for one HELLO */
	(void)RAND_bytes(a->nonce, NONCE);
	session_marks(a, &s, get_be64(m + 9 + 2 * NONCE),
	    get_be64(m + 17 + 2 * NONCE));
	a->cur = s;
	a->up = true;
	r = authlink_send(a, (const uint8_t *)"", 0);	/* H is up by this */
	go_up(a);
out:
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(&s, sizeof(s));
	return r;
}

/*
 * What asks to open may have been sent before the channel came up there. If
 * it were obeyed over a long way, the next would be under way by then.
 */
static bool
may_be_late(const struct authlink *a)
{
	return a->up && mono_ms() - a->good_at < a->patience;
}

static int
on_need(struct authlink *a, const uint8_t *m, size_t len)
{
	uint8_t	 key[KEY];
	uint64_t id;
	int	 r;

	if (!a->low || len != 1 + 8 + TAG)
		return -E_BAD_FORMAT;
	if (mono_ms() - a->need_at < PLEASE_MS || may_be_late(a))
		return 0;
	id = get_be64(m + 1);
	if ((r = a->ops->key_find(a->arg, id, key)) < 0)
		return r;
	if ((r = tag_check(a, key, m, len)) == 0 &&
	    (r = a->ops->key_adopt(a->arg, id)) == 0) {
		a->need_at = mono_ms();
		send_hello(a);
	}
	OPENSSL_cleanse(key, sizeof(key));
	return r;
}

static int
on_please(struct authlink *a)
{
	if (!a->started || may_be_late(a))
		return 0;
	if (!a->low)
		send_need(a);
	else if (mono_ms() - a->obeyed_at >= PLEASE_MS) {
		a->obeyed_at = mono_ms();
		send_hello(a);
	}
	return 0;
}

/* ---- messages ---- */

static int
data_open(struct authlink *a, struct session *s, const uint8_t *m, size_t len)
{
	uint64_t	counter = get_be64(m + 1);
	int		r;

	if (!s->valid)
		return -E_MAC;
	if ((r = tag_check(a, s->key, m, len)) < 0)
		return r;
	if (counter <= s->received)
		return -E_REPLAY;
	s->received = counter;
	a->good_at = mono_ms();
	return 0;
}

static int
on_data(struct authlink *a, const uint8_t *m, size_t len)
{
	int	r;

	if (len < 1 + 16 + TAG)
		return -E_BAD_FORMAT;
	r = data_open(a, &a->cur, m, len);
	if (r == -E_MAC && !a->low &&
	    (r = data_open(a, &a->pending, m, len)) == 0) {
		go_down(a, "opened again");
		a->cur = a->pending;
		a->patience = 2 * (mono_ms() - a->acked_at);
		OPENSSL_cleanse(&a->pending, sizeof(a->pending));
		go_up(a);
	} else if (r == -E_MAC && (!a->up ||
	    mono_ms() - a->good_at >= DEAF_MS))
		send_please(a);		/* the peer has another session */
	if (r == 0)
		a->heard_at = mono_ms();
	if (r == 0 && a->up && len > 1 + 16 + TAG)
		a->ops->input(a->arg, m + 17, len - 17 - TAG, get_be64(m + 9));
	return r;
}

int
authlink_input(struct authlink *a, const uint8_t *m, size_t len)
{
	if (len == 0)
		return -E_BAD_FORMAT;
	switch (m[0]) {
	case HELLO:
		return on_hello(a, m, len);
	case ACK:
		return on_ack(a, m, len);
	case DATA:
		return on_data(a, m, len);
	case NEED:
		return on_need(a, m, len);
	case PLEASE:
		return len == 1 ? on_please(a) : -E_BAD_FORMAT;
	default:
		return -E_BAD_FORMAT;
	}
}

int
authlink_send(struct authlink *a, const uint8_t *p, size_t len)
{
	struct authlink_marks	 marks = { 0, 0 };
	uint8_t			*m;

	if (!a->up)
		return -E_DOWN;
	if ((m = OPENSSL_malloc(len + AUTHLINK_OVERHEAD)) == NULL)
		return -E_NO_MEMORY;
	a->ops->marks(a->arg, &marks);
	a->sent_at = mono_ms();
	m[0] = DATA;
	put64(m + 1, ++a->cur.sent);
	put64(m + 9, marks.mine);
	if (len > 0)
		memcpy(m + 17, p, len);
	send_tagged(a, a->cur.key, m, 17 + len);
	OPENSSL_free(m);
	return 0;
}

/* ---- life ---- */

int
authlink_new(struct authlink **out, const char *label, const char *me,
    const char *peer, const struct authlink_ops *ops, void *arg)
{
	struct authlink	*a;

	if ((a = secure_calloc(sizeof(*a))) == NULL)
		return -E_NO_MEMORY;
	a->label = label;
	memcpy(a->me, me, strlen(me) + 1);
	memcpy(a->peer, peer, strlen(peer) + 1);
	a->low = strcmp(me, peer) < 0;
	a->ops = ops;
	a->arg = arg;
	*out = a;
	return 0;
}

void
authlink_free(struct authlink **a)
{
	if (*a != NULL)
		secure_free(*a, sizeof(**a));
	*a = NULL;
}

void
authlink_start(struct authlink *a)
{
	a->started = true;
	if (a->up)
		return;
	if (a->low)
		send_hello(a);
	else
		send_please(a);
}

void
authlink_stop(struct authlink *a, const char *why)
{
	a->started = false;
	go_down(a, why);
	OPENSSL_cleanse(&a->cur, sizeof(a->cur));
	OPENSSL_cleanse(&a->pending, sizeof(a->pending));
}

/* The other process may have restarted without the path going down. */
static void
keepalive(struct authlink *a)
{
	/* model: agreement silent */
	if (!a->up)
		return;
	if (mono_ms() - a->heard_at >= DEAD_MS)
		go_down(a, "silent");
	else if (mono_ms() - a->sent_at >= KEEPALIVE_MS)
		(void)authlink_send(a, (const uint8_t *)"", 0);
}

void
authlink_tick(struct authlink *a)
{
	keepalive(a);
	if (a->started && !a->up)
		authlink_start(a);
}

bool
authlink_is_up(const struct authlink *a)
{
	return a->up;
}
