/*
 * copy.h - keys drawn from one pool, for slaves at another node: they travel
 * end to end as keys XOR pad. The pad, and after it the key of a one-time MAC,
 * are octets of that node's own pool.
 */
#ifndef KSA_COPY_H
#define KSA_COPY_H

#include "ksa/bindings.h"

/* The names of the two ends. */
struct copy_way { const char *source, *destination; };

/*
 * Poly1305 over all that a binding says and the copy. `pieces`: of pad and
 * MAC key. The key is wiped. 0 or -E_MAC (library), -E_NO_MEMORY.
 */
int	copy_mac(uint8_t mac[OTP_MAC], uint8_t key[OTP_MAC_KEY],
	    const struct copy_way *, const struct binding *,
	    const struct pieces *);

/* ---- a copy that comes in parts ---- */

struct copy_parts { uint8_t *p; uint64_t request; uint32_t len, room; };

/* The next part, in order; whatever else comes, all is forgotten: it comes
 * again. -E_BAD_FORMAT, -E_NO_MEMORY. */
int	copy_part(struct copy_parts *, uint64_t request, uint64_t offset,
	    const uint8_t *, size_t len);
/* All `octets` of that request, to be freed, or NULL. Empty after it. */
uint8_t	*copy_parts_take(struct copy_parts *, uint64_t request,
	    uint32_t octets);
void	copy_parts_free(struct copy_parts *);

#endif
