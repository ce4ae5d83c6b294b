/*
 * field.h - fields of an answer. A captured daemon may answer anything: what
 * is missing or of another type is the default, and foreign text is shown
 * without what a terminal obeys. All of it is pure.
 */
#ifndef CTL_FIELD_H
#define CTL_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define FIELD_TEXT	256

const char	*field_str(const json_t *, const char *name, const char *def);
json_int_t	field_int(const json_t *, const char *name, json_int_t def);
/* An integer or a real. */
double		field_num(const json_t *, const char *name, double def);
bool		field_bool(const json_t *, const char *name, bool def);
/* NULL if it is another type; jansson takes that for an empty one. */
json_t		*field_array(const json_t *, const char *name);
json_t		*field_object(const json_t *, const char *name);
/* The elements of a list by one of their fields, the first of each value: a new
 * object. A list may be as long as who answers likes. */
json_t		*field_index(json_t *list, const char *name);
/*
 * Copies foreign text for a terminal: control characters (C0, DEL, C1), what
 * turns the direction of writing and what is no UTF-8 become '?'; what is too
 * long is cut between characters, and ends in "...". Returns `out`.
 */
char		*field_text(char *out, size_t room, const char *foreign);

#endif
