/* kxjson.c - reading; what is written is in kxput.c. */
#include "kxjson.h"

#include <jansson.h>
#include <string.h>

#include "base64.h"
#include "block.h"
#include "err.h"
#include "kxcut.h"
#include "kxfield.h"
#include "payload.h"

/* Optional: absent is fine and leaves out[0] = '\0'. */
static int
read_id(const json_t *o, const char *name, char out[KXJSON_ID_MAX + 1])
{
	const json_t	*v = json_object_get(o, name);

	out[0] = '\0';
	if (v == NULL)
		return 0;
	if (!json_is_string(v) || json_string_length(v) == 0 ||
	    json_string_length(v) > KXJSON_ID_MAX)
		return -E_BAD_FORMAT;
	strcpy(out, json_string_value(v));
	return 0;
}

/* What every key must have, protected or not. */
static int
check_keys(const json_t *keys, const struct kxcut *c, const char **why)
{
	const json_t	*k, *e;
	size_t		 i;

	if (!json_is_array(keys) || json_array_size(keys) == 0)
		return kxfield_bad(why, "keys");
	json_array_foreach(keys, i, k) {
		if (!json_is_string(json_object_get(k, "key_ID")))
			return kxfield_bad(why, "key_ID");
		e = json_object_get(k, "key");
		if (!json_is_string(e) && !kxcut_is(c, e))
			return kxfield_bad(why, "key");
		e = json_object_get(k, "key_extension");
		if (e != NULL && !json_is_object(e))
			return kxfield_bad(why, "key_extension");
	}
	return 0;
}

static bool
is_protected(const json_t *key)
{
	const char	*p = json_string_value(json_object_get(
			    json_object_get(key, "key_extension"),
			    "protection"));

	return p != NULL && strcmp(p, "otp") == 0;
}

/* Lower case, as we write it; false if it is no UUID. */
static bool
make_uuid(char id[KXJSON_ID_MAX + 1])
{
	uint8_t	raw[16];

	if (uuid_parse(id, strlen(id), raw) < 0)
		return false;
	uuid_print(raw, id);
	return true;
}

static int
read_text(struct kx_relay *r, const json_t *v, const struct kxcut *c)
{
	if (kxcut_is(c, v))
		return base64_decode(r->text, sizeof(r->text), &r->len,
		    c->text, c->len);
	return kxfield_base64(v, r->text, sizeof(r->text), &r->len);
}

/* Both or neither. */
static int
read_part(struct kx_relay *r, const json_t *ext)
{
	const json_t	*part = json_object_get(ext, "part");
	const json_t	*parts = json_object_get(ext, "parts");

	r->part = r->parts = 0;
	if (part == NULL && parts == NULL)
		return 0;
	if (!json_is_integer(part) || !json_is_integer(parts) ||
	    json_integer_value(parts) < 2 ||
	    json_integer_value(parts) > BLOCK_PARTS_MAX ||
	    json_integer_value(part) < 1 ||
	    json_integer_value(part) > json_integer_value(parts))
		return -E_BAD_FORMAT;
	r->part = (uint32_t)json_integer_value(part);
	r->parts = (uint32_t)json_integer_value(parts);
	return 0;
}

static int
read_protected(struct kx_relay *r, const json_t *key, const struct kxcut *c,
    const char **why)
{
	const json_t	*ext = json_object_get(key, "key_extension");
	char		 id[KXJSON_ID_MAX + 1];
	size_t		 maclen;

	if (!make_uuid(r->request))
		return kxfield_bad(why, "key_relay_request_ID");
	if (read_id(key, "key_ID", id) < 0 || !make_uuid(id) ||
	    strcmp(id, r->request) != 0)
		return kxfield_bad(why, "key_ID");
	if (kxfield_u64(json_object_get(ext, "pad"), &r->pad) < 0)
		return kxfield_bad(why, "pad");
	if (kxfield_u64(json_object_get(ext, "block"), &r->block) < 0)
		return kxfield_bad(why, "block");
	if (read_part(r, ext) < 0)
		return kxfield_bad(why, "part");
	if (kxfield_base64(json_object_get(ext, "mac"), r->mac, sizeof(r->mac),
	    &maclen) < 0 || maclen != sizeof(r->mac))
		return kxfield_bad(why, "mac");
	if (read_text(r, json_object_get(key, "key"), c) < 0 || r->len == 0)
		return kxfield_bad(why, "key");
	return 0;
}

static int
read_relay(struct kx_relay *r, const json_t *o, const struct kxcut *c,
    const char **why)
{
	const json_t	*keys = json_object_get(o, "keys");
	int		 e;

	if (read_id(o, "key_relay_request_ID", r->request) < 0)
		return kxfield_bad(why, "key_relay_request_ID");
	if ((e = kxfield_route(o, &r->route, why)) < 0 ||
	    (e = check_keys(keys, c, why)) < 0 ||
	    (e = kxfield_extension(o, why)) < 0)
		return e;
	r->plain = !is_protected(json_array_get(keys, 0));
	if (r->plain)
		return 0;
	if (json_array_size(keys) != 1)
		return kxfield_bad(why, "keys: one protected key per message");
	return read_protected(r, json_array_get(keys, 0), c, why);
}

static int
relay_payload(struct kx_relay *r, const uint8_t *p, size_t len,
    const struct kxcut *c, const char **why)
{
	json_t	*o;
	int	 e;

	r->request[0] = '\0';
	r->plain = false;
	r->len = 0;
	if ((e = payload_parse(&o, p, len, why)) == 0)
		e = read_relay(r, o, c, why);
	json_decref(o);
	return e;
}

/* Without its key a frame is short. What is refused so, is so as a whole. */
int
kxjson_relay(struct kx_relay *r, const uint8_t *p, size_t len,
    const char **why)
{
	struct kxcut	c;

	if (kxcut_make(&c, p, len) &&
	    relay_payload(r, c.rest, c.restlen, &c, why) == 0 && !r->plain)
		return 0;
	return relay_payload(r, p, len, NULL, why);
}

static int
read_done(struct kx_done *d, const json_t *o, const char **why)
{
	const json_t	*ext;
	int		 e;

	if (payload_response(o, d->response, sizeof(d->response)) < 0)
		return kxfield_bad(why, "response");
	if (read_id(o, "key_relay_request_ID", d->request) < 0)
		return kxfield_bad(why, "key_relay_request_ID");
	make_uuid(d->request);
	if ((e = kxfield_extension(o, why)) < 0 ||
	    (ext = payload_extension(o, "source_KMA_ID")) == NULL)
		return e;
	if ((e = kxfield_route(ext, &d->route, why)) < 0)
		return e;
	if (json_object_get(ext, "mac") != NULL &&
	    (kxfield_base64(json_object_get(ext, "mac"), d->mac, sizeof(d->mac),
	    &d->maclen) < 0 || d->maclen != sizeof(d->mac)))
		return kxfield_bad(why, "mac");
	return 0;
}

int
kxjson_done(struct kx_done *d, const uint8_t *p, size_t len, const char **why)
{
	json_t	*o;
	int	 e;

	memset(d, 0, sizeof(*d));
	if ((e = payload_parse(&o, p, len, why)) == 0)
		e = read_done(d, o, why);
	json_decref(o);
	return e;
}

static int
read_message(struct kx_message *m, const json_t *o, const char **why)
{
	const json_t	*ext;
	int		 e;

	if ((e = kxfield_route(o, &m->route, why)) < 0 ||
	    (e = kxfield_extension(o, why)) < 0)
		return e;
	ext = payload_extension(o, "message");
	if (kxfield_base64(json_object_get(ext, "message"), m->body,
	    sizeof(m->body), &m->len) < 0 || m->len == 0)
		return kxfield_bad(why, "message");
	return 0;
}

int
kxjson_message(struct kx_message *m, const uint8_t *p, size_t len,
    const char **why)
{
	json_t	*o;
	int	 e;

	m->len = 0;
	if ((e = payload_parse(&o, p, len, why)) == 0)
		e = read_message(m, o, why);
	json_decref(o);
	return e;
}

static int
read_neighbours(struct linkstate_ad *ad, const json_t *list)
{
	if (!json_is_array(list) ||
	    json_array_size(list) > LINKSTATE_LINKS_MAX)
		return -E_BAD_FORMAT;
	for (ad->n = 0; ad->n < json_array_size(list); ad->n++) {
		struct linkstate_link	*l = &ad->links[ad->n];

		*l = (struct linkstate_link){ .level = LINKSTATE_AMPLE };
		if (kxfield_km(json_array_get(list, ad->n), l->peer) < 0 ||
		    strcmp(l->peer, ad->origin) == 0)
			return -E_BAD_FORMAT;
		for (unsigned i = 0; i < ad->n; i++)
			if (strcmp(l->peer, ad->links[i].peer) == 0)
				return -E_BAD_FORMAT;
	}
	return 0;
}

static int
read_announce(struct linkstate_ad *ad, const json_t *o, const char **why)
{
	if (kxfield_km(json_object_get(o, "origin"), ad->origin) < 0)
		return kxfield_bad(why, "origin");
	if (kxfield_u64(json_object_get(o, "incarnation"),
	    &ad->incarnation) < 0 || ad->incarnation >= LINKSTATE_SERIAL_MAX)
		return kxfield_bad(why, "incarnation");
	if (kxfield_u64(json_object_get(o, "sequence"), &ad->sequence) < 0 ||
	    ad->sequence >= LINKSTATE_SERIAL_MAX)
		return kxfield_bad(why, "sequence");
	if (read_neighbours(ad, json_object_get(o, "neighbours")) < 0)
		return kxfield_bad(why, "neighbours");
	return 0;
}

int
kxjson_announce(struct linkstate_ad *ad, const uint8_t *p, size_t len,
    const char **why)
{
	json_t	*o;
	int	 e;

	if ((e = payload_parse(&o, p, len, why)) == 0)
		e = read_announce(ad, o, why);
	json_decref(o);
	return e;
}

int
kxjson_alive(bool *kma, const uint8_t *p, size_t len, const char **why)
{
	json_t	*o, *v;
	int	 e;

	*kma = true;
	if ((e = payload_parse(&o, p, len, why)) < 0)
		return e;
	if ((v = json_object_get(o, "kma")) != NULL && !json_is_boolean(v))
		e = kxfield_bad(why, "kma");
	*kma = !json_is_false(v);
	json_decref(o);
	return e;
}
