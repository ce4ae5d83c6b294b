/* etsi014json.c - requests of ETSI GS QKD 014: JSON bodies and queries. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "etsi014json.h"
#include "extension.h"
#include "idscan.h"
#include "uri.h"

#define DETAILS_MAX	64	/* a request may be wrong in more ways */
#define NOT_FOUND	"one or more keys specified are not found on KME"

int
refusal_set(struct refusal *r, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(r->message, sizeof(r->message), fmt, ap);
	va_end(ap);
	return -E_BAD_FORMAT;
}

int
refusal_detail(struct refusal *r, const char *name, const char *fmt, ...)
{
	json_t	*text;
	va_list	 ap;

	if (json_array_size(r->details) == DETAILS_MAX)
		return -E_BAD_FORMAT;
	va_start(ap, fmt);
	text = json_vsprintf(fmt, ap);	/* NULL if that is not UTF-8 */
	va_end(ap);
	if (r->details == NULL)
		r->details = json_array();
	json_array_append_new(r->details, json_pack("{s:o}", name, text));
	return -E_BAD_FORMAT;
}

void
refusal_clear(struct refusal *r)
{
	json_decref(r->details);
	r->details = NULL;
	r->message[0] = '\0';
}

/* jansson's own words quote the input, cut anywhere; these do not. */
static const char *
json_fault(const json_error_t *e)
{
	switch (json_error_code(e)) {
	case json_error_invalid_utf8:
		return "it is not UTF-8";
	case json_error_null_byte_in_key:
	case json_error_null_character:
		return "a text holds a NUL";
	case json_error_duplicate_key:
		return "a member stands there twice";
	case json_error_numeric_overflow:
		return "a number is out of range";
	case json_error_premature_end_of_input:
		return "it ends too early";
	case json_error_end_of_input_expected:
		return "something follows the object";
	case json_error_stack_overflow:
		return "it is nested too deep";
	case json_error_out_of_memory:
		return "out of memory";
	default:
		return "a syntax error";
	}
}

static bool
blank(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (memchr(" \t\r\n", p[i], 4) == NULL)
			return false;
	return true;
}

static int
load(json_t **root, const char *body, size_t len, struct refusal *r)
{
	json_error_t	e;

	if (blank(body, len))
		*root = json_object();
	else
		*root = json_loadb(body, len, JSON_REJECT_DUPLICATES |
		    JSON_DECODE_ANY, &e);
	if (*root == NULL)
		return refusal_set(r, "the body is not valid JSON: %s, at "
		    "octet %d", json_fault(&e), e.position);
	if (json_is_object(*root))
		return 0;
	json_decref(*root);
	*root = NULL;
	return refusal_set(r, "the body shall be a JSON object");
}

/* An optional array whose elements shall all be of one type. There are clients
 * that write null for a member they do not set. */
static int
read_array(const json_t *root, const char *name, json_type type,
    const char *type_name, const json_t **array, struct refusal *r)
{
	const json_t *v;
	size_t	 i;

	*array = json_object_get(root, name);
	if (json_is_null(*array))
		*array = NULL;
	if (*array == NULL)
		return 0;
	if (!json_is_array(*array))
		return refusal_set(r, "%s shall be an array of %s", name,
		    type_name);
	json_array_foreach((json_t *)*array, i, v)
		if (json_typeof(v) != type)
			return refusal_set(r, "%s shall be an array of %s",
			    name, type_name);
	return 0;
}

static int
read_extensions(const json_t *root, struct key_request *k,
    struct refusal *r)
{
	const json_t *mandatory, *optional;

	if (read_array(root, "extension_mandatory", JSON_OBJECT, "objects",
	    &mandatory, r) < 0 || read_array(root, "extension_optional",
	    JSON_OBJECT, "objects", &optional, r) < 0)
		return -E_BAD_FORMAT;
	return extension_read(&k->wish, mandatory, optional, r);
}

static int
read_slave(struct key_request *k, const json_t *slave, struct refusal *r)
{
	const char *id = json_string_value(slave);
	size_t	 len = json_string_length(slave);

	if (!sae_id_valid(id, len))
		return refusal_set(r, "additional_slave_SAE_IDs: entry %u is "
		    "not a valid SAE ID", k->nslaves + 1);
	memcpy(k->slaves[k->nslaves++], id, len + 1);
	return 0;
}

static int
read_slaves(const json_t *root, struct key_request *k,
    const struct supply_limits *l, struct refusal *r)
{
	const json_t *slaves, *slave;
	size_t	 i;

	if (read_array(root, "additional_slave_SAE_IDs", JSON_STRING,
	    "strings", &slaves, r) < 0)
		return -E_BAD_FORMAT;
	if (json_array_size(slaves) > l->max_sae_id_count)
		return refusal_set(r, "additional_slave_SAE_IDs shall have no "
		    "more than %u entries (max_SAE_ID_count)",
		    l->max_sae_id_count);
	json_array_foreach((json_t *)slaves, i, slave)
		if (read_slave(k, slave, r) < 0)
			return -E_BAD_FORMAT;
	return 0;
}

static int
read_int(const json_t *root, const char *name, int64_t *v, struct refusal *r)
{
	const json_t *j = json_object_get(root, name);

	if (j == NULL)
		return 0;
	if (!json_is_integer(j))
		return refusal_set(r, "%s shall be an integer", name);
	*v = json_integer_value(j);
	return 0;
}

/* 6.2 fixes the words for sizes that are not whole octets. */
static int
check_request(struct key_request *k, int64_t number, int64_t size,
    const struct supply_limits *l, struct refusal *r)
{
	if (number < 1 || number > l->max_key_per_request)
		return refusal_set(r, "number shall be from 1 to %u "
		    "(max_key_per_request)", l->max_key_per_request);
	if (size % 8 != 0) {
		if (size < l->min_key_size || size > l->max_key_size)
			refusal_detail(r, "size", "shall be from %u to %u",
			    l->min_key_size, l->max_key_size);
		return refusal_set(r, "size shall be a multiple of 8");
	}
	if (size < l->min_key_size || size > l->max_key_size)
		return refusal_set(r, "size shall be from %u (min_key_size) "
		    "to %u (max_key_size) bits", l->min_key_size,
		    l->max_key_size);
	k->number = number;
	k->size = size;
	k->nslaves = 0;
	k->wish = (struct supply_wish){ .asked = false };
	return 0;
}

int
etsi014_read_request(struct key_request *k, const char *body, size_t len,
    const struct supply_limits *l, struct refusal *r)
{
	int64_t	 number = 1, size = l->key_size;
	json_t	*root;
	int	 e;

	if ((e = load(&root, body, len, r)) < 0)
		return e;
	if ((e = read_int(root, "number", &number, r)) == 0 &&
	    (e = read_int(root, "size", &size, r)) == 0 &&
	    (e = check_request(k, number, size, l, r)) == 0 &&
	    (e = read_slaves(root, k, l, r)) == 0)
		e = read_extensions(root, k, r);
	json_decref(root);
	return e;
}

static int
check_distinct(const struct key_ids *k, struct refusal *r)
{
	uint32_t i = idscan_repeated((const uint8_t (*)[16])k->id, k->n);
	uuid_text text;

	if (i == k->n)
		return 0;
	uuid_print(k->id[i], text);
	return refusal_set(r, "key_ID %s stands there twice", text);
}

/* Without details: there are clients that take none but texts there. */
static int
read_id(struct key_ids *k, const char *text, size_t len, struct refusal *r)
{
	if (uuid_parse(text, len, k->id[k->n]) == 0)
		return 0;
	return refusal_set(r, NOT_FOUND);
}

static int
read_id_array(struct key_ids *k, const json_t *array, struct refusal *r)
{
	const json_t *group, *id;
	size_t	 i;

	json_array_foreach((json_t *)array, i, group) {
		id = json_object_get(group, "key_ID");
		if (!json_is_string(id))
			return refusal_set(r, "each entry of key_IDs shall "
			    "have a key_ID, which is a string");
		if (read_id(k, json_string_value(id),
		    json_string_length(id), r) < 0)
			return -E_BAD_FORMAT;
		k->n++;
	}
	return 0;
}

static int
check_count(size_t n, const struct supply_limits *l, struct refusal *r)
{
	if (n == 0)
		return refusal_set(r, "key_IDs shall name at least one key");
	if (n > l->max_key_per_request || n > SUPPLY_KEYS_MAX)
		return refusal_set(r, "key_IDs shall name no more than %u keys "
		    "(max_key_per_request)", l->max_key_per_request);
	return 0;
}

static int
load_ids(struct key_ids *k, const char *body, size_t len,
    const struct supply_limits *l, struct refusal *r)
{
	const json_t *array;
	json_t	*root;
	int	 e;

	if ((e = load(&root, body, len, r)) < 0)
		return e;
	if ((e = read_array(root, "key_IDs", JSON_OBJECT, "objects", &array,
	    r)) == 0 && (e = check_count(json_array_size(array), l, r)) == 0)
		e = read_id_array(k, array, r);
	json_decref(root);
	return e;
}

int
etsi014_read_ids(struct key_ids *k, const char *body, size_t len,
    const struct supply_limits *l, struct refusal *r)
{
	int	e;

	k->n = idscan(body, len, k->id, SUPPLY_KEYS_MAX);
	e = k->n > 0 ? check_count(k->n, l, r) :
	    load_ids(k, body, len, l, r);
	return e < 0 ? e : check_distinct(k, r);
}

#define BEYOND_LIMITS	(INT64_MAX - 7)	/* and a multiple of 8 */

static int
read_decimal(const char *name, const char *text, int64_t *v,
    struct refusal *r)
{
	size_t	n = strspn(text, "0123456789");

	if (n == 0 || text[n] != '\0')
		return refusal_set(r, "%s shall be a decimal integer", name);
	*v = 0;
	for (size_t i = 0; i < n; i++)
		*v = *v < BEYOND_LIMITS / 10 ? *v * 10 + text[i] - '0' :
		    BEYOND_LIMITS;
	return 0;
}

struct parameter {
	const char	*name;
	bool		 given;
	char		 value[64];	/* longer values are malformed anyway */
};

/* Fills the parameters of these names; all others are ignored. */
static int
read_query(struct parameter *params, size_t nparams, const char *query,
    size_t len, struct refusal *r)
{
	struct uri_text	rest = { query, len }, name, value;

	while (uri_pair(&rest, &name, &value))
		for (size_t i = 0; i < nparams; i++) {
			struct parameter *p = &params[i];

			if (!uri_is(&name, p->name))
				continue;
			if (p->given)
				return refusal_set(r, "%s stands in the URL "
				    "twice", p->name);
			p->given = true;
			if (uri_decode(&value, p->value,
			    sizeof(p->value)) < 0)
				return refusal_set(r, "%s in the URL is "
				    "malformed or too long", p->name);
		}
	return 0;
}

int
etsi014_read_request_query(struct key_request *k, const char *query,
    size_t len, const struct supply_limits *l, struct refusal *r)
{
	struct parameter p[] = {
		{ .name = "number" }, { .name = "size" },
		/* They must not be ignored, and GET cannot carry them. */
		{ .name = "additional_slave_SAE_IDs" },
		{ .name = "extension_mandatory" },
	};
	int64_t	number = 1, size = l->key_size;
	int	e;

	if ((e = read_query(p, 4, query, len, r)) < 0)
		return e;
	for (int i = 2; i < 4; i++)
		if (p[i].given)
			return refusal_set(r, "%s requires the POST method",
			    p[i].name);
	if (p[0].given &&
	    (e = read_decimal(p[0].name, p[0].value, &number, r)) < 0)
		return e;
	if (p[1].given &&
	    (e = read_decimal(p[1].name, p[1].value, &size, r)) < 0)
		return e;
	return check_request(k, number, size, l, r);
}

int
etsi014_read_ids_query(struct key_ids *k, const char *query, size_t len,
    struct refusal *r)
{
	struct parameter p = { .name = "key_ID" };
	int	e;

	k->n = 0;
	if ((e = read_query(&p, 1, query, len, r)) < 0)
		return e;
	if (!p.given)
		return refusal_set(r, "key_ID is missing");
	if ((e = read_id(k, p.value, strlen(p.value), r)) == 0)
		k->n = 1;
	return e;
}

int
etsi014_read_post_query(const char *query, size_t len, struct refusal *r)
{
	struct parameter p[] = {
		{ .name = "number" }, { .name = "size" },
		{ .name = "key_ID" },
	};
	int	e;

	if ((e = read_query(p, 3, query, len, r)) < 0)
		return e;
	for (int i = 0; i < 3; i++)
		if (p[i].given)
			return refusal_set(r, "with POST, %s belongs into the "
			    "body, not into the URL", p[i].name);
	return 0;
}
