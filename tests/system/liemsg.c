/* liemsg.c - every type of msg.def has a way to be learned and changed. */
#include "liemsg.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "msgint.h"

#define POOL	128
#define BODY	2048	/* octets of an invented control message */

static uint64_t	state;

void
liemsg_seed(uint64_t seed)
{
	state = seed;
}

/* splitmix64 */
static uint64_t
next(void)
{
	uint64_t	z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint32_t
liemsg_random(uint32_t n)
{
	return (uint32_t)(next() >> 32) % n;
}

static void
fill(uint8_t *p, size_t len)
{
	while (len-- > 0)
		*p++ = (uint8_t)next();
}

/* ---- what was seen ---- */

struct seen { unsigned n; union { uint64_t number; km_id km; uuid_text uuid;
	route_text route; struct msg_view bytes; } v[POOL]; };

static struct seen	numbers, kms, uuids, routes, octets;

/* The place for another; the first half stays, for what is long past. */
static unsigned
place(struct seen *s)
{
	return s->n < POOL ? s->n++ : POOL / 2 + liemsg_random(POOL / 2);
}

static void
learn_u64(const uint64_t *v)
{
	numbers.v[place(&numbers)].number = *v;
}

static void
learn_km(const km_id *v)
{
	for (unsigned i = 0; i < kms.n; i++)
		if (strcmp(kms.v[i].km, *v) == 0)
			return;
	strcpy(kms.v[place(&kms)].km, *v);
}

static void
learn_uuid(const uuid_text *v)
{
	strcpy(uuids.v[place(&uuids)].uuid, *v);
}

static void
learn_route(const route_text *v)
{
	struct route	r;

	for (unsigned i = 0; i < routes.n; i++)
		if (strcmp(routes.v[i].route, *v) == 0)
			return;
	strcpy(routes.v[place(&routes)].route, *v);
	if (route_parse(&r, *v) < 0)
		return;
	for (unsigned i = 0; i < r.n; i++)
		learn_km(&r.km[i]);
}

static void
learn_bytes(const struct msg_view *v)
{
	struct msg_view	*old;
	uint8_t		*copy;

	if (v->len == 0 || (copy = malloc(v->len)) == NULL)
		return;
	memcpy(copy, v->p, v->len);
	old = &octets.v[place(&octets)].bytes;
	free((void *)(uintptr_t)old->p);
	*old = (struct msg_view){ copy, v->len };
}

#define learn_u32(v)	((void)(v))
#define learn_text(v)	((void)(v))
#define learn_sae(v)	((void)(v))
#define learn_anysae(v)	((void)(v))
#define learn_secret(v)	((void)(v))

#define MSG(name, from, to, help) \
static void \
learn_msg_##name(const struct msg_##name *m) \
{
#define F(type, field) \
	learn_##type(&m->field);
#define END(name) \
}
#include "msg.def"
#undef MSG
#undef F
#undef END

void
liemsg_learn(const struct msg *m)
{
	switch (m->id) {
#define MSG(name, from, to, help) \
	case MSG_##name: \
		learn_msg_##name(&m->name); \
		break;
#define F(type, field)
#define END(name)
#include "msg.def"
#undef MSG
#undef F
#undef END
	default:
		break;
	}
}

/* ---- changing ---- */

static void
change_u32(uint32_t *v)
{
	*v = liemsg_random(2) ? *v ^ 1U << liemsg_random(32) :
	    liemsg_random(4);
}

static void
change_u64(uint64_t *v)
{
	switch (liemsg_random(4)) {
	case 0:
		*v += 1 + liemsg_random(8);
		break;
	case 1:
		*v -= 1 + liemsg_random(8);
		break;
	case 2:
		*v ^= (uint64_t)1 << liemsg_random(64);
		break;
	default:
		if (numbers.n > 0)
			*v = numbers.v[liemsg_random(numbers.n)].number;
	}
}

static void
change_km(km_id *v)
{
	const char	*other = "KME-NOBODY";

	for (int i = 0; kms.n > 0 && i < 8; i++) {
		other = kms.v[liemsg_random(kms.n)].km;
		if (strcmp(other, *v) != 0)
			break;
	}
	strcpy(*v, other);
}

static void
change_sae(sae_id *v)
{
	static const char *const names[] = { "SAE-A1", "SAE-A2", "SAE-B1",
		"SAE-C1", "SAE-X" };

	strcpy(*v, names[liemsg_random(5)]);
}

#define change_anysae	change_sae

static void
change_route(route_text *v)
{
	struct route	r;
	int		what = (int)liemsg_random(4);

	if (what == 0 && routes.n > 0)
		strcpy(*v, routes.v[liemsg_random(routes.n)].route);
	if (what == 0 || **v == '\0' || route_parse(&r, *v) < 0)
		return;
	if (what == 1)
		route_reverse(&r);
	else if (what == 2)
		change_km(&r.km[liemsg_random(r.n)]);
	else if (r.n > 2)
		r.n--;
	route_print(&r, *v);
}

static void
change_uuid(uuid_text *v)
{
	uint8_t	raw[16];

	if (uuids.n > 0 && liemsg_random(4) > 0)
		strcpy(*v, uuids.v[liemsg_random(uuids.n)].uuid);
	else {
		fill(raw, sizeof(raw));
		uuid_print(raw, *v);
	}
}

static void
change_text(msg_text *v)
{
	static const char *const words[] = { "success", "rejected",
		"insufficient_keys", "unavailable: so it says", "" };

	strcpy(*v, words[liemsg_random(5)]);
}

static uint8_t	room[MSG_BYTES_MAX];

static void
change_bytes(struct msg_view *v)
{
	const struct msg_view	*old;
	uint32_t		 what = liemsg_random(8), at;

	if (v->p != room && v->len > 0)
		memcpy(room, v->p, v->len);
	if (what == 0 && octets.n > 0) {
		old = &octets.v[liemsg_random(octets.n)].bytes;
		memcpy(room, old->p, old->len);
		v->len = old->len;
	} else if (what == 1 || v->len == 0) {
		v->len = what == 1 ? 1 + liemsg_random(200) : 16;
		fill(room, v->len);
	} else if (what == 2)
		v->len = liemsg_random((uint32_t)v->len);
	else {		/* the head has the counters */
		at = liemsg_random((uint32_t)(what < 5 && v->len > 24 ? 24 :
		    v->len));
		room[at] ^= (uint8_t)(1U << liemsg_random(8));
	}
	v->p = room;
}

#define change_secret(v)	((void)(v))

enum { of_u32, of_u64, of_sae, of_anysae, of_route, of_uuid, of_text,
	of_bytes, of_secret, of_km };

/* The field at that place, or the first of that type. */
#define MSG(name, from, to, help) \
static bool \
change_msg_##name(struct msg_##name *m, unsigned at, int type) \
{ \
	bool	done = false;
#define F(type_, field) \
	if (!done && (type < 0 ? at-- == 0 : type == of_##type_)) { \
		change_##type_(&m->field); \
		done = true; \
	}
#define END(name) \
	return done; \
}
#include "msg.def"
#undef MSG
#undef F
#undef END

static bool
change(struct msg *m, unsigned at, int type)
{
	switch (m->id) {
#define MSG(name, from, to, help) \
	case MSG_##name: \
		return change_msg_##name(&m->name, at, type);
#define F(type, field)
#define END(name)
#include "msg.def"
#undef MSG
#undef F
#undef END
	default:
		return false;
	}
}

void
liemsg_distort(struct msg *m)
{
	if (msg_fields(m->id) > 0)
		(void)change(m, liemsg_random(msg_fields(m->id)), -1);
}

bool
liemsg_mistake(struct msg *m)
{
	return change(m, 0, of_km);
}

/* ---- inventing ---- */

bool
liemsg_is_plain(enum msg_id id)
{
	return strncmp(msg_name(id), "plain_", 6) == 0;
}

static enum msg_id
pick(enum msg_role from, enum msg_role to)
{
	enum msg_id	id;

	do
		id = (enum msg_id)(1 + liemsg_random(MSG_MAX - 1));
	while (!msg_allowed(id, from, to) || liemsg_is_plain(id));
	return id;
}

static void
make(struct msg *m, enum msg_role from, enum msg_role to)
{
	memset(m, 0, sizeof(*m));
	m->id = pick(from, to);
	msg_clear(m);
	for (unsigned i = 0; i < msg_fields(m->id); i++)
		(void)change(m, i, -1);
}

/* One of what two KMAs or two KSAs say to each other. */
static size_t
inner(uint8_t *out, size_t space, enum msg_role role)
{
	static struct msg	m;
	struct msgbuf		b = { 0 };
	size_t			len = 0;

	make(&m, role, role);
	if (msg_encode(&b, &m) == 0 && b.len <= space) {
		memcpy(out, b.p, b.len);
		len = b.len;
	}
	msgbuf_free(&b);
	return len;
}

/* As authlink.c frames it, under a tag that nobody made; or in the open. */
static struct msg_view
body(enum msg_role role)
{
	static const size_t	lens[] = { 0, 8 + 16 + 16 + 32,
		8 + 32 + 16 + 32, 16 + 32, 8 + 32, 0 };
	static uint8_t		out[BODY];
	uint32_t		kind = liemsg_random(7);
	size_t			len = 2;

	out[0] = kind == 6;
	out[1] = (uint8_t)kind;
	if (kind == 6)
		len = 1 + inner(out + 1, BODY - 1, role);
	else {
		fill(out + 2, lens[kind]);
		if (numbers.n > 0)	/* a key ID or a counter that may be */
			put_be64(out + 2,
			    numbers.v[liemsg_random(numbers.n)].number);
		if (kind == 3)
			len += inner(out + 18, BODY - 50, role);
		len += lens[kind];
	}
	return (struct msg_view){ out, len };
}

void
liemsg_invent(struct msg *m)
{
	make(m, RELAYD, liemsg_random(2) ? KMA : KSA);
	if (m->id == MSG_control_in && liemsg_random(4) > 0)
		m->control_in.body = body(KMA);
	else if (m->id == MSG_supply_in && liemsg_random(4) > 0)
		m->supply_in.body = body(KSA);
}
