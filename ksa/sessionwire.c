/* sessionwire.c - messages about sessions, made and read. */
#include "ksa/sessionwire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/channel.h"
#include "ksa/draw.h"
#include "ksa/invitation.h"
#include "ksa/keyid.h"
#include "ksa/offer.h"
#include "ksa/opening.h"
#include "ksa/sessionend.h"

/* Of frames on Kx: Q.4163 Table I.1, and private ones (doc/profile.md). */
enum { OFFER = 0x1103, TAKEN = 0x1104, OPEN = 0x11C4, OPENED = 0x11C5 };

static const char *const tokens[SUPPLY_STATUSES] = {
	[SUPPLY_OK] = "success",
	[SUPPLY_BAD_REQUEST] = "bad_request",
	[SUPPLY_UNAUTHORIZED] = "unauthorized",
	[SUPPLY_NOT_FOUND] = "not_found",
	[SUPPLY_INSUFFICIENT] = "insufficient_keys",
	[SUPPLY_TOO_LARGE] = "too_large",
	[SUPPLY_UNAVAILABLE] = "unavailable",
	[SUPPLY_TIMEOUT] = "timeout",
	[SUPPLY_UNMET] = "bad_request",
	[SUPPLY_REJECTED] = "rejected",
	[SUPPLY_EXPIRED] = "expired",
};

const char *
sessionwire_token(enum supply_status s)
{
	return tokens[s];
}

static struct sessions *
of(const struct peer *p)
{
	return p->env->sessions;
}

/* ---- out ---- */

static void
say(char *to, size_t room, enum supply_status status, const char *words)
{
	bool	more = words != NULL && words[0] != '\0';

	snprintf(to, room, "%s%s%s", tokens[status], more ? ": " : "",
	    more ? words : "");
}

int
sessionwire_open(struct session *s)
{
	struct msg			 m = { .id = MSG_session_open };
	struct msg			 frame = { .id = MSG_session_out };
	struct msg_session_open		*o = &m.session_open;
	struct msg_session_out		*f = &frame.session_out;

	if (s->peer->self) {
		invitation_own(s);
		return 0;
	}
	uuid_print(s->row.id, o->session);
	strcpy(o->source, s->row.source);
	strcpy(o->destination, s->row.destination);
	o->name = (struct msg_view){ (const uint8_t *)s->row.name,
	    strlen(s->row.name) };
	o->number = s->row.most;
	f->command = OPEN;
	memcpy(f->session, o->session, sizeof(f->session));
	strcpy(f->source, o->source);
	strcpy(f->destination, o->destination);
	f->number = o->number;
	return channel_send_framed(s->peer->channel, &m, &frame);
}

int
sessionwire_opened(struct peer *p, const uint8_t id[SESSION_ID],
    enum supply_status status, const char *words)
{
	struct msg	m = { .id = MSG_session_opened };
	struct msg	frame = { .id = MSG_session_out };

	if (p->self) {
		opening_answered(of(p), p, id, status, words);
		return 0;
	}
	uuid_print(id, m.session_opened.session);
	m.session_opened.status = status;
	snprintf(m.session_opened.words, sizeof(m.session_opened.words),
	    "%s", words);
	frame.session_out.command = OPENED;
	uuid_print(id, frame.session_out.session);
	say(frame.session_out.response, sizeof(frame.session_out.response),
	    status, words);
	return channel_send_framed(p->channel, &m, &frame);
}

static int
send_end(struct peer *p, const uint8_t id[SESSION_ID],
    enum supply_status why, bool answer)
{
	struct msg	m = { .id = MSG_session_end };

	uuid_print(id, m.session_end.session);
	m.session_end.status = why;
	m.session_end.answer = answer;
	return channel_send(p->channel, &m);
}

int
sessionwire_end(struct session *s)
{
	return send_end(s->peer, s->row.id, s->row.status, false);
}

static void
frame_keys(struct msg_session_out *f, const struct wire_keys *k,
    uint32_t command)
{
	f->command = command;
	uuid_print(k->session, f->session);
	f->number = k->number;
	f->size = k->octets * 8;
	f->ids = (struct msg_view){ (const uint8_t *)k->ids,
	    (size_t)k->number * KEYID_OCTETS };
}

int
sessionwire_offer(struct peer *p, const struct wire_keys *k)
{
	struct msg	m = { .id = MSG_keys_offer };
	struct msg	frame = { .id = MSG_session_out };

	if (p->self) {
		offer_start(of(p), p, k->session, k->request);
		return 0;
	}
	uuid_print(k->session, m.keys_offer.session);
	m.keys_offer.request = k->request;
	frame_keys(&frame.session_out, k, OFFER);
	return channel_send_framed(p->channel, &m, &frame);
}

int
sessionwire_taken(struct peer *p, const struct wire_keys *k,
    enum supply_status status, const char *words)
{
	struct msg	m = { .id = MSG_keys_taken };
	struct msg	frame = { .id = MSG_session_out };

	if (p->self) {
		draw_taken(of(p), p, k->session, k->request, status, words);
		return 0;
	}
	uuid_print(k->session, m.keys_taken.session);
	m.keys_taken.request = k->request;
	m.keys_taken.status = status;
	snprintf(m.keys_taken.words, sizeof(m.keys_taken.words), "%s", words);
	frame_keys(&frame.session_out, k, TAKEN);
	say(frame.session_out.response, sizeof(frame.session_out.response),
	    status, words);
	return channel_send_framed(p->channel, &m, &frame);
}

/* ---- in ---- */

/* What the other half cannot mean is a failure like any other. */
static enum supply_status
status_of(uint32_t v)
{
	return v < SUPPLY_STATUSES && v != SUPPLY_UNMET ?
	    (enum supply_status)v : SUPPLY_UNAVAILABLE;
}

static void
on_opened(struct peer *p, const struct msg *m, const uint8_t *id)
{
	opening_answered(of(p), p, id, status_of(m->session_opened.status),
	    m->session_opened.words);
}

static void
on_end(struct peer *p, const struct msg *m, const uint8_t *id)
{
	bool	answer = m->session_end.answer != 0;

	sessionend_heard(of(p), p, id, status_of(m->session_end.status),
	    answer);
	if (!answer)
		(void)send_end(p, id, SUPPLY_EXPIRED, true);
}

static void
on_offer(struct peer *p, const struct msg *m, const uint8_t *id)
{
	offer_start(of(p), p, id, m->keys_offer.request);
}

static void
on_taken(struct peer *p, const struct msg *m, const uint8_t *id)
{
	draw_taken(of(p), p, id, m->keys_taken.request,
	    status_of(m->keys_taken.status), m->keys_taken.words);
}

static void
on_open(struct peer *p, const struct msg *m, const uint8_t *id)
{
	(void)id;
	invitation_asked(of(p), p, &m->session_open);
}

void
sessionwire_input(struct peer *p, const struct msg *m)
{
	static const struct {
		enum msg_id	id;
		void		(*fn)(struct peer *, const struct msg *,
				    const uint8_t *session);
		size_t		at;	/* of its session */
	} v[] = {
		{ MSG_session_open, on_open,
		    offsetof(struct msg, session_open.session) },
		{ MSG_session_opened, on_opened,
		    offsetof(struct msg, session_opened.session) },
		{ MSG_session_end, on_end,
		    offsetof(struct msg, session_end.session) },
		{ MSG_keys_offer, on_offer,
		    offsetof(struct msg, keys_offer.session) },
		{ MSG_keys_taken, on_taken,
		    offsetof(struct msg, keys_taken.session) },
	};
	uint8_t	id[SESSION_ID];

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (v[i].id == m->id) {
			const char	*text = (const char *)m + v[i].at;

			if (uuid_parse(text, strlen(text), id) == 0)
				v[i].fn(p, m, id);
			else
				p->env->count.bad_messages++;
		}
}
