/*
 * saeakread.h - what a KM sends by Q.4161, checked by the table of akmsg.c.
 * Pure, but for the locked memory that keys go to.
 */
#ifndef SAE_AKREAD_H
#define SAE_AKREAD_H

#include "akmsg.h"
#include "saekeys.h"
#include "saeparts.h"
#include "saewhy.h"

/* Large: not for the stack of a library. Zeros before the first use. m.ids are
 * those of the keys. */
struct saeaknews {
	struct ak_message	 m;
	struct saekeys		*keys;		/* NULL: none */
};
void	saeaknews_clear(struct saeaknews *);

/*
 * `payload` is changed, and held key bytes: wipe it. Keys come with success,
 * and with what is no response, and are then those that are wanted.
 * -E_BAD_FORMAT, -E_TOO_LARGE, -E_NO_MEMORY, with the reason; in any case
 * saeaknews_clear() follows. A session_ID that could be read is there all the
 * same.
 */
int	saeakread(struct saeaknews *, const struct ak_command *,
	    char *payload, size_t len, const struct saewanted *,
	    struct saewhy *);
/*
 * What `response` says: 0 or -E_REFUSED, -E_DENIED, -E_BUSY, -E_NOT_FOUND,
 * -E_REJECTED, -E_SILENT, -E_EXPIRED, with the KM's words.
 */
int	saeakread_verdict(const char *response, const char *kme,
	    struct saewhy *);

#endif
