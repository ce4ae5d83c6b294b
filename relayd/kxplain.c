#include "kxplain.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "bytes.h"
#include "err.h"
#include "frame.h"
#include "kxfield.h"
#include "payload.h"

static int
refuse(const char **why, const char *response)
{
	*why = response;
	return -E_REFUSED;
}

static int
read_request(const json_t *o, char out[KXJSON_ID_MAX + 1], const char **why)
{
	const json_t	*v = json_object_get(o, "key_relay_request_ID");

	out[0] = '\0';
	if (v == NULL)
		return 0;
	if (!json_is_string(v) || json_string_length(v) == 0 ||
	    json_string_length(v) > KXJSON_ID_MAX)
		return kxfield_bad(why, "key_relay_request_ID");
	strcpy(out, json_string_value(v));
	return 0;
}

/* ---- 0x1101 ---- */

static int
read_application(const json_t *o, const char *name, sae_id out,
    const char **why)
{
	const json_t	*ext = payload_extension(o, name);
	const json_t	*v = json_object_get(ext, name);

	out[0] = '\0';
	if (v == NULL)
		return 0;
	if (!json_is_string(v) || !sae_id_valid(json_string_value(v),
	    json_string_length(v)))
		return kxfield_bad(why, name);
	strcpy(out, json_string_value(v));
	return 0;
}

static int
read_id(struct kx_plain *r, const json_t *key, const char **why)
{
	const json_t	*v = json_object_get(key, "key_ID");

	if (!json_is_string(v) || uuid_parse(json_string_value(v),
	    json_string_length(v), r->ids[r->n]) < 0)
		return kxfield_bad(why, "key_ID: a UUID is expected");
	return 0;
}

/* Ciphertext under a pad that we do not share would be taken for a key. */
static int
check_extension(const json_t *key, const char **why)
{
	const json_t	*e = json_object_get(key, "key_extension"), *v;

	if (e != NULL && !json_is_object(e))
		return kxfield_bad(why, "key_extension");
	v = json_object_get(e, "protection");
	if (v != NULL && (!json_is_string(v) ||
	    strcmp(json_string_value(v), "tls") != 0))
		return refuse(why, "rejected: keys in clear are expected, "
		    "without other protection than TLS");
	return 0;
}

static int
read_key(struct kx_plain *r, const json_t *key, const char **why)
{
	size_t	len;
	int	e;

	if ((e = read_id(r, key, why)) < 0 ||
	    (e = check_extension(key, why)) < 0)
		return e;
	e = kxfield_base64(json_object_get(key, "key"),
	    r->keys->bytes + r->keys->len, r->keys->room - r->keys->len,
	    &len);
	if (e < 0 || len == 0)
		return kxfield_bad(why, "key");
	if (len > KXPLAIN_OCTETS_MAX)
		return kxfield_bad(why, "key: at most 65536 bits");
	put_be32(r->sizes[r->n++], (uint32_t)len);
	r->keys->len += len;
	return 0;
}

static int
by_id(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static bool
is_repeated(const struct kx_plain *r)
{
	static uint8_t	sorted[KXPLAIN_KEYS_MAX][16];

	memcpy(sorted, r->ids, r->n * sizeof(sorted[0]));
	qsort(sorted, r->n, sizeof(sorted[0]), by_id);
	for (uint32_t i = 1; i < r->n; i++)
		if (by_id(sorted[i - 1], sorted[i]) == 0)
			return true;
	return false;
}

static int
read_keys(struct kx_plain *r, const json_t *keys, const char **why)
{
	size_t	 room = 0, i;
	json_t	*k;
	int	 e;

	if (!json_is_array(keys) || json_array_size(keys) == 0)
		return kxfield_bad(why, "keys");
	if (json_array_size(keys) > KXPLAIN_KEYS_MAX)
		return refuse(why, "too_large: more than 1024 keys");
	json_array_foreach(keys, i, k)
		room += json_string_length(json_object_get(k, "key"));
	if ((r->keys = secret_new(room + 1)) == NULL)
		return refuse(why, "unavailable: out of locked memory");
	r->keys->len = 0;
	json_array_foreach(keys, i, k)
		if ((e = read_key(r, k, why)) < 0)
			return e;
	return is_repeated(r) ? refuse(why,
	    "rejected: a key_ID stands there twice") : 0;
}

static int
read_relay(struct kx_plain *r, const json_t *o, const char **why)
{
	int	e;

	if ((e = read_request(o, r->request, why)) < 0 ||
	    (e = kxfield_route(o, &r->route, why)) < 0 ||
	    (e = kxfield_extension(o, why)) < 0 ||
	    (e = read_application(o, "application_source_ID", r->source,
	    why)) < 0 ||
	    (e = read_application(o, "application_destination_ID",
	    r->destination, why)) < 0)
		return e;
	return read_keys(r, json_object_get(o, "keys"), why);
}

int
kxplain_read(struct kx_plain *r, const uint8_t *p, size_t len,
    const char **why)
{
	json_t	*o;
	int	 e;

	r->request[0] = '\0';
	r->n = 0;
	r->keys = NULL;
	if ((e = payload_parse(&o, p, len, why)) == 0)
		e = read_relay(r, o, why);
	json_decref(o);
	if (e < 0)
		secret_free(&r->keys);
	return e;
}

/* ---- the others ---- */

int
kxplain_done(struct kx_done *d, const uint8_t *p, size_t len,
    const char **why)
{
	const json_t	*v;
	json_t		*o;
	int		 e;

	memset(d, 0, sizeof(*d));
	if ((e = payload_parse(&o, p, len, why)) < 0)
		return e;
	/* Another house's words: all but success are a failure. */
	v = json_object_get(o, "response");
	snprintf(d->response, sizeof(d->response), "%s",
	    json_is_string(v) ? json_string_value(v) : "");
	if (!json_is_string(v))
		e = kxfield_bad(why, "response");
	else
		e = read_request(o, d->request, why);
	json_decref(o);
	return e;
}

int
kxplain_session(uuid_text session, const uint8_t *p, size_t len,
    const char **why)
{
	json_t	*o;
	int	 e;

	session[0] = '\0';
	if ((e = payload_parse(&o, p, len, why)) < 0)
		return e;
	if (kxfield_uuid(json_object_get(o, "session_ID"), session) < 0)
		e = kxfield_bad(why, "session_ID");
	json_decref(o);
	return e;
}

/* ---- writing ---- */

#define ENTRY	72	/* octets of JSON beside a key's base64 */
#define HEAD	256	/* beside route, IDs and keys */

static size_t
head(const struct kx_plain_out *m)
{
	return HEAD + kxfield_route_room(m->route) + 6 *
	    (strlen(m->request) + strlen(m->source) +
	    strlen(m->destination));
}

static size_t
entry(const struct kx_plain_out *m)
{
	return ENTRY + BASE64_LEN((size_t)m->octets);
}

size_t
kxplain_room(const struct kx_plain_out *m)
{
	return head(m) + m->n * entry(m);
}

uint32_t
kxplain_most(const struct kx_plain_out *m)
{
	return head(m) > FRAME_PAYLOAD_MAX ? 0 :
	    (uint32_t)((FRAME_PAYLOAD_MAX - head(m)) / entry(m));
}

static void
put_key(struct jsonout *j, const struct kx_plain_out *m, uint32_t i)
{
	uuid_text	id;

	uuid_print(m->ids + (size_t)i * 16, id);
	jsonout_raw(j, ",", i > 0);
	jsonout_text(j, "{\"key_ID\":");
	jsonout_string(j, id);
	jsonout_text(j, ",\"key\":");
	jsonout_base64(j, m->keys + (size_t)i * m->octets, m->octets);
	jsonout_text(j, "}");
}

size_t
kxplain_put(uint8_t *p, size_t room, const struct kx_plain_out *m)
{
	struct jsonout	j = { (char *)p, room, 0 };

	jsonout_text(&j, "{");
	kxfield_put_route(&j, m->route);
	jsonout_text(&j, ",\"key_relay_request_ID\":");
	jsonout_string(&j, m->request);
	jsonout_text(&j, ",\"keys\":[");
	for (uint32_t i = 0; i < m->n; i++)
		put_key(&j, m, i);
	jsonout_text(&j, "],\"extension\":[{\"application_source_ID\":");
	jsonout_string(&j, m->source);
	jsonout_text(&j, ",\"application_destination_ID\":");
	jsonout_string(&j, m->destination);
	jsonout_text(&j, "}]}");
	return jsonout_end(&j);
}

size_t
kxplain_put_refusal(uint8_t *p, size_t room, const char *session,
    const char *response)
{
	struct jsonout	j = { (char *)p, room, 0 };

	jsonout_text(&j, "{\"session_ID\":");
	jsonout_string(&j, session);
	jsonout_text(&j, ",\"key_ID\":\"\",\"response\":");
	jsonout_string(&j, response);
	jsonout_text(&j, "}");
	return jsonout_end(&j);
}
