/* liar.h - what liar.c and liarframe.c share, and nobody else. */
#ifndef TESTS_LIAR_H
#define TESTS_LIAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ident.h"

#define LIAR_KEPT	512	/* messages, and frames; half of them for ever */
#define LIAR_LATE_MS	2500	/* at most */

enum lie { DROP, FLIP, TWICE, LATE, REPLAY, ELSEWHERE, VARIANT, REFLECT,
	INVENT, LIES };
enum { OWN, PEERS };	/* to whom */

/* A message to kma or ksa (km ""), or a frame to a peer. */
struct kept { km_id km; uint16_t command; uint32_t id; uint64_t due;
	size_t len; uint8_t *p; };

struct relayd;

extern struct relayd	*liar_relayd;

/* Whether to tell it now; counts it. */
bool	liar_tells(enum lie, int to);
void	liar_keep(struct kept *, const char *km, uint16_t command,
	    uint32_t id, const uint8_t *, size_t);
/* The place for another of LIAR_KEPT. */
struct kept *liar_place(struct kept *all, unsigned *n);
/* For another that is to be said late, or NULL: too many. */
struct kept *liar_late(void);
/* liarframe.c: to the peer that it names. */
void	liarframe_tell(const char *km, const struct kept *);

#endif
