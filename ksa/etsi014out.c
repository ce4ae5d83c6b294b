/* etsi014out.c - answers of ETSI GS QKD 014 as JSON. */
#include <string.h>

#include "base64.h"
#include "etsi014out.h"
#include "extension.h"

static void
write_text(struct jsonout *o, const char *name, const char *value)
{
	jsonout_string(o, name);
	jsonout_text(o, ":");
	jsonout_string(o, value);
	jsonout_text(o, ",");
}

/* Clients read these into 32-bit integers. */
static void
write_number(struct jsonout *o, const char *name, uint32_t v)
{
	jsonout_string(o, name);
	jsonout_text(o, ":");
	jsonout_uint(o, v > INT32_MAX ? INT32_MAX : v);
	jsonout_text(o, ",");
}

void
etsi014_write_status(struct jsonout *o, const struct status014 *s)
{
	const struct supply_limits *l = s->limits;
	uint32_t stored = s->stored < s->max_stored ? s->stored :
	    s->max_stored;

	jsonout_text(o, "{");
	write_text(o, "source_KME_ID", s->source_kme);
	write_text(o, "target_KME_ID", s->target_kme);
	write_text(o, "master_SAE_ID", s->master_sae);
	write_text(o, "slave_SAE_ID", s->slave_sae);
	write_number(o, "key_size", l->key_size);
	write_number(o, "stored_key_count", stored);
	write_number(o, "max_key_count", s->max_stored);
	write_number(o, "max_key_per_request", l->max_key_per_request);
	write_number(o, "max_key_size", l->max_key_size);
	write_number(o, "min_key_size", l->min_key_size);
	jsonout_text(o, "\"max_SAE_ID_count\":");
	jsonout_uint(o, l->max_sae_id_count);
	jsonout_text(o, "}");
}

void
etsi014_write_error(struct jsonout *o, const struct refusal *r)
{
	jsonout_text(o, "{\"message\":");
	jsonout_string(o, r->message);
	if (json_array_size(r->details) > 0) {
		jsonout_text(o, ",\"details\":");
		jsonout_tree(o, r->details);
	}
	jsonout_text(o, "}");
}

#define KEYS_HEAD	"{\"keys\":["
#define KEY_ID		"{\"key_ID\":\""
#define KEY		"\",\"key\":\""
#define KEY_QUOTE	"\""
#define KEY_END		"},"		/* the last comma becomes "]}" */
#define LEN(literal)	(sizeof(literal) - 1)

static uint32_t
size_of(const struct supply_answer *a, uint32_t i)
{
	return a->sizes == NULL ? a->octets : a->sizes[i];
}

size_t
etsi014_keys_len(const struct supply_answer *a)
{
	char	extension[EXTENSION_TEXT];
	size_t	one = LEN(KEY_ID) + UUID_TEXT + LEN(KEY) + LEN(KEY_QUOTE) +
		    extension_tell(extension, a->origin) + LEN(KEY_END);
	size_t	all = LEN(KEYS_HEAD) + a->number * one + 1;

	if (a->sizes == NULL)
		return all + a->number * BASE64_LEN((size_t)a->octets);
	for (uint32_t i = 0; i < a->number; i++)
		all += BASE64_LEN((size_t)a->sizes[i]);
	return all;
}

static char *
put(char *out, const char *text, size_t len)
{
	memcpy(out, text, len);
	return out + len;
}

void
etsi014_write_keys(char *out, const struct supply_answer *a)
{
	const uint8_t *key = a->keys->bytes;
	char	extension[EXTENSION_TEXT];
	size_t	len = extension_tell(extension, a->origin);
	uuid_text id;

	out = put(out, KEYS_HEAD, LEN(KEYS_HEAD));
	for (uint32_t i = 0; i < a->number; key += size_of(a, i++)) {
		uuid_print(a->ids[i], id);
		out = put(out, KEY_ID, LEN(KEY_ID));
		out = put(out, id, UUID_TEXT);
		out = put(out, KEY, LEN(KEY));
		out += base64_encode(out, key, size_of(a, i));
		out = put(out, KEY_QUOTE, LEN(KEY_QUOTE));
		out = put(out, extension, len);
		out = put(out, KEY_END, LEN(KEY_END));
	}
	memcpy(out - 1, "]}", 2);
}
