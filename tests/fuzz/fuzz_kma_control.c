/*
 * fuzz_kma_control.c - what a control message between two KMAs may hold, read
 * as kma reads it: messages in a row, lists of offers and answers, ranges.
 */
#include <stdlib.h>
#include <string.h>

#include "kma/agree.h"
#include "kma/idxset.h"
#include "msg.h"
#include "tests/fuzz/replay.h"

#define STOCK_MAX	4096
#define TAG		"0123456789abcdef"
#define N(x)		"\0\0\0\0\0\0\0" x

_Static_assert(MSG_link_hello == 0x23 && MSG_assigned == 0x29 &&
    MSG_share_ask == 0x39,
    "the seeds name messages by number");

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("\x96\x23\0\0\0\xce\0\0\4\0\x0a"),
	FUZZ_TEXT("\x98\x24\0\0\0\1\5\6\xc4\x30" N("\2") TAG N("\3") TAG),
	FUZZ_TEXT("\x98\x25\0\0\0\1\5\6\xc4\x32" N("\2") "\0" TAG
	    N("\3") "\2" TAG),
	FUZZ_TEXT("\x96\x26\0\0\0\xc4\x20" N("\2") N("\x20") N("\x24")
	    N("\x24") "\xc4\x10" N("\3") N("\x11")),
	FUZZ_TEXT("\x96\x27\0\0\0\xc4\x10" N("\1") "\0\0\0\0\0\1\0\1"
	    "\xc4\0"),
	FUZZ_TEXT("\x96\x28\0\0\0\7\x08\x96\x29\0\0\0\x08\0"),
	FUZZ_TEXT("\x95\x39\0\0\0\x28"),
	FUZZ_TEXT("\x96\x3a\0\0\0\7\xc4\x10" N("\2") N("\x20")),
	FUZZ_END
};

static void
list(const struct msg_view *v, size_t item, uint64_t first, uint64_t last)
{
	struct agree_item	it;
	uint64_t		before = 0;
	size_t			n = 0;
	int			r;

	while ((r = agree_get(v->p, v->len, item, n, first, last, &it)) > 0) {
		if (it.idx <= before || it.idx < first || it.idx > last ||
		    it.verdict >= VERDICT_MAX || n++ >= OFFER_MAX)
			abort();
		before = it.idx;
	}
}

static void
ranges(const struct msg_view *v)
{
	struct idxset	s = { 0 };

	for (unsigned parity = 0; parity < 2; parity++)
		if (idxset_parse(&s, v->p, v->len, parity, STOCK_MAX) == 0 &&
		    IDXSET_COUNT(&s) > STOCK_MAX)
			abort();
	idxset_free(&s);
}

static void
look(const struct msg *m)
{
	if (m->err != 0 || !msg_allowed(m->id, KMA, KMA))
		return;
	switch (m->id) {
	case MSG_offer:
		list(&m->offer.items, OFFER_ITEM, m->offer.first,
		    m->offer.last);
		break;
	case MSG_offer_answer:
		list(&m->offer_answer.items, ANSWER_ITEM,
		    m->offer_answer.first, m->offer_answer.last);
		break;
	case MSG_owned:
		ranges(&m->owned.ranges);
		ranges(&m->owned.moved);
		break;
	case MSG_held:
		ranges(&m->held.ranges);
		ranges(&m->held.moved);
		break;
	case MSG_share_give:
		ranges(&m->share_give.ranges);
		break;
	case MSG_share_taken:
		ranges(&m->share_taken.ranges);
		break;
	default:
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct msg	m;
	size_t		used;

	if (secret_init(1 << 20) < 0)
		abort();
	while (len > 0 && msg_decode(&m, data, len, &used) == 0) {
		if (used == 0 || used > len)
			abort();
		look(&m);
		msg_wipe(&m);
		data += used;
		len -= used;
	}
	return 0;
}
