#include "frames.h"

#include "carry.h"
#include "err.h"
#include "kx.h"
#include "kxjson.h"
#include "log.h"
#include "quiet.h"
#include "relay.h"
#include "relayd.h"
#include "routes.h"

static struct kx_notify	notify;		/* the one being read */

static void
notify_answer(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const char *response)
{
	size_t	 room = 256 + 6 * KXJSON_ID_MAX;
	uint8_t	*payload;
	int	 e;

	if ((payload = kx_reserve(p, room, &e)) == NULL) {
		r->counters.dropped_queue_full++;
		return;
	}
	kx_commit(p, f->message_id, KX_NOTIFIED, kxjson_put_notified(payload,
	    room, notify.session, response));
}

static void
notify_refuse(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const char *why)
{
	const char	*ignored;

	(void)why;
	/* Once more, for the session ID, if it can be read. */
	(void)kxjson_notify(&notify, false, f->payload, f->length, &ignored);
	notify_answer(r, p, f, "bad_request");
}

static int
notify_frame(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const char **why)
{
	int	e;

	if ((e = kxjson_notify(&notify, false, f->payload, f->length,
	    why)) < 0)
		return e;
	r->counters.refused_unsupported++;
	notify_answer(r, p, f, "rejected: sessions are not supported");
	return 0;
}

/* We never ask, so every answer is one too many. */
static int
notified_frame(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const char **why)
{
	(void)p;
	r->counters.dropped_completions++;
	return kxjson_notify(&notify, true, f->payload, f->length, why);
}

static const struct {
	uint16_t	command;
	int		(*take)(struct relayd *, struct kx_peer *,
			    const struct frame *, const char **);
	/* Requests are answered, all else that is malformed closes. */
	void		(*refuse)(struct relayd *, struct kx_peer *,
			    const struct frame *, const char *);
} frames[] = {
	{ KX_RELAY,	relay_frame,		relay_refuse },
	{ KX_DONE,	relay_done_frame,	NULL },
	{ KX_NOTIFY,	notify_frame,		notify_refuse },
	{ KX_NOTIFIED,	notified_frame,		NULL },
	{ KX_CONTROL,	carry_frame,		NULL },
	{ KX_SUPPLY,	carry_frame,		NULL },
	{ KX_ANNOUNCE,	routes_frame,		NULL },
};

#define FRAMES	(sizeof(frames) / sizeof(frames[0]))

int
frames_input(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const char **why)
{
	size_t	i = 0;
	int	e;

	while (i < FRAMES && frames[i].command != f->command)
		i++;
	if (i == FRAMES && f->command != KX_ALIVE) {
		r->counters.ignored_commands++;
		return 0;
	}
	e = i < FRAMES && f->version == FRAME_VERSION ?
	    frames[i].take(r, p, f, why) : -E_BAD_FORMAT;
	if (f->version != FRAME_VERSION)
		*why = "wrong version";
	if (e == 0)
		return 0;
	r->counters.refused_malformed++;
	if (i == FRAMES || frames[i].refuse == NULL)
		return e;
	if (!quiet())
		log_warn("malformed request", "peer=%s command=%04x "
		    "message_id=%u reason=%s", kx_name(p), f->command,
		    f->message_id, log_quote(*why));
	frames[i].refuse(r, p, f, *why);
	return 0;
}
