/*
 * saeparts.h - the array `keys`, as both doors send it, into locked memory.
 * The JSON library never holds a key. Pure, but for that memory.
 */
#ifndef SAE_PARTS_H
#define SAE_PARTS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "saekeys.h"
#include "saewhy.h"

/* What was asked for: a message holds this and nothing else. */
struct saewanted {
	size_t	 n;		/* 0: any number, but not none */
	const uint8_t (*ids)[16];	/* NULL: whatever the KME chose */
	size_t	 octets;	/* of each key; 0: any, one size if no ids */
};

/*
 * A JSON object whose strings are places (saeblank.h) in the text.
 * -E_BAD_FORMAT, -E_TOO_LARGE, -E_NO_MEMORY, with the reason; NULL then.
 */
int	saeparts_blank(const char *body, size_t len, json_t **,
	    struct saewhy *);
/*
 * The keys of such an array, in the order of the IDs wanted; once, for `body`
 * is changed. Errors as above.
 */
int	saeparts_keys(json_t *array, char *body, size_t len,
	    const struct saewanted *, struct saekeys **, struct saewhy *);

#endif
