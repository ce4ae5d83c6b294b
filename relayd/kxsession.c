#include "kxsession.h"

#include <string.h>

#include "base64.h"
#include "err.h"
#include "frame.h"
#include "kxfield.h"
#include "payload.h"

#define UUID	16	/* octets */

bool
kxsession_is_request(enum kx_command c)
{
	return c == KX_NOTIFY || c == KX_OPEN;
}

enum kx_command
kxsession_request(enum kx_command c)
{
	return c == KX_NOTIFY || c == KX_NOTIFIED ? KX_NOTIFY : KX_OPEN;
}

enum kx_command
kxsession_response(enum kx_command c)
{
	return c == KX_NOTIFY || c == KX_NOTIFIED ? KX_NOTIFIED : KX_OPENED;
}

/* ---- reading ---- */

/* A UUID; in responses also "", for what does not exist. */
static int
check_id(const json_t *o, const char *name, bool empty, const char **why)
{
	const json_t	*v = json_object_get(o, name);
	uuid_text	 id;

	if (kxfield_uuid(v, id) == 0 || (empty && json_is_string(v) &&
	    json_string_length(v) == 0))
		return 0;
	return kxfield_bad(why, name);
}

/* An integer from 1; `v` stays what it was if there is none. */
static int
read_number(const json_t *o, const char *name, uint64_t max, uint64_t *v,
    const char **why)
{
	const json_t	*n = json_object_get(o, name);

	if (n == NULL)
		return 0;
	if (!json_is_integer(n) || json_integer_value(n) < 1 ||
	    (uint64_t)json_integer_value(n) > max)
		return kxfield_bad(why, name);
	*v = (uint64_t)json_integer_value(n);
	return 0;
}

/* One of key_IDs: a text, or an object as in Ak. */
static const json_t *
key_id(const json_t *element)
{
	return json_is_object(element) ? json_object_get(element, "key_ID") :
	    element;
}

static int
check_key_ids(const json_t *list, const char **why)
{
	const json_t	*v;
	uuid_text	 id;
	size_t		 i;

	if (!json_is_array(list) || json_array_size(list) == 0 ||
	    json_array_size(list) > KXSESSION_KEYS_MAX)
		return kxfield_bad(why, "key_IDs");
	json_array_foreach(list, i, v)
		if (kxfield_uuid(key_id(v), id) < 0)
			return kxfield_bad(why, "key_IDs");
	return 0;
}

static int
check_application(const json_t *o, const char *name, const char **why)
{
	const json_t	*v = json_object_get(o, name);

	return json_is_string(v) && sae_id_valid(json_string_value(v),
	    json_string_length(v)) ? 0 : kxfield_bad(why, name);
}

/* Route and message; a response of a hop has no message. */
static int
read_extension(struct kx_session *s, const json_t *ext, bool message,
    const char **why)
{
	const json_t	*v = json_object_get(ext, "message");
	int		 e;

	if (v == NULL && message)
		return kxfield_bad(why, "extension without a message");
	if ((e = kxfield_route(ext, &s->route, why)) < 0)
		return e;
	if (v != NULL && (kxfield_base64(v, s->body, sizeof(s->body),
	    &s->len) < 0 || s->len == 0))
		return kxfield_bad(why, "message");
	return 0;
}

static int
read_notify(struct kx_session *s, const json_t *o, const json_t *ext,
    const char **why)
{
	const json_t	*list = json_object_get(ext, "key_IDs");
	uint64_t	 number = 1, size;
	int		 e;

	if ((e = read_number(o, "number_of_keys", KXSESSION_KEYS_MAX,
	    &number, why)) < 0 ||
	    (e = read_number(o, "size_of_key", UINT32_MAX, &size, why)) < 0 ||
	    (e = read_extension(s, ext, true, why)) < 0 ||
	    (e = check_key_ids(list, why)) < 0)
		return e;
	return json_array_size(list) == number ? 0 :
	    kxfield_bad(why, "number_of_keys is not that of key_IDs");
}

static int
read_open(struct kx_session *s, const json_t *o, const json_t *ext,
    const char **why)
{
	uint64_t	number;
	int		e;

	if ((e = check_application(o, "application_source_ID", why)) < 0 ||
	    (e = check_application(o, "application_destination_ID",
	    why)) < 0 ||
	    (e = read_number(o, "number_of_keys", INT64_MAX, &number,
	    why)) < 0)
		return e;
	return read_extension(s, ext, true, why);
}

static int
read_response(struct kx_session *s, enum kx_command command,
    const json_t *o, const json_t *ext, const char **why)
{
	const json_t	*list = json_object_get(ext, "key_IDs");
	int		 e;

	if (command == KX_NOTIFIED &&
	    (e = check_id(o, "key_ID", true, why)) < 0)
		return e;
	if (payload_response(o, s->response, sizeof(s->response)) < 0)
		return kxfield_bad(why, "response");
	if (ext == NULL)
		return 0;
	if ((e = read_extension(s, ext, false, why)) < 0)
		return e;
	return list != NULL ? check_key_ids(list, why) : 0;
}

static int
read_all(struct kx_session *s, enum kx_command command, const json_t *o,
    const char **why)
{
	const json_t	*ext = payload_extension(o, "message"), *key;
	bool		 request = kxsession_is_request(command);
	int		 e;

	if (ext == NULL)
		ext = payload_extension(o, "source_KMA_ID");
	key = request ? key_id(json_array_get(json_object_get(ext,
	    "key_IDs"), 0)) : json_object_get(o, "key_ID");
	(void)kxfield_uuid(json_object_get(o, "session_ID"), s->session);
	(void)kxfield_uuid(key, s->key);
	if ((e = check_id(o, "session_ID", !request, why)) < 0 ||
	    (e = kxfield_extension(o, why)) < 0)
		return e;
	if (!request)
		return read_response(s, command, o, ext, why);
	return command == KX_NOTIFY ? read_notify(s, o, ext, why) :
	    read_open(s, o, ext, why);
}

int
kxsession_read(struct kx_session *s, enum kx_command command,
    const uint8_t *p, size_t len, const char **why)
{
	json_t	*o;
	int	 e;

	s->session[0] = s->key[0] = s->response[0] = '\0';
	s->route.n = 0;
	s->len = 0;
	if ((e = payload_parse(&o, p, len, why)) == 0)
		e = read_all(s, command, o, why);
	json_decref(o);
	return e;
}

/* ---- writing ---- */

size_t
kxsession_room(const struct route *r, const struct msg_session_out *m)
{
	size_t	room = 512 + 6 * (strlen(m->response) + strlen(m->source) +
		    strlen(m->destination)) + BASE64_LEN(m->body.len) +
		    m->ids.len / UUID * (UUID_TEXT + 3) +
		    (r != NULL ? kxfield_route_room(r) : 0);

	return room < FRAME_PAYLOAD_MAX ? room : FRAME_PAYLOAD_MAX;
}

static void
put_id(struct jsonout *j, struct msg_view ids, size_t i)
{
	uuid_text	id = "";

	if ((i + 1) * UUID <= ids.len)
		uuid_print(ids.p + i * UUID, id);
	jsonout_string(j, id);
}

static void
put_notify(struct jsonout *j, const struct msg_session_out *m)
{
	jsonout_text(j, ",\"number_of_keys\":");
	jsonout_uint(j, m->number);
	jsonout_text(j, ",\"size_of_key\":");
	jsonout_uint(j, m->size);
}

static void
put_open(struct jsonout *j, const struct msg_session_out *m)
{
	jsonout_text(j, ",\"application_source_ID\":");
	jsonout_string(j, m->source);
	jsonout_text(j, ",\"application_destination_ID\":");
	jsonout_string(j, m->destination);
	if (m->number == 0)
		return;
	jsonout_text(j, ",\"number_of_keys\":");
	jsonout_uint(j, m->number);
}

static void
put_response(struct jsonout *j, const struct msg_session_out *m)
{
	if (m->command == KX_NOTIFIED) {
		jsonout_text(j, ",\"key_ID\":");
		put_id(j, m->ids, 0);
	}
	jsonout_text(j, ",\"response\":");
	jsonout_string(j, m->response);
}

static void
put_extension(struct jsonout *j, const struct route *r,
    const struct msg_session_out *m)
{
	bool	keys = m->ids.len >= UUID && m->body.len > 0;

	jsonout_text(j, ",\"extension\":[{");
	kxfield_put_route(j, r);
	if (keys)
		jsonout_text(j, ",\"key_IDs\":[");
	for (size_t i = 0; keys && i < m->ids.len / UUID; i++) {
		jsonout_raw(j, ",", i > 0);
		put_id(j, m->ids, i);
	}
	if (keys)
		jsonout_text(j, "]");
	if (m->body.len > 0) {
		jsonout_text(j, ",\"message\":");
		jsonout_base64(j, m->body.p, m->body.len);
	}
	jsonout_text(j, "}]");
}

size_t
kxsession_put(uint8_t *p, size_t room, const struct route *r,
    const struct msg_session_out *m)
{
	struct jsonout	j = { (char *)p, room, 0 };

	jsonout_text(&j, "{\"session_ID\":");
	jsonout_string(&j, m->session);
	if (m->command == KX_NOTIFY)
		put_notify(&j, m);
	else if (m->command == KX_OPEN)
		put_open(&j, m);
	else
		put_response(&j, m);
	if (r != NULL)
		put_extension(&j, r, m);
	jsonout_text(&j, "}");
	return jsonout_end(&j);
}
