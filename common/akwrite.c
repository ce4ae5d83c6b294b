/* akwrite.c - payloads by the table of akmsg.c; keys are written in place. */
#include "akwrite.h"

#include <string.h>

#include "base64.h"

#define KEY_HEAD	"{\"key_ID\":\""
#define KEY_MIDDLE	"\",\"key\":"
#define LEN(LITERAL)	(sizeof(LITERAL) - 1)

static void
write_string(struct jsonout *o, const void *from)
{
	jsonout_string(o, from);
}

static void
write_count(struct jsonout *o, const void *from)
{
	int64_t	n;

	memcpy(&n, from, sizeof(n));
	jsonout_uint(o, (uint64_t)n);
}

static void
write_keys(struct jsonout *o, const void *from)
{
	const struct ak_keys	*k;
	const uint8_t		*key;
	uuid_text		 id;
	uint32_t		 octets;

	memcpy(&k, from, sizeof(k));
	jsonout_text(o, "[");
	key = k == NULL ? NULL : k->bytes;
	for (uint32_t i = 0; k != NULL && i < k->number; i++) {
		octets = k->sizes == NULL ? k->octets : k->sizes[i];
		uuid_print(k->ids[i], id);
		jsonout_raw(o, ",", i > 0);
		jsonout_text(o, KEY_HEAD);
		jsonout_raw(o, id, UUID_TEXT);
		jsonout_text(o, KEY_MIDDLE);
		jsonout_base64(o, key, octets);
		if (k->extension_len > 0)
			jsonout_raw(o, k->extension, k->extension_len);
		jsonout_text(o, "}");
		key += octets;
	}
	jsonout_text(o, "]");
}

static void
write_ids(struct jsonout *o, const struct ak_message *m, bool as_objects)
{
	uuid_text	id;

	jsonout_text(o, "[");
	for (uint32_t i = 0; i < m->nids; i++) {
		uuid_print(m->ids[i], id);
		jsonout_raw(o, ",", i > 0);
		if (as_objects)
			jsonout_text(o, "{\"key_ID\":");
		jsonout_string(o, id);
		if (as_objects)
			jsonout_text(o, "}");
	}
	jsonout_text(o, "]");
}

/* One object for each of the names. */
static void
write_extension(struct jsonout *o, const struct ak_message *m)
{
	jsonout_text(o, "[");
	if (m->mandatory != NULL) {
		jsonout_text(o, "{\"extension_mandatory\":");
		jsonout_tree(o, m->mandatory);
		jsonout_text(o, "}");
	}
	jsonout_raw(o, ",", m->mandatory != NULL && m->optional != NULL);
	if (m->optional != NULL) {
		jsonout_text(o, "{\"extension_optional\":");
		jsonout_tree(o, m->optional);
		jsonout_text(o, "}");
	}
	jsonout_text(o, "]");
}

static bool
is_absent(const struct ak_message *m, const struct ak_member *f)
{
	const char	*field = (const char *)m + f->at;

	switch (f->type) {
	case AK_COUNT:
		return memcmp(field, &(int64_t){ 0 }, sizeof(int64_t)) == 0;
	case AK_KEY_IDS:
	case AK_ALL_IDS:
		return m->nids == 0;
	case AK_WISHES:
		return m->mandatory == NULL && m->optional == NULL;
	case AK_KEYS:
		return m->keys == NULL;
	case AK_IGNORED:
		return true;
	default:
		return field[0] == '\0';
	}
}

static void
write_value(struct jsonout *o, const struct ak_message *m,
    const struct ak_member *f)
{
	const char	*field = (const char *)m + f->at;

	if (f->type == AK_COUNT)
		write_count(o, field);
	else if (f->type == AK_KEYS)
		write_keys(o, field);
	else if (f->type == AK_KEY_IDS)
		write_ids(o, m, true);
	else if (f->type == AK_WISHES)
		write_extension(o, m);
	else if (f->type == AK_ALL_IDS) {
		jsonout_text(o, "[{\"key_IDs\":");
		write_ids(o, m, false);
		jsonout_text(o, "}]");
	} else
		write_string(o, field);
}

void
akwrite(struct jsonout *o, const struct ak_command *c,
    const struct ak_message *m)
{
	const struct ak_member	*f;
	bool			 first = true;

	jsonout_text(o, "{");
	for (f = c->members; f->type != AK_END; f++) {
		if (!f->mandatory && is_absent(m, f))
			continue;
		jsonout_raw(o, ",", !first);
		first = false;
		jsonout_string(o, f->name);
		jsonout_text(o, ":");
		write_value(o, m, f);
	}
	jsonout_text(o, "}");
}

uint64_t
akwrite_keys_len(enum ak_code code, uint64_t number, uint64_t base64,
    size_t extension_len)
{
	/* Each has two quotes round its base64, a brace and a comma. */
	uint64_t	each = LEN(KEY_HEAD) + UUID_TEXT + LEN(KEY_MIDDLE) +
			    2 + extension_len + 2;
	uint64_t	rest = LEN("{\"keys\":[],\"response\":\"success\"}");

	if (code == AK_SESSION_KEY_RESPONSE)
		rest += LEN("\"session_ID\":\"\",") + UUID_TEXT;
	return rest + number * each + base64 - (number > 0);
}
