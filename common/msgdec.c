/* msgdec.c - messages from msgpack; the octets may be hostile. */
#include "msgint.h"

#include <string.h>

#include "err.h"

/*
 * msgpack-c's unpacker allocates whatever an array header claims; messages
 * here are one flat array, so a reader that allocates nothing does.
 */
/* `lacks`: the message is well, but there is no memory for a secret. */
struct reader { const uint8_t *p, *end; bool lacks; };

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

/* Empty where the message is about none. */
static int
get_anysae(struct reader *rd, sae_id *v)
{
	int	r = read_text(rd, *v, sizeof(*v));

	return r < 0 || **v == '\0' || sae_id_valid(*v, strlen(*v)) ? r :
	    -E_BAD_FORMAT;
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

	if ((r = read_raw(rd, 0xc4, MSGINT_SECRET_MAX, &view)) < 0 ||
	    view.len == 0)
		return r;
	*v = secret_copy(view.p, view.len);
	rd->lacks |= *v == NULL;
	return 0;
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
	return n == MSGINT_ENVELOPE + (err != 0 ? 0 : msg_fields(m->id)) ? 0 :
	    -E_BAD_FORMAT;
}

int
msg_decode(struct msg *m, const uint8_t *p, size_t len, size_t *used)
{
	struct reader	rd = { p, p + len, false };
	int		r;

	/* Only the envelope and pointers need zeroing; fields are set. */
	m->corr = 0;
	m->id = MSG_NONE;
	if ((r = decode_envelope(&rd, m)) < 0)
		return r;
	msg_clear(m);
	r = m->err == 0 ? decode_fields(&rd, m) : 0;
	if (r < 0 || rd.lacks)
		msg_wipe(m);
	if (rd.lacks && m->kind != MSG_REPLY)
		return -E_NO_MEMORY;
	if (rd.lacks)		/* our want is no fault of the peer's */
		m->err = -E_NO_MEMORY;
	*used = (size_t)(rd.p - p);
	return r;
}
