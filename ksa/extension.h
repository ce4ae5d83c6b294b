/*
 * extension.h - the extension parameters of Get key (014 6.2) that we know:
 * one table says how a value is read, what key material meets it, and what
 * the answer tells.
 */
#ifndef KSA_EXTENSION_H
#define KSA_EXTENSION_H

#include "etsi014json.h"

#define EXTENSION_UNSUPPORTED \
	"not all extension_mandatory parameters are supported"
#define EXTENSION_UNMET \
	"not all extension_mandatory request options could be met"
#define EXTENSION_TEXT	128	/* room for extension_tell() */

struct material;

/* Arrays of objects or NULL; the values are hostile. -E_BAD_FORMAT. */
int	extension_read(struct supply_wish *, const json_t *mandatory,
	    const json_t *optional, struct refusal *);
/* The refusal for mandatory parameters that were not met; why: or NULL. */
void	extension_unmet(unsigned unmet, const char *why, struct refusal *);
/* Whether the material meets those wishes. */
bool	extension_met(const struct supply_wish *, unsigned wishes,
	    const struct material *, uint64_t now);
/* Over how many node-disjoint paths it must have come for that; at least 1. */
uint32_t extension_paths(const struct supply_wish *, unsigned wishes);
/* The member key_extension with a comma before it; "" for NULL. Its length. */
size_t	extension_tell(char out[EXTENSION_TEXT],
	    const struct supply_origin *);

#endif
