/*
 * linkkey.c - whether there is key on a link. relayd announces it, so that
 * nodes relay by another way while there is one. What counts is that key
 * comes, not how much is there: routes that follow the stock would flap.
 */
#include <stdio.h>

#include "kma/kma.h"
#include "log.h"

#define DRY_MS		2000	/* no stock, and nothing came for so long */
#define LOST_MS		500	/* before it is told: a channel reopens */
#define BACK_MS		1000

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
linkkey_tell(struct link *l)
{
	struct msg	m = { .id = MSG_link_key };

	snprintf(m.link_key.km, sizeof(m.link_key.km), "%s", l->conf->peer);
	m.link_key.has = l->key;
	if (ipc_is_up(l->kma->relayd))
		(void)ipc_send(l->kma->relayd, &m);
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
	linkkey_tell(l);
}
