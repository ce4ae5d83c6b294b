/* msgenc.c - messages to msgpack, and the buffer that they are put in. */
#include "msgint.h"

#include <msgpack.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

void
msgbuf_free(struct msgbuf *b)
{
	if (b->p != NULL)
		OPENSSL_cleanse(b->p, b->room);
	free(b->p);
	*b = (struct msgbuf){ 0 };
}

/* realloc() would leave a copy of key bytes behind. */
int
msgbuf_append(struct msgbuf *b, const void *p, size_t len)
{
	uint8_t		*bigger;
	size_t		 room = b->room;

	if (b->room - b->len < len) {
		while (room - b->len < len)
			room = room == 0 ? 512 : room * 2;
		if ((bigger = malloc(room)) == NULL)
			return -E_NO_MEMORY;
		if (b->len > 0)
			memcpy(bigger, b->p, b->len);
		if (b->p != NULL)
			OPENSSL_cleanse(b->p, b->room);
		free(b->p);
		b->p = bigger;
		b->room = room;
	}
	if (len > 0)
		memcpy(b->p + b->len, p, len);
	b->len += len;
	return 0;
}

static int
buf_write(void *arg, const char *p, size_t len)
{
	return msgbuf_append(arg, p, len);
}

static int
pack_bin(msgpack_packer *pk, const void *p, size_t len)
{
	return msgpack_pack_bin(pk, len) < 0 ||
	    msgpack_pack_bin_body(pk, p, len) < 0 ? -E_NO_MEMORY : 0;
}

static int
pack_text(msgpack_packer *pk, const char *s)
{
	size_t	len = strlen(s);

	return msgpack_pack_str(pk, len) < 0 ||
	    msgpack_pack_str_body(pk, s, len) < 0 ? -E_NO_MEMORY : 0;
}

#define put_u32(pk, v)	(msgpack_pack_uint32(pk, *(v)) < 0 ? -E_NO_MEMORY : 0)
#define put_u64(pk, v)	(msgpack_pack_uint64(pk, *(v)) < 0 ? -E_NO_MEMORY : 0)
#define put_km(pk, v)	pack_text(pk, *(v))
#define put_sae(pk, v)	pack_text(pk, *(v))
#define put_anysae(pk, v) pack_text(pk, *(v))
#define put_route(pk, v) pack_text(pk, *(v))
#define put_uuid(pk, v)	pack_text(pk, *(v))
#define put_text(pk, v)	pack_text(pk, *(v))

static int
put_bytes(msgpack_packer *pk, const struct msg_view *v)
{
	return v->len > MSG_BYTES_MAX ? -E_TOO_LARGE :
	    pack_bin(pk, v->p, v->len);
}

static int
put_secret(msgpack_packer *pk, struct secret *const *v)
{
	if (*v == NULL)
		return pack_bin(pk, "", 0);
	return (*v)->len > MSGINT_SECRET_MAX ? -E_TOO_LARGE :
	    pack_bin(pk, (*v)->bytes, (*v)->len);
}

#define MSG(name, from, to, help) \
static int \
encode_##name(msgpack_packer *pk, const struct msg_##name *m) \
{ \
	int	r = 0; \

#define F(type, field) \
	if (r == 0) \
		r = put_##type(pk, &m->field);
#define END(name) \
	return r; \
}
#include "msg.def"
#undef MSG
#undef F
#undef END

static int
encode_fields(msgpack_packer *pk, const struct msg *m)
{
	switch (m->id) {
#define MSG(name, from, to, help) \
	case MSG_##name: \
		return encode_##name(pk, &m->name);
#define F(type, field)
#define END(name)
#include "msg.def"
#undef MSG
#undef F
#undef END
	default:
		return 0;
	}
}

int
msg_encode(struct msgbuf *b, const struct msg *m)
{
	msgpack_packer	 pk;
	size_t		 start = b->len;
	bool		 empty = m->err != 0;	/* an error has no fields */
	int		 r = 0;

	msgpack_packer_init(&pk, b, buf_write);
	if (msgpack_pack_array(&pk, MSGINT_ENVELOPE +
	    (empty ? 0 : msg_fields(m->id))) < 0 ||
	    msgpack_pack_uint32(&pk, m->id) < 0 ||
	    msgpack_pack_uint32(&pk, m->kind) < 0 ||
	    msgpack_pack_uint64(&pk, m->corr) < 0 ||
	    msgpack_pack_uint32(&pk, (uint32_t)-m->err) < 0)
		r = -E_NO_MEMORY;
	if (r == 0 && !empty)
		r = encode_fields(&pk, m);
	if (r < 0)
		b->len = start;
	return r;
}
