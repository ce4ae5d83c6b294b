#include "frames.h"

#include "carry.h"
#include "err.h"
#include "kx.h"
#include "kxjson.h"
#include "log.h"
#include "plain.h"
#include "quiet.h"
#include "relay.h"
#include "relayd.h"
#include "routes.h"
#include "session.h"

struct row {
	uint16_t	command;
	int		(*take)(struct relayd *, struct kx_peer *,
			    const struct frame *, const char **);
	/* Requests are answered, all else that is malformed closes. */
	void		(*refuse)(struct relayd *, struct kx_peer *,
			    const struct frame *, const char *);
};

static const struct row frames[] = {
	{ KX_RELAY,	relay_frame,		relay_refuse },
	{ KX_DONE,	relay_done_frame,	NULL },
	{ KX_NOTIFY,	session_frame,		session_refuse },
	{ KX_NOTIFIED,	session_frame,		NULL },
	{ KX_CONTROL,	carry_frame,		NULL },
	{ KX_SUPPLY,	carry_frame,		NULL },
	{ KX_ANNOUNCE,	routes_frame,		NULL },
	{ KX_OPEN,	session_frame,		session_refuse },
	{ KX_OPENED,	session_frame,		NULL },
	{ 0,		NULL,			NULL }
};

/* What a plain peer may say. */
static const struct row plain_frames[] = {
	{ KX_RELAY,	plain_relay,		plain_refuse_relay },
	{ KX_DONE,	plainout_done,	NULL },
	{ KX_NOTIFY,	plain_notify,		plain_refuse_notify },
	{ KX_NOTIFIED,	plain_notified,		NULL },
	{ 0,		NULL,			NULL }
};

int
frames_input(struct relayd *r, struct kx_peer *p, const struct frame *f,
    const char **why)
{
	bool			 plain = kx_is_plain(p);
	const struct row	*row = plain ? plain_frames : frames;
	int			 e;

	while (row->take != NULL && row->command != f->command)
		row++;
	if (row->take == NULL && (plain || f->command != KX_ALIVE)) {
		r->counters.ignored_commands++;
		return 0;
	}
	e = row->take != NULL && f->version == FRAME_VERSION ?
	    row->take(r, p, f, why) : -E_BAD_FORMAT;
	if (f->version != FRAME_VERSION)
		*why = "wrong version";
	if (e == 0)
		return 0;
	r->counters.refused_malformed++;
	if (row->refuse == NULL)
		return e;
	if (!quiet())
		log_warn("malformed request", "peer=%s command=%04x "
		    "message_id=%u reason=%s", kx_name(p), f->command,
		    f->message_id, log_quote(*why));
	row->refuse(r, p, f, *why);
	return 0;
}
