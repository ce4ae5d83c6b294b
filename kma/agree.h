/*
 * agree.h - the check of one link key block, and the lists in which offers
 * and their answers travel. Pure.
 */
#ifndef KMA_AGREE_H
#define KMA_AGREE_H

#include <stddef.h>
#include <stdint.h>

#include "otp.h"

#define OFFER_ITEM	24	/* index 8, tag 16 */
#define ANSWER_ITEM	25	/* index 8, verdict 1, tag 16 */
#define OFFER_MAX	512	/* items in one message */

enum verdict {
	VERDICT_ACCEPTED,	/* held identically; now agreed */
	VERDICT_ABSENT,		/* my module has not come so far */
	VERDICT_LOST,		/* my module is past it: void */
	VERDICT_DIFFERS,	/* held with other octets: void */
	VERDICT_MAX
};

struct block_check {		/* both tags of a block */
	uint8_t	out[OTP_MAC];	/* proposer to acceptor */
	uint8_t	back[OTP_MAC];	/* acceptor to proposer */
};

struct agree_item {
	uint64_t	idx;
	enum verdict	verdict;
	uint8_t		tag[OTP_MAC];
};

/* Computes both tags; the block's check keys stay as they are. */
int	agree_check(struct block_check *, const char *link, uint64_t idx,
	    const uint8_t *block, size_t octets);
/* Appends at *len. */
void	agree_put_offer(uint8_t *out, size_t *len, uint64_t idx,
	    const uint8_t tag[OTP_MAC]);
void	agree_put_answer(uint8_t *out, size_t *len, uint64_t idx,
	    enum verdict, const uint8_t tag[OTP_MAC]);
/*
 * The i-th item of a list; `item` octets each (OFFER_ITEM or ANSWER_ITEM).
 * Returns 1, 0 at the end, -E_BAD_FORMAT: bad size, verdict, or an index that
 * is zero, not ascending, or outside first..last.
 */
int	agree_get(const uint8_t *, size_t len, size_t item, size_t i,
	    uint64_t first, uint64_t last, struct agree_item *);

#endif
