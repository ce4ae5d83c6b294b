/* field.c - typed getters, and text that a terminal may have. */
#include "field.h"

#include <stdint.h>
#include <string.h>

const char *
field_str(const json_t *o, const char *name, const char *def)
{
	const char	*s = json_string_value(json_object_get(o, name));

	return s != NULL ? s : def;
}

json_int_t
field_int(const json_t *o, const char *name, json_int_t def)
{
	const json_t	*v = json_object_get(o, name);

	return json_is_integer(v) ? json_integer_value(v) : def;
}

double
field_num(const json_t *o, const char *name, double def)
{
	const json_t	*v = json_object_get(o, name);

	return json_is_number(v) ? json_number_value(v) : def;
}

bool
field_bool(const json_t *o, const char *name, bool def)
{
	const json_t	*v = json_object_get(o, name);

	return json_is_boolean(v) ? json_is_true(v) : def;
}

json_t *
field_array(const json_t *o, const char *name)
{
	json_t	*v = json_object_get(o, name);

	return json_is_array(v) ? v : NULL;
}

json_t *
field_object(const json_t *o, const char *name)
{
	json_t	*v = json_object_get(o, name);

	return json_is_object(v) ? v : NULL;
}

json_t *
field_index(json_t *list, const char *name)
{
	json_t		*o = json_object(), *e;
	const char	*value;
	size_t		 i;

	json_array_foreach(list, i, e) {
		value = field_str(e, name, "");
		if (value[0] != '\0' && json_object_get(o, value) == NULL)
			json_object_set(o, value, e);
	}
	return o;
}

/* The octets of a character; 1 if it is none, as where a text was cut. */
static size_t
width(const unsigned char *c)
{
	size_t	n = c[0] < 0xc0 ? 1 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;

	for (size_t i = 1; i < n; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 1;
	return n;
}

/* Does a terminal obey it rather than show it, or is it no character? */
static bool
obeyed(const unsigned char *c, size_t n)
{
	if (n == 1)
		return c[0] < 0x20 || c[0] >= 0x7f;
	if (c[0] == 0xc2)
		return c[1] < 0xa0;
	/* U+200B to 200F, 2028 to 202E, 2060 to 206F; FEFF */
	return (c[0] == 0xe2 && c[1] == 0x80 && ((c[2] >= 0x8b &&
	    c[2] <= 0x8f) || (c[2] >= 0xa8 && c[2] <= 0xae))) ||
	    (c[0] == 0xe2 && c[1] == 0x81 && c[2] >= 0xa0 && c[2] <= 0xaf) ||
	    (c[0] == 0xef && c[1] == 0xbb && c[2] == 0xbf);
}

char *
field_text(char *out, size_t room, const char *foreign)
{
	const unsigned char	*p = (const unsigned char *)foreign;
	size_t			 len = 0, last = 0;

	for (; *p != '\0'; p += width(p)) {
		bool	bad = obeyed(p, width(p));
		size_t	n = bad ? 1 : width(p);

		if (len + n >= room)
			break;
		memcpy(out + len, bad ? (const void *)"?" : p, n);
		len += n;
		if (len + 4 <= room)
			last = len;
	}
	if (*p != '\0' && room >= 4) {
		memcpy(out + last, "...", 3);
		len = last + 3;
	}
	out[len] = '\0';
	return out;
}
