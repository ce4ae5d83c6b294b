/*
 * share.h - how much one of several may have of what is limited: another
 * piece, as long as it has no more than so many times what is left. One alone
 * gets nearly all of it; nobody keeps the others out, whatever it does.
 */
#ifndef KSA_SHARE_H
#define KSA_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#define SHARE_TIMES	16

/* It has `has`, all have `all`, of at most `limit`. The first `more` is never
 * too large. */
static inline bool
share_allows(uint64_t has, uint64_t all, uint64_t more, uint64_t limit)
{
	return all == 0 || (all <= limit && more <= limit - all &&
	    has <= SHARE_TIMES * (limit - all));
}

#endif
