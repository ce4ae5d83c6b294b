/* note.c - what a configuration lacks, in words. */
#include "note.h"

#include <stdio.h>
#include <string.h>

json_t *
note_list(const struct note *n)
{
	json_t	*list = json_array();

	for (; n->text != NULL; n++)
		if (n->holds)
			json_array_append_new(list, json_string(n->text));
	return list;
}

const char *
note_line(const struct note *n, const char *state, char out[NOTE_LINE])
{
	size_t	at = (size_t)snprintf(out, NOTE_LINE, "%s", state);

	for (; n->text != NULL && at < NOTE_LINE; n++)
		if (n->holds)
			at += (size_t)snprintf(out + at, NOTE_LINE - at,
			    "; %s", n->text);
	return out;
}
