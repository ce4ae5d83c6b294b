/*
 * linkaccount.c - what became of a link's key, in octets since the start. But
 * for what is just being written,
 *	found + pulled = fresh + stock + pad + mac + agreement + control +
 *	    pool + void
 */
#include "block.h"
#include "kma/link.h"

#define LINK_CHECKS	(LINK_MAC - LINK_CHECK_OUT)	/* of the agreement */

/*
 * What frames and pool blocks cost beyond what they brought, in per cent. The
 * check keys of the agreement count here; control keys do not, their number
 * grows with channels and not with key.
 */
static double
overhead(uint64_t brought, uint64_t beyond)
{
	return brought == 0 ? 0 : 100 * (double)beyond / (double)brought;
}

json_t *
linkaccount_status(const struct link *l)
{
	const struct link_counters	*n = &l->n;
	uint64_t	B = (uint64_t)kma_conf.block_octets;
	uint64_t	frames = n->spent - n->assigned;
	uint64_t	pad = frames * (B - LINK_PAD);
	uint64_t	mac = frames * (LINK_PAD - LINK_MAC);
	uint64_t	agreement = (n->spent + n->control) * LINK_CHECKS;
	uint64_t	pool = n->assigned * (B - LINK_MAC);
	uint64_t	stock = IDXSET_COUNT(&l->own) +
			    IDXSET_COUNT(&l->theirs);

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I,"
	    " s:f}",
	    "found", (json_int_t)(n->found * B),
	    "pulled", (json_int_t)(n->kept * B),
	    "fresh", (json_int_t)(l->nfresh * B),
	    "stock", (json_int_t)(stock * B),
	    "pad", (json_int_t)pad, "mac", (json_int_t)mac,
	    "agreement", (json_int_t)agreement,
	    "control", (json_int_t)(n->control * (B - LINK_CHECKS)),
	    "pool", (json_int_t)pool, "void", (json_int_t)(n->voided * B),
	    "overhead_percent", overhead(pad + n->assigned * POOL_OCTETS(B),
	    n->spent * LINK_PAD));
}
