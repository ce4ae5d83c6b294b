/* fuzz_announce.c - an announcement of links that is accepted is in bounds,
 * and is written as it was read. */
#include <stdlib.h>
#include <string.h>

#include "kma/announcemsg.h"
#include "tests/fuzz/replay.h"

#define Z8	"\0\0\0\0\0\0\0\1"

/* The links alone: what is around them is fuzzed by fuzz_msg. */
const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("\5KME-B\3" Z8 Z8 "\5KME-C\0" Z8 Z8),
	FUZZ_TEXT("\1b\1" Z8 Z8),
	FUZZ_TEXT(""),
	FUZZ_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct msg_announce	 m = { "KME-A", 7, 8, { data, len } };
	static struct linkstate_ad	ad, again;
	struct msgbuf		 b = { 0 };
	struct msg		 back;
	size_t			 used;

	if (len > MSG_BYTES_MAX || announcemsg_read(&ad, &m) < 0)
		return 0;
	if (ad.n > LINKSTATE_LINKS_MAX || announcemsg_write(&b, &ad) < 0 ||
	    msg_decode(&back, b.p, b.len, &used) < 0 || used != b.len ||
	    back.announce.links.len != len ||
	    memcmp(back.announce.links.p, data, len) != 0 ||
	    announcemsg_read(&again, &back.announce) < 0 || again.n != ad.n)
		abort();
	for (unsigned i = 0; i < ad.n; i++)
		if (ad.links[i].level > LINKSTATE_AMPLE ||
		    strcmp(ad.links[i].peer, ad.origin) == 0 ||
		    (i > 0 && strcmp(ad.links[i - 1].peer,
		    ad.links[i].peer) >= 0))
			abort();
	msgbuf_free(&b);
	return 0;
}
