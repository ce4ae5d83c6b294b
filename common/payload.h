/*
 * payload.h - what the payloads of Ak and Kx frames have in common: one JSON
 * object, `response`, `extension`. Pure: hostile octets in.
 */
#ifndef QKD_PAYLOAD_H
#define QKD_PAYLOAD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAYLOAD_DEPTH_MAX	16	/* the payload's object is the first */

/*
 * One object, UTF-8, no member twice, no U+0000, not too deep. -E_BAD_FORMAT:
 * *object is NULL, *why says what is wrong.
 */
int	payload_parse(json_t **object, const uint8_t *, size_t,
	    const char **why);
/* `response`: one token, then perhaps ": " and words. -E_BAD_FORMAT, also if
 * there is none, or one that exceeds the room. */
int	payload_response(const json_t *object, char *out, size_t room);
/* Whether `extension` is absent or an array of objects. */
bool	payload_extension_ok(const json_t *object);
/* The first of the extension's objects with this member; NULL: none. */
const json_t *payload_extension(const json_t *object, const char *member);

#endif
