/* msg.h - messages as structs, and as msgpack; see msg.def. */
#ifndef QKD_MSG_H
#define QKD_MSG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ident.h"
#include "secret.h"

enum msg_role { ROLE_NONE, QKDMOD, KMA, RELAYD, KSA, ROLE_MAX };

#define MSG_TEXT_MAX	255
#define MSG_BYTES_MAX	65536

struct msg_view { const uint8_t *p; size_t len; };	/* not owned */

typedef uint32_t	msg_u32;
typedef uint64_t	msg_u64;
typedef km_id		msg_km;
typedef sae_id		msg_sae;
typedef sae_id		msg_anysae;
typedef route_text	msg_route;
typedef uuid_text	msg_uuid;
typedef char		msg_text[MSG_TEXT_MAX + 1];
typedef struct msg_view	msg_bytes;	/* points into the octets decoded */
typedef struct secret	*msg_secret;	/* owned by the message, or NULL */

#define MSG(name, from, to, help) struct msg_##name {
#define F(type, field) msg_##type field;
#define END(name) };
#include "msg.def"
#undef MSG
#undef F
#undef END

enum msg_id {
	MSG_NONE,
#define MSG(name, from, to, help) MSG_##name,
#define F(type, field)
#define END(name)
#include "msg.def"
#undef MSG
#undef F
#undef END
	MSG_MAX
};

enum msg_kind { MSG_EVENT, MSG_REQUEST, MSG_REPLY };

struct msg {
	enum msg_id	id;
	enum msg_kind	kind;
	uint64_t	corr;	/* correlation of request and reply */
	int		err;	/* replies: 0 or a negative E_ */
	union {
#define MSG(name, from, to, help) struct msg_##name name;
#define F(type, field)
#define END(name)
#include "msg.def"
#undef MSG
#undef F
#undef END
	};
};

/* Sets every field of m->id to zero, "" or NULL; the envelope stays. */
void	msg_clear(struct msg *);

/* A growing buffer for encoded messages; wiped when it moves or ends. */
struct msgbuf { uint8_t *p; size_t len, room; };
void	msgbuf_free(struct msgbuf *);
/* 0 or -E_NO_MEMORY; the buffer is then as before. */
int	msgbuf_append(struct msgbuf *, const void *, size_t);

/* Appends. -E_TOO_LARGE, -E_NO_MEMORY; the buffer is then as before. */
int	msg_encode(struct msgbuf *, const struct msg *);
/*
 * Decodes the first message in the octets and says how many it took. Secrets
 * are copied into locked memory (the caller wipes the octets). Hostile input:
 * -E_BAD_FORMAT. On error nothing needs msg_wipe(). An answer whose secret
 * finds no room comes as one with err -E_NO_MEMORY; other messages: that error.
 */
int	msg_decode(struct msg *, const uint8_t *, size_t len, size_t *used);
/* Frees secrets; the message is empty then. */
void	msg_wipe(struct msg *);
bool	msg_allowed(enum msg_id, enum msg_role from, enum msg_role to);
/* Whether this kind of message carries key bytes. */
bool	msg_has_secret(enum msg_id);
const char *msg_name(enum msg_id);
const char *msg_role_name(enum msg_role);
/* The table of all messages for the manual. */
void	msg_print_table(FILE *);

#endif
