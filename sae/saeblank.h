/*
 * saeblank.h - a copy of JSON text in which every string value is replaced by
 * the place where it stands, so that a JSON library never holds a key. Pure.
 */
#ifndef SAE_BLANK_H
#define SAE_BLANK_H

#include <jansson.h>
#include <stddef.h>

#define SAEBLANK_ROOM(len)	(2 * (len) + 1024)

/*
 * Names stay as they are. Whether it is JSON is for the parser to say.
 * -E_TOO_LARGE: `room` is too small; -E_BAD_FORMAT: a string does not end.
 */
int	saeblank(char *out, size_t room, size_t *outlen, const char *text,
	    size_t len);
/*
 * The string that `place` (a value of the copy) stands for; escapes are
 * undone in the text itself, so ask once. -E_BAD_FORMAT: escapes other than
 * those that ASCII may need.
 */
int	saeblank_find(const char *place, char *text, size_t len, char **at,
	    size_t *octets);
/* A value of the copy with its strings again; NULL: malformed, no memory. */
json_t	*saeblank_restore(json_t *, const char *text, size_t len);

#endif
