/*
 * kxjson.h - the payloads of Kx frames as structs and back; those about
 * sessions are in kxsession.h. Pure: hostile octets in, checked values out.
 */
#ifndef RELAYD_KXJSON_H
#define RELAYD_KXJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ident.h"
#include "linkstate.h"
#include "msg.h"

enum kx_command {
	KX_RELAY = 0x1101,
	KX_DONE = 0x1102,
	KX_NOTIFY = 0x1103,
	KX_NOTIFIED = 0x1104,
	KX_CONTROL = 0x11C0,	/* kma to kma */
	KX_SUPPLY = 0x11C1,	/* ksa to ksa */
	KX_ANNOUNCE = 0x11C2,	/* link state */
	KX_ALIVE = 0x11C3,
	KX_OPEN = 0x11C4,	/* a session */
	KX_OPENED = 0x11C5,
};

#define KXJSON_ID_MAX		64	/* octets of request IDs */
#define KXJSON_BODY_MAX		49152	/* decoded from one frame's base64 */

/* 0x1101 */
struct kx_relay {
	struct route	route;		/* ends included */
	char		request[KXJSON_ID_MAX + 1];	/* "" if absent */
	bool		plain;	/* keys in clear: the rest is not set */
	uint64_t	block, pad;
	uint32_t	part, parts;	/* 0: the whole block */
	uint8_t		mac[16];
	size_t		len;
	uint8_t		text[KXJSON_BODY_MAX];
};

/* 0x1102 */
struct kx_done {
	char		response[MSG_TEXT_MAX + 1];
	char		request[KXJSON_ID_MAX + 1];	/* "" if absent */
	struct route	route;		/* n = 0: absent */
	size_t		maclen;		/* 0: absent */
	uint8_t		mac[16];
};

/* 0x11C0, 0x11C1 */
struct kx_message {
	struct route	route;
	size_t		len;
	uint8_t		body[KXJSON_BODY_MAX];
};

/*
 * 0 or -E_BAD_FORMAT; *why says what is wrong. kx_relay.request is set even
 * then if it could be read, so that the refusal can name it.
 */
int	kxjson_relay(struct kx_relay *, const uint8_t *, size_t,
	    const char **why);
int	kxjson_done(struct kx_done *, const uint8_t *, size_t,
	    const char **why);
int	kxjson_message(struct kx_message *, const uint8_t *, size_t,
	    const char **why);
int	kxjson_announce(struct linkstate_ad *, const uint8_t *, size_t,
	    const char **why);
int	kxjson_alive(bool *kma, const uint8_t *, size_t, const char **why);

/* Octets written into `room`, or 0: it does not fit. */
size_t	kxjson_put_relay(uint8_t *, size_t room, const struct route *,
	    const struct msg_relay_out *);
/* request "": left out; route NULL: no extension; mac with len 0: none. */
size_t	kxjson_put_done(uint8_t *, size_t room, const char *response,
	    const char *request, const struct route *, struct msg_view mac);
size_t	kxjson_put_message(uint8_t *, size_t room, const struct route *,
	    struct msg_view body);
size_t	kxjson_put_announce(uint8_t *, size_t room,
	    const struct linkstate_ad *);
size_t	kxjson_put_alive(uint8_t *, size_t room, bool kma);

#endif
