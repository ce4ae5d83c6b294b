/* saekeys.h - keys that a KME handed out, in locked memory. */
#ifndef SAE_KEYS_H
#define SAE_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "ident.h"

#define SAE_KEYS_MAX	1024		/* in one request */
#define SAE_KEY_OCTETS	(1 << 17)	/* the longest key */

struct saekey {
	uuid_text	 id;		/* lower case */
	size_t		 octets;
	const uint8_t	*bytes;
	char		*extension;	/* key_extension as JSON; or NULL */
};

struct saekeys {
	size_t		 n;
	struct saekey	 key[];
};

/* Room for n keys of so many octets in all. NULL: out of locked memory. */
struct saekeys	*saekeys_new(size_t n, size_t octets);
/* Where the octets lie that saekeys_new() made room for. */
uint8_t		*saekeys_room(struct saekeys *);
/* Wipes; NULL is fine; NULL after. */
void		 saekeys_free(struct saekeys **);

#endif
