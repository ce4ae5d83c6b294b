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
#include "session.h"

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
	{ KX_NOTIFY,	session_frame,		session_refuse },
	{ KX_NOTIFIED,	session_frame,		NULL },
	{ KX_CONTROL,	carry_frame,		NULL },
	{ KX_SUPPLY,	carry_frame,		NULL },
	{ KX_ANNOUNCE,	routes_frame,		NULL },
	{ KX_OPEN,	session_frame,		session_refuse },
	{ KX_OPENED,	session_frame,		NULL },
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
