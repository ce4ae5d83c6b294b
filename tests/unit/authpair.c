/* authpair.c - both ends of an authlink in one process. */
#include "tests/unit/authpair.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "err.h"
#include "secret.h"

uint64_t	authpair_now = 1000000;

uint64_t
__wrap_mono_ms(void)
{
	return authpair_now;
}

#define PROMISE(x)	do { if (!(x)) abort(); } while (0)

struct authside *
authpair_other(struct authside *s)
{
	return s->low ? &s->pair->high : &s->pair->low;
}

/* ---- the keys, as kma keeps them ---- */

static void
key_octets(uint64_t id, uint8_t key[32])
{
	for (int i = 0; i < 32; i++)
		key[i] = (uint8_t)(id * 41 + (uint64_t)i * 7);
}

static bool
mine(const struct authside *s, uint64_t id)
{
	return (id % 2 == 0) == s->low;
}

static void
control_take(struct authside *s, uint64_t id)
{
	PROMISE(s->has[id]);
	s->has[id] = false;
	s->before = s->control;
	s->control = id;
	s->proved = false;
	s->taken++;
	s->marks.mine++;
}

static int
key_find(void *arg, uint64_t id, uint8_t key[32])
{
	struct authside	*s = arg;

	if (id == 0 || id >= AUTHPAIR_KEYS)
		return -E_NOT_FOUND;
	if (id != s->control && id != s->before &&
	    (mine(s, id) || !s->has[id]))
		return -E_NOT_FOUND;
	key_octets(id, key);
	return 0;
}

static int
key_adopt(void *arg, uint64_t id)
{
	struct authside	*s = arg;

	if (id != s->control && id != s->before)
		control_take(s, id);
	return 0;
}

static int
key_mine(void *arg, bool fresh, uint64_t *id, uint8_t key[32])
{
	struct authside	*s = arg;
	uint64_t	 i;

	if (s->control == 0 || (fresh && s->proved)) {
		for (i = s->low ? 2 : 1; i < AUTHPAIR_KEYS; i += 2)
			if (s->has[i])
				break;
		if (i >= AUTHPAIR_KEYS)
			return -E_NO_KEY;
		control_take(s, i);
	}
	*id = s->control;
	key_octets(*id, key);
	return 0;
}

static void
marks(void *arg, struct authlink_marks *m)
{
	*m = ((struct authside *)arg)->marks;
}

/* ---- what the channel says ---- */

static void
send_wire(void *arg, const uint8_t *p, size_t len)
{
	struct authside	*s = arg;

	PROMISE(len <= AUTHPAIR_ROOM);
	if (s->nout == AUTHPAIR_QUEUE)
		return;		/* lost */
	s->out[s->nout].len = len;
	memcpy(s->out[s->nout++].p, p, len);
}

static void
seen(struct authside *s, uint64_t mark)
{
	if (mark > s->marks.seen)
		s->marks.seen = mark;
}

static void
on_up(void *arg, bool back_mine, bool back_peer, uint64_t peer_mark,
    uint64_t my_mark_seen)
{
	struct authside	*s = arg;

	s->ups++;
	PROMISE(s->ups == s->downs + 1);
	s->proved = true;
	s->back_mine = back_mine;
	s->back_peer = back_peer;
	seen(s, peer_mark);
	if (back_mine && my_mark_seen > s->marks.mine)
		s->marks.mine = my_mark_seen;
}

static void
on_input(void *arg, const uint8_t *p, size_t len, uint64_t peer_mark)
{
	struct authside	*s = arg, *from = authpair_other(s);
	uint64_t	 n;

	PROMISE(s->ups == s->downs + 1 && authlink_is_up(s->link));
	PROMISE(len == 12 && memcmp(p, s->low ? "HIGH" : "LOW ", 4) == 0);
	n = get_be64(p + 4);
	PROMISE(n > s->heard && n <= from->said);	/* each once, in order */
	PROMISE(peer_mark <= from->marks.mine);
	s->heard = n;
	s->inputs++;
	seen(s, peer_mark);
}

static void
on_down(void *arg, const char *why)
{
	struct authside	*s = arg;

	(void)why;
	s->downs++;
	PROMISE(s->ups == s->downs);
}

static const struct authlink_ops ops = {
	.key_find = key_find,
	.key_adopt = key_adopt,
	.key_mine = key_mine,
	.marks = marks,
	.send = send_wire,
	.up = on_up,
	.input = on_input,
	.down = on_down,
};

/* ---- driving ---- */

static void
side_new(struct authpair *p, struct authside *s, bool low)
{
	s->pair = p;
	s->low = low;
	for (int i = 1; i < AUTHPAIR_KEYS; i++)
		s->has[i] = true;
	PROMISE(authlink_new(&s->link, "test", low ? "KME-A" : "KME-B",
	    low ? "KME-B" : "KME-A", &ops, s) == 0);
}

void
authpair_new(struct authpair *p)
{
	PROMISE(secret_init(1 << 20) == 0);
	memset(p, 0, sizeof(*p));
	side_new(p, &p->low, true);
	side_new(p, &p->high, false);
}

void
authpair_free(struct authpair *p)
{
	authlink_free(&p->low.link);
	authlink_free(&p->high.link);
}

void
authpair_drop(struct authside *from, size_t i)
{
	memmove(&from->out[i], &from->out[i + 1],
	    (--from->nout - i) * sizeof(from->out[0]));
}

int
authpair_deliver(struct authside *from, size_t i)
{
	struct authwire	w = from->out[i];

	authpair_drop(from, i);
	return authlink_input(authpair_other(from)->link, w.p, w.len);
}

void
authpair_run(struct authpair *p)
{
	while (p->low.nout + p->high.nout > 0) {
		while (p->low.nout > 0)
			(void)authpair_deliver(&p->low, 0);
		while (p->high.nout > 0)
			(void)authpair_deliver(&p->high, 0);
	}
}

void
authpair_second(struct authpair *p)
{
	authpair_now += 1000;
	authlink_tick(p->low.link);
	authlink_tick(p->high.link);
}

bool
authpair_opens(struct authpair *p)
{
	unsigned	low, high;

	authlink_start(p->low.link);
	authlink_start(p->high.link);
	for (int i = 0; i < 10; i++) {
		authpair_run(p);
		low = p->low.inputs;
		high = p->high.inputs;
		(void)authpair_say(&p->low);
		(void)authpair_say(&p->high);
		authpair_run(p);
		if (p->low.inputs > low && p->high.inputs > high)
			return true;
		authpair_second(p);
	}
	return false;
}

int
authpair_say(struct authside *s)
{
	uint8_t	m[12];

	memcpy(m, s->low ? "LOW " : "HIGH", 4);
	put_be64(m + 4, ++s->said);
	return authlink_send(s->link, m, sizeof(m));
}
