/* msg.c - messages as structs, and as msgpack: [id, kind, corr, err, fields]. */
#include "msg.h"

#include <limits.h>
#include <msgpack.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

#define SECRET_MAX	(1024 * 1024)
#define ENVELOPE	4

struct shape {
	const char	*name;
	enum msg_role	 from, to;
	uint32_t	 fields;
};

static const struct shape shapes[MSG_MAX] = {
	[MSG_NONE] = { "none", ROLE_NONE, ROLE_NONE, 0 },
#define MSG(name, from, to, help) \
	[MSG_##name] = { #name, from, to, 0
#define F(type, field)	+ 1
#define END(name)	},
#include "msg.def"
#undef MSG
#undef F
#undef END
};

static const char *const helps[MSG_MAX] = {
#define MSG(name, from, to, help) [MSG_##name] = help,
#define F(type, field)
#define END(name)
#include "msg.def"
#undef MSG
#undef F
#undef END
};

static const char *const roles[ROLE_MAX] = {
	"none", "qkdmod", "kma", "relayd", "ksa"
};

/* ---- encoding ---- */

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
	return (*v)->len > SECRET_MAX ? -E_TOO_LARGE :
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
	if (msgpack_pack_array(&pk, ENVELOPE +
	    (empty ? 0 : shapes[m->id].fields)) < 0 ||
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

/* ---- decoding ---- */

/*
 * msgpack-c's unpacker allocates whatever an array header claims; messages
 * here are one flat array, so a reader that allocates nothing does.
 */
struct reader { const uint8_t *p, *end; };

static int
read_be(struct reader *rd, unsigned octets, uint64_t *v)
{
	if ((size_t)(rd->end - rd->p) < octets)
		return -E_BAD_FORMAT;
	for (*v = 0; octets > 0; octets--)
		*v = *v << 8 | *rd->p++;
	return 0;
}

static int
read_tag(struct reader *rd, uint8_t *tag)
{
	uint64_t	v;
	int		r;

	r = read_be(rd, 1, &v);
	*tag = r < 0 ? 0 : (uint8_t)v;
	return r;
}

static int
read_uint(struct reader *rd, uint64_t max, uint64_t *v)
{
	uint8_t	tag;
	int	r;

	if ((r = read_tag(rd, &tag)) < 0)
		return r;
	if (tag < 0x80)
		*v = tag;
	else if (tag < 0xcc || tag > 0xcf)
		return -E_BAD_FORMAT;
	else if ((r = read_be(rd, 1U << (tag - 0xcc), v)) < 0)
		return r;
	return *v > max ? -E_BAD_FORMAT : 0;
}

static int
read_array(struct reader *rd, uint64_t *n)
{
	uint8_t	tag;
	int	r;

	if ((r = read_tag(rd, &tag)) < 0)
		return r;
	*n = tag & 0x0f;
	if ((tag & 0xf0) == 0x90)
		return 0;
	return tag == 0xdc ? read_be(rd, 2, n) : -E_BAD_FORMAT;
}

/* A str (base 0xd9) or bin (base 0xc4) object. */
static int
read_raw(struct reader *rd, uint8_t base, size_t max, struct msg_view *v)
{
	uint64_t	len = 0;
	uint8_t		tag;
	int		r;

	if ((r = read_tag(rd, &tag)) < 0)
		return r;
	if (base == 0xd9 && (tag & 0xe0) == 0xa0)
		len = tag & 0x1f;
	else if (tag < base || tag > base + 2)
		return -E_BAD_FORMAT;
	else if ((r = read_be(rd, 1U << (tag - base), &len)) < 0)
		return r;
	if (len > max || len > (size_t)(rd->end - rd->p))
		return -E_BAD_FORMAT;
	*v = (struct msg_view){ rd->p, (size_t)len };
	rd->p += len;
	return 0;
}

static int
read_text(struct reader *rd, char *out, size_t room)
{
	struct msg_view	v;
	int		r;

	if ((r = read_raw(rd, 0xd9, room - 1, &v)) < 0)
		return r;
	if (memchr(v.p, 0, v.len) != NULL)
		return -E_BAD_FORMAT;
	memcpy(out, v.p, v.len);
	out[v.len] = '\0';
	return 0;
}

static int
get_u32(struct reader *rd, uint32_t *v)
{
	uint64_t	wide;
	int		r;

	if ((r = read_uint(rd, UINT32_MAX, &wide)) == 0)
		*v = (uint32_t)wide;
	return r;
}

#define get_u64(rd, v)	read_uint(rd, UINT64_MAX, v)

static int
get_km(struct reader *rd, km_id *v)
{
	int	r = read_text(rd, *v, sizeof(*v));

	return r < 0 ? r : km_id_valid(*v, strlen(*v)) ? 0 : -E_BAD_FORMAT;
}

static int
get_sae(struct reader *rd, sae_id *v)
{
	int	r = read_text(rd, *v, sizeof(*v));

	return r < 0 ? r : sae_id_valid(*v, strlen(*v)) ? 0 : -E_BAD_FORMAT;
}

/* Empty is "no route"; else it must parse. */
static int
get_route(struct reader *rd, route_text *v)
{
	struct route	 route;
	int		 r = read_text(rd, *v, sizeof(*v));

	return r < 0 || **v == '\0' ? r : route_parse(&route, *v);
}

static int
get_uuid(struct reader *rd, uuid_text *v)
{
	uint8_t	raw[16];
	int	r = read_text(rd, *v, sizeof(*v));

	return r < 0 ? r : uuid_parse(*v, strlen(*v), raw);
}

#define get_text(rd, v)	read_text(rd, *(v), sizeof(*(v)))
#define get_bytes(rd, v) read_raw(rd, 0xc4, MSG_BYTES_MAX, v)

static int
get_secret(struct reader *rd, struct secret **v)
{
	struct msg_view	view;
	int		r;

	if ((r = read_raw(rd, 0xc4, SECRET_MAX, &view)) < 0 || view.len == 0)
		return r;
	*v = secret_copy(view.p, view.len);
	return *v == NULL ? -E_NO_MEMORY : 0;
}

#define MSG(name, from, to, help) \
static int \
decode_##name(struct reader *rd, struct msg_##name *m) \
{ \
	int	r = 0; \

#define F(type, field) \
	if (r == 0) \
		r = get_##type(rd, &m->field);
#define END(name) \
	return r; \
}
#include "msg.def"
#undef MSG
#undef F
#undef END

static int
decode_fields(struct reader *rd, struct msg *m)
{
	switch (m->id) {
#define MSG(name, from, to, help) \
	case MSG_##name: \
		return decode_##name(rd, &m->name);
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

static int
decode_envelope(struct reader *rd, struct msg *m)
{
	uint64_t	n, id, kind, err;
	int		r;

	if ((r = read_array(rd, &n)) < 0 ||
	    (r = read_uint(rd, MSG_MAX - 1, &id)) < 0 ||
	    (r = read_uint(rd, MSG_REPLY, &kind)) < 0 ||
	    (r = read_uint(rd, UINT64_MAX, &m->corr)) < 0 ||
	    (r = read_uint(rd, E_MAX - 1, &err)) < 0)
		return r;
	m->id = (enum msg_id)id;
	m->kind = (enum msg_kind)kind;
	m->err = -(int)err;
	if (err != 0 && kind != MSG_REPLY)
		return -E_BAD_FORMAT;
	return n == ENVELOPE + (err != 0 ? 0 : shapes[id].fields) ? 0 :
	    -E_BAD_FORMAT;
}

int
msg_decode(struct msg *m, const uint8_t *p, size_t len, size_t *used)
{
	struct reader	rd = { p, p + len };
	int		r;

	/* Only the envelope and pointers need zeroing; fields are set. */
	m->corr = 0;
	m->id = MSG_NONE;
	if ((r = decode_envelope(&rd, m)) < 0)
		return r;
	msg_clear(m);
	if (m->err == 0 && (r = decode_fields(&rd, m)) < 0) {
		msg_wipe(m);
		return r;
	}
	*used = (size_t)(rd.p - p);
	return 0;
}

/* ---- the rest of the table ---- */

#define clear_u32(v)	(*(v) = 0)
#define clear_u64(v)	(*(v) = 0)
#define clear_km(v)	((*(v))[0] = '\0')
#define clear_sae(v)	((*(v))[0] = '\0')
#define clear_route(v)	((*(v))[0] = '\0')
#define clear_uuid(v)	((*(v))[0] = '\0')
#define clear_text(v)	((*(v))[0] = '\0')
#define clear_bytes(v)	(*(v) = (struct msg_view){ NULL, 0 })
#define clear_secret(v)	(*(v) = NULL)

void
msg_clear(struct msg *m)
{
	switch (m->id) {
#define MSG(name, from, to, help) \
	case MSG_##name: { \
		struct msg_##name *b = &m->name; \

#define F(type, field)	clear_##type(&b->field);
#define END(name) \
		(void)b; \
		break; \
	}
#include "msg.def"
#undef MSG
#undef F
#undef END
	default:
		break;
	}
}

#define wipe_u32(v)
#define wipe_u64(v)
#define wipe_km(v)
#define wipe_sae(v)
#define wipe_route(v)
#define wipe_uuid(v)
#define wipe_text(v)
#define wipe_bytes(v)
#define wipe_secret(v)	secret_free(v);

void
msg_wipe(struct msg *m)
{
	if (m->err != 0)	/* no fields */
		return;
	switch (m->id) {
#define MSG(name, from, to, help) \
	case MSG_##name: { \
		struct msg_##name *b = &m->name; \

#define F(type, field)	wipe_##type(&b->field)
#define END(name) \
		(void)b; \
		break; \
	}
#include "msg.def"
#undef MSG
#undef F
#undef END
	default:
		break;
	}
	m->id = MSG_NONE;
}

bool
msg_allowed(enum msg_id id, enum msg_role from, enum msg_role to)
{
	return id > MSG_NONE && id < MSG_MAX && shapes[id].from == from &&
	    shapes[id].to == to;
}

#define secret_u32	0
#define secret_u64	0
#define secret_km	0
#define secret_sae	0
#define secret_route	0
#define secret_uuid	0
#define secret_text	0
#define secret_bytes	0
#define secret_secret	1

static const bool secrets[MSG_MAX] = {
#define MSG(name, from, to, help) [MSG_##name] = 0
#define F(type, field)	+ secret_##type
#define END(name)	,
#include "msg.def"
#undef MSG
#undef F
#undef END
};

bool
msg_has_secret(enum msg_id id)
{
	return id < MSG_MAX && secrets[id];
}

const char *
msg_name(enum msg_id id)
{
	return id < MSG_MAX ? shapes[id].name : "?";
}

const char *
msg_role_name(enum msg_role role)
{
	return role < ROLE_MAX ? roles[role] : "?";
}

void
msg_print_table(FILE *f)
{
	for (int id = MSG_NONE + 1; id < MSG_MAX; id++)
		fprintf(f, "%-14s %-7s -> %-7s %s\n", shapes[id].name,
		    roles[shapes[id].from], roles[shapes[id].to], helps[id]);
}
