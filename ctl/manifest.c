/* manifest.c - see manifest.h. */
#include "manifest.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

static int
text(const json_t *o, const char *name, char *out, size_t room)
{
	const json_t	*v = json_object_get(o, name);
	size_t		 len = json_string_length(v);

	if (!json_is_string(v) || len == 0 || len >= room)
		return -E_BAD_FORMAT;
	memcpy(out, json_string_value(v), len + 1);
	return 0;
}

static int
member(const json_t *o, struct manifest_member *m)
{
	json_int_t	size = json_integer_value(json_object_get(o, "size"));
	int		kind;

	if (!json_is_integer(json_object_get(o, "size")) || size < 0 ||
	    text(o, "name", m->name, sizeof(m->name)) < 0 ||
	    text(o, "sha256", m->sha256, sizeof(m->sha256)) < 0 ||
	    strlen(m->sha256) != MANIFEST_SHA ||
	    strspn(m->sha256, "0123456789abcdef") != MANIFEST_SHA ||
	    (kind = member_kind(m->name)) < 0 || kind == MEMBER_MANIFEST ||
	    (uint64_t)size > member_limit((enum member_kind)kind))
		return -E_BAD_FORMAT;
	m->size = (uint64_t)size;
	return 0;
}

static int
members(const json_t *list, struct manifest *out)
{
	size_t	n = json_array_size(list);

	if (n == 0 || n > MANIFEST_MEMBERS ||
	    (out->members = calloc(n, sizeof(*out->members))) == NULL)
		return -E_BAD_FORMAT;
	for (; out->n < n; out->n++) {
		struct manifest_member	*m = &out->members[out->n];

		if (member(json_array_get(list, out->n), m) < 0 ||
		    manifest_find(out, m->name) != NULL)
			return -E_BAD_FORMAT;
	}
	return 0;
}

int
manifest_parse(struct manifest *out, const char *p, size_t len, char *why,
    size_t room)
{
	json_t	*o = json_loadb(p, len, JSON_REJECT_DUPLICATES, NULL);
	int	 r = -E_BAD_FORMAT;

	memset(out, 0, sizeof(*out));
	snprintf(why, room, "its manifest is damaged");
	if (!json_is_object(o))
		goto out;
	if (json_integer_value(json_object_get(o, "format")) !=
	    MANIFEST_FORMAT) {
		snprintf(why, room, "its format is not that of this version");
		goto out;
	}
	if ((r = text(o, "version", out->version, MANIFEST_TEXT)) == 0 &&
	    (r = text(o, "kme_id", out->kme_id, MANIFEST_TEXT)) == 0 &&
	    (r = text(o, "made", out->made, MANIFEST_TEXT)) == 0)
		r = members(json_object_get(o, "members"), out);
out:
	if (r < 0)
		manifest_free(out);
	json_decref(o);
	return r;
}

char *
manifest_write(const struct manifest *m)
{
	json_t	*list = json_array(), *o;
	char	*out;

	for (unsigned i = 0; i < m->n; i++)
		json_array_append_new(list, json_pack("{s:s, s:I, s:s}",
		    "name", m->members[i].name,
		    "size", (json_int_t)m->members[i].size,
		    "sha256", m->members[i].sha256));
	o = json_pack("{s:i, s:s, s:s, s:s, s:o}", "format", MANIFEST_FORMAT,
	    "version", m->version, "kme_id", m->kme_id, "made", m->made,
	    "members", list);
	out = json_dumps(o, JSON_INDENT(1));
	json_decref(o);
	return out;
}

const struct manifest_member *
manifest_find(const struct manifest *m, const char *name)
{
	for (unsigned i = 0; i < m->n; i++)
		if (strcmp(m->members[i].name, name) == 0)
			return &m->members[i];
	return NULL;
}

void
manifest_free(struct manifest *m)
{
	free(m->members);
	memset(m, 0, sizeof(*m));
}
