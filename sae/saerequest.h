/* saerequest.h - the text of requests of ETSI GS QKD 014. Pure. */
#ifndef SAE_REQUEST_H
#define SAE_REQUEST_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "saeclient.h"
#include "saewhy.h"

/*
 * Whole HTTP requests; free() them. -E_BAD_FORMAT or -E_RANGE names the
 * argument that is wrong.
 */
int	saerequest_status(char **out, const char *kme, const char *slave,
	    struct saewhy *);
int	saerequest_get(char **out, const char *kme, const struct saeget *,
	    struct saewhy *);
int	saerequest_fetch(char **out, const char *kme,
	    const struct saefetch *, struct saewhy *);

/* What the other door needs of the same: the checks of arguments, key_IDs as
 * octets, and extension_mandatory and extension_optional as members. */
int	saerequest_check(const struct saeget *, struct saewhy *);
int	saerequest_ids(uint8_t (*out)[16], const struct saefetch *,
	    struct saewhy *);
int	saerequest_extensions(json_t *, const struct saeget *,
	    struct saewhy *);

#endif
