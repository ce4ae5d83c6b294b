/*
 * fuzz_authlink.c - the channel with a live session: the input is a script of
 * what happens to its messages, and octets from nowhere. authpair.c aborts
 * when a message is forged, repeated or out of order.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/replay.h"
#include "tests/unit/authpair.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("\0\1\2\3\4\5\6\7\x08\x09"),
	FUZZ_TEXT("\x0a\1\5\x0b\1\5\2\3\2\3"),
	FUZZ_TEXT("\x0a\x41\1\0\0\0\0\0\0\0\2nonceofL.......\0\0\0\0\0\0\0\1\0"
	    "\0\0\0\0\0\0\0tagtagtagtagtagtagtagtagtagtagta"),
	FUZZ_TEXT("\x0b\x29\4\0\0\0\0\0\0\0\3tagtagtagtagtagtagtagtagtagtagta"),
	FUZZ_TEXT("\6\x08\7\6\0\1\0\1\4\0\5\1\4\0\5\1\x0c\x09\x0c\x0d\x21"),
	FUZZ_END
};

struct script { const uint8_t *p; size_t len; };

static unsigned
next(struct script *s)
{
	if (s->len == 0)
		return 0;
	s->len--;
	return *s->p++;
}

/* A message on its way, changed in one octet. */
static void
change(struct authside *from, struct script *s)
{
	unsigned	at = next(s), by = next(s);
	struct authwire	w;

	if (from->nout == 0)
		return;
	w = from->out[0];
	w.p[at % w.len] ^= (uint8_t)by;
	(void)authlink_input(authpair_other(from)->link, w.p, w.len);
}

/* Octets of the script itself. */
static void
invent(struct authside *to, struct script *s)
{
	size_t	len = next(s);

	len = len < s->len ? len : s->len;
	(void)authlink_input(to->link, s->p, len);
	s->p += len;
	s->len -= len;
}

static void
step(struct authpair *p, struct script *s)
{
	unsigned	 what = next(s);
	struct authside	*a = what & 1 ? &p->high : &p->low;

	switch (what >> 1 & 7) {
	case 0:
	case 1:
		if (a->nout > 0)
			(void)authpair_deliver(a, (what >> 4) % a->nout);
		break;
	case 2:
		if (a->nout > 0)
			authpair_drop(a, (what >> 4) % a->nout);
		break;
	case 3:
		(void)authpair_say(a);
		a->marks.mine += what >> 7;
		break;
	case 4:
		authpair_second(p);
		break;
	case 5:
		invent(a, s);
		break;
	case 6:
		change(a, s);
		break;
	case 7:
		if (what & 16)
			authlink_stop(a->link, "fuzz");
		else
			authlink_start(a->link);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct script		s = { data, len };
	static struct authpair	p;

	authpair_new(&p);
	if (!authpair_opens(&p))
		abort();
	while (s.len > 0)
		step(&p, &s);
	if (!authpair_opens(&p) || p.low.back_mine || p.low.back_peer ||
	    p.high.back_mine || p.high.back_peer)
		abort();
	authpair_free(&p);
	return 0;
}
