/* akread.c - payloads by the table of akmsg.c. */
#include "akread.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "payload.h"

struct reader {
	struct ak_message	*m;
	const struct ak_command	*c;
	const struct ak_member	*f;	/* the member being read */
	char			*why;	/* "" so far */
};

static int
bad(struct reader *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The first fault is the one that is told. */
static int
bad(struct reader *r, const char *fmt, ...)
{
	va_list	ap;

	if (r->why[0] != '\0')
		return -E_BAD_FORMAT;
	va_start(ap, fmt);
	vsnprintf(r->why, AKREAD_WHY, fmt, ap);
	va_end(ap);
	return -E_BAD_FORMAT;
}

static int
read_application(struct reader *r, const json_t *v, void *to)
{
	const char	*s = json_string_value(v);
	size_t		 len = json_string_length(v);

	if (s == NULL || !sae_id_valid(s, len))
		return bad(r, "%s shall be a string of 1 to %d octets without "
		    "control characters", r->f->name, SAE_ID_MAX);
	memcpy(to, s, len + 1);
	return 0;
}

static int
read_km(struct reader *r, const json_t *v, void *to)
{
	const char	*s = json_string_value(v);
	size_t		 len = json_string_length(v);

	if (s == NULL || !km_id_valid(s, len))
		return bad(r, "%s shall be the ID of a KM", r->f->name);
	memcpy(to, s, len + 1);
	return 0;
}

static int
read_text(struct reader *r, const json_t *v, void *to)
{
	const char	*s = json_string_value(v);
	size_t		 len = json_string_length(v);

	if (s == NULL || len > AK_TEXT_MAX)
		return bad(r, "%s shall be a string of at most %d octets",
		    r->f->name, AK_TEXT_MAX);
	memcpy(to, s, len + 1);
	return 0;
}

static int
read_count(struct reader *r, const json_t *v, void *to)
{
	int64_t	n = json_integer_value(v);

	if (!json_is_integer(v) || n < 1)
		return bad(r, "%s shall be an integer of at least 1",
		    r->f->name);
	memcpy(to, &n, sizeof(n));
	return 0;
}

/* A KM that refuses has no ID to tell. */
static bool
may_be_empty(const struct reader *r)
{
	return !r->c->from_application && r->c->answer == 0;
}

static int
read_uuid(struct reader *r, const json_t *v, void *to)
{
	const char	*s = json_string_value(v);
	uint8_t		 raw[16];

	if (s != NULL && s[0] == '\0' && may_be_empty(r))
		return 0;
	if (s == NULL || uuid_parse(s, json_string_length(v), raw) < 0)
		return bad(r, "%s shall be a UUID", r->f->name);
	uuid_print(raw, to);
	return 0;
}

static int
read_response(struct reader *r, const json_t *object, void *to)
{
	return payload_response(object, to, AK_TEXT_MAX + 1) == 0 ? 0 :
	    bad(r, "%s shall be a token, perhaps with ': ' and words behind "
	    "it", r->f->name);
}

/* v: where the ID stands, or NULL. */
static int
add_id(struct reader *r, const json_t *v)
{
	struct ak_message	*m = r->m;
	const char		*s = json_string_value(v);

	if (m->nids == AK_KEYS_MAX)
		return bad(r, "more than %d key IDs", AK_KEYS_MAX);
	if (s == NULL || uuid_parse(s, json_string_length(v),
	    m->ids[m->nids]) < 0)
		return bad(r, "entry %u of key_IDs has no key_ID that is a "
		    "UUID", m->nids + 1);
	m->nids++;
	return 0;
}

/* An object, as in 0x2102. */
static int
add_entry(struct reader *r, const json_t *e)
{
	const json_t	*ext = json_object_get(e, "key_ID_extension");

	if (ext != NULL && !json_is_object(ext))
		return bad(r, "key_ID_extension shall be an object");
	return add_id(r, json_object_get(e, "key_ID"));
}

static int
read_key_ids(struct reader *r, const json_t *v, void *to)
{
	const json_t	*e;
	size_t		 i;
	int		 err = 0;

	(void)to;
	if (!json_is_array(v) || json_array_size(v) == 0)
		return bad(r, "%s shall be an array of at least one object",
		    r->f->name);
	json_array_foreach(v, i, e)
		if ((err = add_entry(r, e)) < 0)
			return err;
	return 0;
}

/* ---- extension ---- */

static int
add_wishes(struct reader *r, const json_t *group, const char *name,
    json_t **all)
{
	json_t	*v = json_object_get(group, name), *e;
	size_t	 i;

	if (v == NULL)
		return 0;
	if (!json_is_array(v))
		return bad(r, "%s shall be an array of objects", name);
	json_array_foreach(v, i, e)
		if (!json_is_object(e))
			return bad(r, "%s shall be an array of objects", name);
	if (*all == NULL)
		*all = json_array();
	return json_array_extend(*all, v) == 0 ? 0 : bad(r, "out of memory");
}

static int
read_wishes(struct reader *r, const json_t *v, void *to)
{
	const json_t	*group;
	size_t		 i;

	(void)to;
	json_array_foreach(v, i, group)
		if (add_wishes(r, group, "extension_mandatory",
		    &r->m->mandatory) < 0 || add_wishes(r, group,
		    "extension_optional", &r->m->optional) < 0)
			return -E_BAD_FORMAT;
	return 0;
}

/* All keys that were received, as texts or as in 0x2102. */
static int
read_all_ids(struct reader *r, const json_t *v, void *to)
{
	const json_t	*group, *ids, *e;
	size_t		 i, k;

	(void)to;
	json_array_foreach(v, i, group) {
		ids = json_object_get(group, "key_IDs");
		if (ids != NULL && !json_is_array(ids))
			return bad(r, "key_IDs shall be an array");
		json_array_foreach(ids, k, e)
			if ((json_is_object(e) ? add_entry(r, e) :
			    add_id(r, e)) < 0)
				return -E_BAD_FORMAT;
	}
	return 0;
}

static int
read_nothing(struct reader *r, const json_t *v, void *to)
{
	(void)r, (void)v, (void)to;
	return 0;
}

static int	(*const readers[])(struct reader *, const json_t *, void *) = {
	[AK_APPLICATION] = read_application,
	[AK_KM] = read_km,
	[AK_TEXT] = read_text,
	[AK_COUNT] = read_count,
	[AK_UUID] = read_uuid,
	[AK_RESPONSE] = read_response,
	[AK_KEY_IDS] = read_key_ids,
	[AK_KEYS] = read_nothing,
	[AK_WISHES] = read_wishes,
	[AK_ALL_IDS] = read_all_ids,
	[AK_IGNORED] = read_nothing,
};

static int
read_member(struct reader *r, const json_t *object)
{
	const struct ak_member	*f = r->f;
	const json_t		*v = json_object_get(object, f->name);

	if (v == NULL)
		return f->mandatory ? bad(r, "%s is missing", f->name) : 0;
	if (f->type >= AK_WISHES && !payload_extension_ok(object))
		return bad(r, "%s shall be an array of objects", f->name);
	return readers[f->type](r, f->type == AK_RESPONSE ? object : v,
	    (char *)r->m + f->at);
}

int
akread_object(struct ak_message *m, const struct ak_command *c,
    const json_t *object, char why[AKREAD_WHY])
{
	struct reader	r = { .m = m, .c = c, .why = why };
	int		e = 0;

	why[0] = '\0';
	for (r.f = c->members; r.f->type != AK_END; r.f++)
		if (read_member(&r, object) < 0)
			e = -E_BAD_FORMAT;
	return e;
}

int
akread(struct ak_message *m, const struct ak_command *c, const uint8_t *p,
    size_t len, char why[AKREAD_WHY])
{
	const char	*fault;
	json_t		*object;
	int		 e;

	if ((e = payload_parse(&object, p, len, &fault)) < 0) {
		snprintf(why, AKREAD_WHY, "%s", fault);
		return e;
	}
	e = akread_object(m, c, object, why);
	json_decref(object);
	return e;
}
