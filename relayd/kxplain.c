#include "kxplain.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "err.h"
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
