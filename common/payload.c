#include "payload.h"

#include <string.h>

#include "err.h"

/* Before jansson recurses: brackets outside of strings. */
static bool
shallow(const uint8_t *p, size_t len)
{
	unsigned	depth = 0;
	bool		quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (quoted) {
			if (p[i] == '\\')
				i++;
			else if (p[i] == '"')
				quoted = false;
		} else if (p[i] == '"') {
			quoted = true;
		} else if (p[i] == '{' || p[i] == '[') {
			if (++depth > PAYLOAD_DEPTH_MAX)
				return false;
		} else if ((p[i] == '}' || p[i] == ']') && depth > 0) {
			depth--;
		}
	}
	return true;
}

/* jansson's own words quote the input; these do not. */
static const char *
fault(const json_error_t *e)
{
	switch (json_error_code(e)) {
	case json_error_invalid_utf8:
		return "not UTF-8";
	case json_error_null_byte_in_key:
	case json_error_null_character:
		return "a JSON string with U+0000";
	case json_error_duplicate_key:
		return "a JSON member that stands there twice";
	case json_error_numeric_overflow:
		return "a JSON number that is out of range";
	case json_error_premature_end_of_input:
		return "JSON that ends too early";
	case json_error_end_of_input_expected:
		return "something behind the JSON object";
	case json_error_out_of_memory:
		return "out of memory";
	default:
		return "not JSON";
	}
}

int
payload_parse(json_t **object, const uint8_t *p, size_t len,
    const char **why)
{
	json_error_t	 e;
	json_t		*o;

	*object = NULL;
	if (!shallow(p, len)) {
		*why = "JSON is nested too deeply";
		return -E_BAD_FORMAT;
	}
	o = json_loadb((const char *)p, len, JSON_REJECT_DUPLICATES |
	    JSON_DECODE_ANY, &e);
	if (json_is_object(o)) {
		*object = o;
		return 0;
	}
	*why = o == NULL ? fault(&e) : "not a JSON object";
	json_decref(o);
	return -E_BAD_FORMAT;
}

int
payload_response(const json_t *object, char *out, size_t room)
{
	const json_t	*v = json_object_get(object, "response");
	const char	*s = json_string_value(v);
	size_t		 token;

	if (s == NULL || json_string_length(v) >= room)
		return -E_BAD_FORMAT;
	token = strspn(s, "abcdefghijklmnopqrstuvwxyz_");
	if (token == 0 || (s[token] != '\0' &&
	    strncmp(s + token, ": ", 2) != 0))
		return -E_BAD_FORMAT;
	strcpy(out, s);
	return 0;
}

bool
payload_extension_ok(const json_t *object)
{
	const json_t	*ext = json_object_get(object, "extension"), *e;
	size_t		 i;

	if (ext != NULL && !json_is_array(ext))
		return false;
	json_array_foreach(ext, i, e)
		if (!json_is_object(e))
			return false;
	return true;
}

const json_t *
payload_extension(const json_t *object, const char *member)
{
	const json_t	*ext = json_object_get(object, "extension"), *e;
	size_t		 i;

	json_array_foreach(ext, i, e)
		if (json_object_get(e, member) != NULL)
			return e;
	return NULL;
}
