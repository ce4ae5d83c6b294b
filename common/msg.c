/* msg.c - the table of messages: shapes, names, who may send; wiping. */
#include "msgint.h"

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

uint32_t
msg_fields(enum msg_id id)
{
	return shapes[id].fields;
}

#define clear_u32(v)	(*(v) = 0)
#define clear_u64(v)	(*(v) = 0)
#define clear_km(v)	((*(v))[0] = '\0')
#define clear_sae(v)	((*(v))[0] = '\0')
#define clear_anysae(v)	((*(v))[0] = '\0')
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
#define wipe_anysae(v)
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
#define secret_anysae	0
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
