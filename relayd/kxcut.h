/*
 * kxcut.h - the one long string of a frame, taken out before the rest is
 * parsed: a JSON parser copies and checks each character of it several
 * times, and nearly all of a frame with key is base64. Pure.
 */
#ifndef RELAYD_KXCUT_H
#define RELAYD_KXCUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KXCUT_MIN	512	/* characters of a long string */
#define KXCUT_REST	8192	/* octets, at most, of all else */

struct kxcut {
	const char	*text;		/* the string, in the frame itself */
	size_t		 len;
	uint8_t		 rest[KXCUT_REST];	/* with `true` in its place */
	size_t		 restlen;
};

/*
 * False if there is no such string, or an escape in it, or too much else, or a
 * `true` already: `true` must mean nothing but this. Whether the text is
 * UTF-8 is for whoever decodes it.
 */
bool	kxcut_make(struct kxcut *, const uint8_t *, size_t);
/* Whether this value is in the string's place. */
bool	kxcut_is(const struct kxcut *, const json_t *);

#endif
