/* liarframe.c - what the liar says to peers; see liar.c. */
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "liar.h"
#include "liemsg.h"
#include "relayd/frames.h"
#include "relayd/kx.h"
#include "relayd/kxjson.h"
#include "relayd/kxlink.h"
#include "relayd/relayd.h"

static struct kept	 frames[LIAR_KEPT];
static unsigned		 nframes;
static uint8_t		*payload_room;
static bool		 lying;		/* what is sent now is a lie already */

uint8_t	*__real_kxlink_reserve(struct kxlink *, size_t);
uint8_t	*__wrap_kxlink_reserve(struct kxlink *, size_t);
void	__real_kxlink_commit(struct kxlink *, uint32_t, uint16_t, size_t);
void	__wrap_kxlink_commit(struct kxlink *, uint32_t, uint16_t, size_t);
int	__real_frames_input(struct relayd *, struct kx_peer *,
	    const struct frame *, const char **);
int	__wrap_frames_input(struct relayd *, struct kx_peer *,
	    const struct frame *, const char **);

static void
tell_peer(struct kx_peer *p, uint32_t id, uint16_t command, const uint8_t *o,
    size_t len)
{
	lying = true;
	if (p != NULL)
		(void)kx_send(p, id, command, o, len);
	lying = false;
}

void
liarframe_tell(const char *km, const struct kept *k)
{
	tell_peer(kx_find(liar_relayd->kx, km), k->id, k->command, k->p, k->len);
}

/* Letter for letter, digit for digit: it stays a frame that can be read. */
static void
flip(uint8_t *p, size_t len)
{
	static const char	letters[] = "ABCDEFabcdefghijklmnopqrstuvwxyz";

	for (int tries = 0; len > 0 && tries < 100; tries++) {
		uint8_t	*c = p + liemsg_random((uint32_t)len);

		if (*c >= '0' && *c <= '9')
			*c = (uint8_t)('0' + liemsg_random(10));
		else if (strchr(letters, *c) != NULL && *c != '\0')
			*c = (uint8_t)letters[liemsg_random(32)];
		else
			continue;
		return;
	}
}

struct choice { const char *but; km_id km; unsigned n; };

static void
choose(void *arg, struct kx_peer *p)
{
	struct choice	*c = arg;

	if (strcmp(kx_name(p), c->but) != 0 && liemsg_random(++c->n) == 0)
		strcpy(c->km, kx_name(p));
}

/* Frames beside the one that was sent; k->km is where. */
static void
embroider_frame(const struct kept *k)
{
	struct choice	 c = { .but = k->km };
	static struct kept bad;

	if (liar_tells(TWICE, PEERS))
		liarframe_tell(k->km, k);
	if (liar_tells(VARIANT, PEERS)) {
		liar_keep(&bad, k->km, k->command, k->id, k->p, k->len);
		flip(bad.p, bad.len);
		liarframe_tell(k->km, &bad);
	}
	if (liar_tells(INVENT, PEERS)) {	/* under another command */
		liar_keep(&bad, k->km, frames[liemsg_random(nframes)].command,
		    liemsg_random(1000), k->p, k->len);
		liarframe_tell(k->km, &bad);
	}
	if (liar_tells(REPLAY, PEERS))
		liarframe_tell(k->km, &frames[liemsg_random(nframes)]);
	kx_each(liar_relayd->kx, choose, &c);
	if (c.n > 0 && liar_tells(ELSEWHERE, PEERS))
		liarframe_tell(c.km, &frames[liemsg_random(nframes)]);
}

uint8_t *
__wrap_kxlink_reserve(struct kxlink *l, size_t payload)
{
	payload_room = __real_kxlink_reserve(l, payload);
	return payload_room;
}

static bool
hold_frame(const struct kept *k)
{
	struct kept	*l;

	if (!liar_tells(LATE, PEERS) || (l = liar_late()) == NULL)
		return false;
	liar_keep(l, k->km, k->command, k->id, k->p, k->len);
	l->due = mono_ms() + liemsg_random(LIAR_LATE_MS);
	return true;
}

void
__wrap_kxlink_commit(struct kxlink *l, uint32_t id, uint16_t command,
    size_t payload)
{
	struct kept	*k;

	if (lying || command == KX_ALIVE || liar_relayd->kx == NULL ||
	    kx_find(liar_relayd->kx, kxlink_km(l)) == NULL) {
		__real_kxlink_commit(l, id, command, payload);
		return;
	}
	k = liar_place(frames, &nframes);
	liar_keep(k, kxlink_km(l), command, id, payload_room, payload);
	if (liar_tells(FLIP, PEERS))
		flip(payload_room, payload);
	if (!liar_tells(DROP, PEERS) && !hold_frame(k))
		__real_kxlink_commit(l, id, command, payload);
	embroider_frame(k);
}

int
__wrap_frames_input(struct relayd *r, struct kx_peer *p,
    const struct frame *f, const char **why)
{
	if (!kx_is_plain(p)) {
		liar_keep(liar_place(frames, &nframes), kx_name(p), f->command,
		    f->message_id, f->payload, f->length);
		if (liar_tells(REFLECT, PEERS))
			tell_peer(p, f->message_id, f->command, f->payload,
			    f->length);
	}
	return __real_frames_input(r, p, f, why);
}
