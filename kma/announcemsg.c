#include "kma/announcemsg.h"

#include <string.h>

#include "bytes.h"
#include "err.h"

#define NUMBERS		17	/* level, stock, rate */

/* The next link of the octets; how many it took, or 0. */
static size_t
read_link(struct linkstate_link *l, const uint8_t *p, size_t len)
{
	size_t	id = len > 0 ? p[0] : 0;

	if (id == 0 || id > KM_ID_MAX || len < 1 + id + NUMBERS ||
	    !km_id_valid((const char *)p + 1, id))
		return 0;
	memcpy(l->peer, p + 1, id);
	l->peer[id] = '\0';
	p += 1 + id;
	l->level = p[0];
	l->stock = get_be64(p + 1);
	l->rate = get_be64(p + 9);
	return l->level <= LINKSTATE_AMPLE &&
	    l->stock < LINKSTATE_SERIAL_MAX && l->rate < LINKSTATE_SERIAL_MAX ?
	    1 + id + NUMBERS : 0;
}

static bool
in_order(const struct linkstate_ad *ad, const struct linkstate_link *l)
{
	return strcmp(l->peer, ad->origin) != 0 && (ad->n == 0 ||
	    strcmp(ad->links[ad->n - 1].peer, l->peer) < 0);
}

int
announcemsg_read(struct linkstate_ad *ad, const struct msg_announce *m)
{
	const uint8_t	*p = m->links.p;
	size_t		 len = m->links.len, used;

	memset(ad, 0, sizeof(*ad));
	if (m->incarnation >= LINKSTATE_SERIAL_MAX ||
	    m->sequence >= LINKSTATE_SERIAL_MAX)
		return -E_BAD_FORMAT;
	strcpy(ad->origin, m->origin);
	ad->incarnation = m->incarnation;
	ad->sequence = m->sequence;
	for (; len > 0; p += used, len -= used) {
		if (ad->n == LINKSTATE_LINKS_MAX || (used =
		    read_link(&ad->links[ad->n], p, len)) == 0 ||
		    !in_order(ad, &ad->links[ad->n]))
			return -E_BAD_FORMAT;
		ad->n++;
	}
	return 0;
}

static size_t
write_link(uint8_t *p, const struct linkstate_link *l)
{
	size_t	id = strlen(l->peer);

	*p++ = (uint8_t)id;
	memcpy(p, l->peer, id);
	p += id;
	p[0] = l->level;
	put_be64(p + 1, l->stock);
	put_be64(p + 9, l->rate);
	return 1 + id + NUMBERS;
}

int
announcemsg_write(struct msgbuf *out, const struct linkstate_ad *ad)
{
	struct msg	m = { .id = MSG_announce, .kind = MSG_EVENT };
	uint8_t		links[ANNOUNCEMSG_LINKS_MAX];
	size_t		len = 0;

	for (unsigned i = 0; i < ad->n; i++)
		len += write_link(links + len, &ad->links[i]);
	strcpy(m.announce.origin, ad->origin);
	m.announce.incarnation = ad->incarnation;
	m.announce.sequence = ad->sequence;
	m.announce.links = (struct msg_view){ links, len };
	return msg_encode(out, &m);
}
