/*
 * kxsession.h - the payloads of the four messages about sessions: 0x1103 and
 * 0x1104 (Q.4163 8.3, 8.4), 0x11C4 and 0x11C5 (doc/profile.md, section 5).
 * Pure. What stands in the open is for those who watch; what counts is in
 * the message that only the two KSAs can make.
 */
#ifndef RELAYD_KXSESSION_H
#define RELAYD_KXSESSION_H

#include <stdbool.h>

#include "ident.h"
#include "kxjson.h"
#include "msg.h"

#define KXSESSION_KEYS_MAX	1024	/* in one message */

struct kx_session {
	uuid_text	session;	/* "": none; so in responses only */
	uuid_text	key;		/* the first; "": none */
	char		response[MSG_TEXT_MAX + 1];
	struct route	route;		/* n = 0: absent; so in responses only */
	size_t		len;		/* 0: a hop's refusal */
	uint8_t		body[KXJSON_BODY_MAX];
};

bool	kxsession_is_request(enum kx_command);
/* The request's command, of itself or its response; and the response's. */
enum kx_command kxsession_request(enum kx_command);
enum kx_command kxsession_response(enum kx_command);

/* -E_BAD_FORMAT, and *why. `session` and `key` are set even then if they
 * could be read, so that a refusal can name them. */
int	kxsession_read(struct kx_session *, enum kx_command, const uint8_t *,
	    size_t, const char **why);

/* Room that is enough, or all that a frame has. */
size_t	kxsession_room(const struct route *, const struct msg_session_out *);
/* Octets written, or 0: it does not fit. Without a body: a hop's refusal,
 * with the first key alone; route NULL: without an extension. */
size_t	kxsession_put(uint8_t *, size_t room, const struct route *,
	    const struct msg_session_out *);

#endif
