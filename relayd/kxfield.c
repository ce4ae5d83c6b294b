#include "kxfield.h"

#include <string.h>

#include "base64.h"
#include "err.h"
#include "payload.h"

int
kxfield_bad(const char **why, const char *what)
{
	*why = what;
	return -E_BAD_FORMAT;
}

int
kxfield_km(const json_t *v, km_id out)
{
	if (!json_is_string(v) ||
	    !km_id_valid(json_string_value(v), json_string_length(v)))
		return -E_BAD_FORMAT;
	strcpy(out, json_string_value(v));
	return 0;
}

int
kxfield_u64(const json_t *v, uint64_t *out)
{
	const char	*s;
	uint64_t	 n = 0;

	if (json_is_integer(v)) {
		*out = (uint64_t)json_integer_value(v);
		return json_integer_value(v) >= 0 ? 0 : -E_BAD_FORMAT;
	}
	if (!json_is_string(v))
		return -E_BAD_FORMAT;
	s = json_string_value(v);
	if (s[0] == '\0' || (s[0] == '0' && s[1] != '\0'))
		return -E_BAD_FORMAT;
	for (; *s != '\0'; s++) {
		unsigned	digit = (unsigned char)*s - '0';

		if (digit > 9 || n > (UINT64_MAX - digit) / 10)
			return -E_BAD_FORMAT;
		n = n * 10 + digit;
	}
	*out = n;
	return 0;
}

int
kxfield_base64(const json_t *v, uint8_t *out, size_t room, size_t *len)
{
	*len = 0;
	if (!json_is_string(v))
		return -E_BAD_FORMAT;
	return base64_decode(out, room, len, json_string_value(v),
	    json_string_length(v));
}

int
kxfield_uuid(const json_t *v, uuid_text out)
{
	uint8_t	raw[16];

	if (!json_is_string(v) || uuid_parse(json_string_value(v),
	    json_string_length(v), raw) < 0)
		return -E_BAD_FORMAT;
	uuid_print(raw, out);
	return 0;
}

static int
route_add(struct route *r, const json_t *km)
{
	if (r->n == ROUTE_HOPS_MAX || kxfield_km(km, r->km[r->n]) < 0 ||
	    route_find(r, r->km[r->n]) >= 0)
		return -E_BAD_FORMAT;
	r->n++;
	return 0;
}

int
kxfield_route(const json_t *o, struct route *r, const char **why)
{
	const json_t	*transit = json_object_get(o, "transit_KMA_IDs");
	size_t		 octets = 0, i;
	const json_t	*km;

	r->n = 0;
	if (route_add(r, json_object_get(o, "source_KMA_ID")) < 0)
		return kxfield_bad(why, "source_KMA_ID");
	if (transit != NULL && !json_is_array(transit))
		return kxfield_bad(why, "transit_KMA_IDs");
	json_array_foreach(transit, i, km)
		if (route_add(r, km) < 0)
			return kxfield_bad(why, "transit_KMA_IDs");
	if (route_add(r, json_object_get(o, "destination_KMA_ID")) < 0)
		return kxfield_bad(why, "destination_KMA_ID");
	for (i = 0; i < r->n; i++)
		octets += strlen(r->km[i]) + 1;
	return octets - 1 <= ROUTE_MAX ? 0 :
	    kxfield_bad(why, "route is too long");
}

int
kxfield_extension(const json_t *o, const char **why)
{
	return payload_extension_ok(o) ? 0 : kxfield_bad(why, "extension");
}

void
kxfield_put_route(struct jsonout *j, const struct route *r)
{
	jsonout_text(j, "\"source_KMA_ID\":");
	jsonout_string(j, r->km[0]);
	jsonout_text(j, ",\"destination_KMA_ID\":");
	jsonout_string(j, r->km[r->n - 1]);
	if (r->n > 2)
		jsonout_text(j, ",\"transit_KMA_IDs\":[");
	for (unsigned i = 1; i + 1 < r->n; i++) {
		jsonout_raw(j, ",", i > 1);
		jsonout_string(j, r->km[i]);
	}
	if (r->n > 2)
		jsonout_text(j, "]");
}

size_t
kxfield_route_room(const struct route *r)
{
	return 96 + r->n * (KM_ID_MAX + 4);
}
