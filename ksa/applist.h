/*
 * applist.h - a list of application IDs as one node announces it to another:
 * ascending by octets, none twice, in parts. Pure.
 */
#ifndef KSA_APPLIST_H
#define KSA_APPLIST_H

#include <stddef.h>
#include <stdint.h>

#define APPLIST_MOST	65536	/* IDs of one node */
#define APPLIST_PART	24576	/* octets of one message */

struct applist {
	char		*text;		/* each ID with a NUL behind it */
	size_t		 len, room, last;
	uint32_t	 n;
};

void	applist_free(struct applist *);
/* Behind the others. -E_BAD_FORMAT: no ID, or not in order; -E_TOO_LARGE:
 * there are `most` already; -E_NO_MEMORY. */
int	applist_add(struct applist *, const char *id, size_t len,
	    uint32_t most);
/* The first ID after the one given (NULL: of all), or NULL. */
const char *applist_next(const struct applist *, const char *id);
/* The IDs from octet *at of the text, as many as fit; *at: the next. */
size_t	applist_encode(const struct applist *, size_t *at,
	    uint8_t out[APPLIST_PART]);
/* From the wire, hostile: behind the others, as applist_add(). */
int	applist_decode(struct applist *, const uint8_t *, size_t len,
	    uint32_t most);
/* What the list is, in 63 bits; never 0. */
uint64_t applist_digest(const struct applist *);

#endif
