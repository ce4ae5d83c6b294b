/* extension.c - the table of extension parameters. */
#include "extension.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "block.h"
#include "err.h"
#include "ksa/blocks.h"

/* A reader says whether there is something to be met, or -E_BAD_FORMAT. */
static int
read_route_type(const json_t *v, struct supply_wish *w)
{
	const char	*s = json_string_value(v);

	(void)w;
	if (s == NULL || (strcmp(s, "direct") != 0 && strcmp(s, "any") != 0))
		return -E_BAD_FORMAT;
	return strcmp(s, "direct") == 0;
}

static bool
met_route_type(const struct supply_wish *w, const struct material *m,
    uint64_t now)
{
	(void)w, (void)now;
	return m->hops <= 1;
}

static int
read_max_age(const json_t *v, struct supply_wish *w)
{
	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return -E_BAD_FORMAT;
	w->max_age = (uint64_t)json_integer_value(v);
	return 1;
}

static bool
met_max_age(const struct supply_wish *w, const struct material *m,
    uint64_t now)
{
	return m->born != MATERIAL_BORN_UNKNOWN &&
	    (now <= m->born || now - m->born <= w->max_age);
}

static int
read_min_paths(const json_t *v, struct supply_wish *w)
{
	if (!json_is_integer(v) || json_integer_value(v) < 1 ||
	    json_integer_value(v) > BLOCK_PARTS_MAX)
		return -E_BAD_FORMAT;
	w->min_paths = (uint32_t)json_integer_value(v);
	return w->min_paths > 1;
}

/* Key of this node itself came over no other. */
static bool
has_paths(const struct material *m, uint32_t paths)
{
	return m->hops == 0 || m->paths >= paths;
}

static bool
met_min_paths(const struct supply_wish *w, const struct material *m,
    uint64_t now)
{
	(void)now;
	return has_paths(m, w->min_paths);
}

static const struct extension {
	const char	*name, *shall_be;
	int		(*read)(const json_t *, struct supply_wish *);
	bool		(*met)(const struct supply_wish *,
			    const struct material *, uint64_t now);
} extensions[] = {
	{ "qkdnode_route_type", "\"direct\" or \"any\"", read_route_type,
	    met_route_type },
	{ "qkdnode_max_age", "an integer of at least 0 (ms)", read_max_age,
	    met_max_age },
	{ "qkdnode_min_disjoint_paths", "an integer from 1 to 8",
	    read_min_paths, met_min_paths },
};
#define ROWS	(sizeof(extensions) / sizeof(extensions[0]))

/* ROWS: not known. */
static size_t
find(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(extensions[i].name, name) == 0)
			return i;
	return ROWS;
}

static bool
all_supported(const json_t *array, struct refusal *r)
{
	const json_t	*group;
	const char	*name;
	json_t		*v;
	bool		 all = true;
	size_t		 i;

	json_array_foreach((json_t *)array, i, group)
		json_object_foreach((json_t *)group, name, v)
			if (find(name) == ROWS) {
				refusal_detail(r,
				    "extension_mandatory_unsupported",
				    "%s is not supported", name);
				all = false;
			}
	return all;
}

/* The first value of each row; another one that differs is an error. */
static int
collect(const json_t *array, const json_t *values[ROWS], struct refusal *r)
{
	const json_t	*group;
	const char	*name;
	json_t		*v;
	size_t		 i, row;

	json_array_foreach((json_t *)array, i, group)
		json_object_foreach((json_t *)group, name, v) {
			if ((row = find(name)) == ROWS)
				continue;
			if (values[row] == NULL)
				values[row] = v;
			else if (r != NULL && !json_equal((json_t *)values[row],
			    v))
				return refusal_set(r, "%s stands in "
				    "extension_mandatory twice, with different "
				    "values", name);
		}
	return 0;
}

/*
 * A name in both lists: the mandatory value counts. What is optional and
 * cannot be understood is ignored like what is not known.
 */
static int
read_row(struct supply_wish *w, size_t row, const json_t *mandatory,
    const json_t *optional, struct refusal *r)
{
	const json_t	*v = mandatory != NULL ? mandatory : optional;
	int		 set;

	if (v == NULL)
		return 0;
	set = extensions[row].read(v, w);
	if (set < 0 && mandatory != NULL)
		return refusal_set(r, "%s shall be %s", extensions[row].name,
		    extensions[row].shall_be);
	if (set < 0)
		return 0;
	w->asked = true;
	if (set > 0 && mandatory != NULL)
		w->mandatory |= 1U << row;
	else if (set > 0)
		w->optional |= 1U << row;
	return 0;
}

int
extension_read(struct supply_wish *w, const json_t *mandatory,
    const json_t *optional, struct refusal *r)
{
	const json_t	*must[ROWS] = { NULL }, *may[ROWS] = { NULL };
	int		 e;

	if (!all_supported(mandatory, r))
		return refusal_set(r, EXTENSION_UNSUPPORTED);
	if ((e = collect(mandatory, must, r)) < 0)
		return e;
	(void)collect(optional, may, NULL);
	for (size_t i = 0; e == 0 && i < ROWS; i++)
		e = read_row(w, i, must[i], may[i], r);
	return e;
}

void
extension_unmet(unsigned unmet, const char *why, struct refusal *r)
{
	for (size_t i = 0; i < ROWS; i++)
		if ((unmet & 1U << i) != 0)
			refusal_detail(r, "extension_mandatory_unmet",
			    "%s could not be met", extensions[i].name);
	if (why != NULL)
		refusal_detail(r, "reason", "%s", why);
	refusal_set(r, EXTENSION_UNMET);
}

bool
extension_met(const struct supply_wish *w, unsigned wishes,
    const struct material *m, uint64_t now)
{
	if (!has_paths(m, w->floor))
		return false;
	for (size_t i = 0; i < ROWS; i++)
		if ((wishes & 1U << i) != 0 && !extensions[i].met(w, m, now))
			return false;
	return true;
}

uint32_t
extension_paths(const struct supply_wish *w, unsigned wishes)
{
	uint32_t	n = w->floor > 1 ? w->floor : 1;

	for (size_t i = 0; i < ROWS; i++)
		if ((wishes & 1U << i) != 0 && w->min_paths > n &&
		    extensions[i].met == met_min_paths)
			n = w->min_paths;
	return n;
}

size_t
extension_tell(char out[EXTENSION_TEXT], const struct supply_origin *o)
{
	char	age[40] = "", paths[40] = "";

	if (o == NULL)
		return 0;
	if (o->dated)
		snprintf(age, sizeof(age), ",\"qkdnode_age\":%" PRIu64,
		    o->age);
	if (o->paths > 0)
		snprintf(paths, sizeof(paths),
		    ",\"qkdnode_disjoint_paths\":%" PRIu32, o->paths);
	return (size_t)snprintf(out, EXTENSION_TEXT, ",\"key_extension\":{"
	    "\"qkdnode_route_type\":\"%s\"%s%s}",
	    o->direct ? "direct" : "indirect", age, paths);
}
