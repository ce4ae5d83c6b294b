/*
 * manifest.h - what a backup holds, by its own word: the first member of the
 * archive, JSON. manifest_parse() is pure.
 */
#ifndef CTL_MANIFEST_H
#define CTL_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "member.h"

#define MANIFEST_FORMAT		1
#define MANIFEST_MEMBERS	4096
#define MANIFEST_TEXT		256	/* octets of a text, with the NUL */
#define MANIFEST_SHA		64	/* hex digits of SHA-256 */

struct manifest_member {
	char		name[MEMBER_NAME];
	uint64_t	size;
	char		sha256[MANIFEST_SHA + 1];
};

struct manifest {
	char			version[MANIFEST_TEXT];	/* of qkdctl */
	char			kme_id[MANIFEST_TEXT];
	char			made[MANIFEST_TEXT];	/* UTC */
	unsigned		n;
	struct manifest_member	*members;
};

/* -E_BAD_FORMAT with `why`; manifest_free() after 0 only. */
int	manifest_parse(struct manifest *, const char *text, size_t len,
	    char *why, size_t room);
/* free() it; NULL: no memory. */
char	*manifest_write(const struct manifest *);
/* NULL: it is not there. */
const struct manifest_member *manifest_find(const struct manifest *,
	    const char *name);
void	manifest_free(struct manifest *);

#endif
