/*
 * linkkey.c - whether there is key on a link at all: if not, nodes relay by
 * another way at once (announce.h). What counts here is that key comes, not
 * how much is there.
 */
#include "kma/kma.h"
#include "log.h"

#define DRY_MS		2000	/* no stock, and nothing came for so long */
#define LOST_MS		500	/* before it is told: a channel reopens */
#define BACK_MS		200

static bool
has_now(const struct link *l, uint64_t now)
{
	return l->state == LINK_UP && (IDXSET_COUNT(&l->own) > 0 ||
	    (l->gained_at != 0 && now - l->gained_at < DRY_MS));
}

bool
linkkey_has(const struct link *l)
{
	return l->key;
}

void
linkkey_tick(struct link *l)
{
	uint64_t	now = mono_ms();

	if (has_now(l, now) == l->key) {
		l->key_same = now;
		return;
	}
	if (now - l->key_same < (l->key ? LOST_MS : BACK_MS))
		return;
	l->key = !l->key;
	l->key_same = now;
	log_info(l->key ? "link has key" : "link has no key", "link=%s",
	    l->conf->name);
}
