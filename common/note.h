/* note.h - what a configuration that is right still lacks, for an operator. */
#ifndef QKD_NOTE_H
#define QKD_NOTE_H

#include <jansson.h>
#include <stdbool.h>

#define NOTE_LINE	256

struct note {
	bool		 holds;
	const char	*text;	/* and what to do; NULL: the end */
};

/* Those that hold, as an array of texts. */
json_t	*note_list(const struct note *);
/* "serving; no links are configured ...", for the service manager. */
const char *note_line(const struct note *, const char *state,
	    char out[NOTE_LINE]);

#endif
