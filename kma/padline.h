/*
 * padline.h - who gets the next block of our direction of a link: pairs of
 * KMs, source and destination, take turns, a block each. Pairs whose source
 * is this node together get own_share of the blocks, or as much as their
 * number makes if that is more, as long as they want it. A pair that just had
 * its turn and has nothing waiting is remembered for one round, so that it
 * need not wait here all the time to have its part; one that waited in vain
 * is before others when it comes again.
 *
 * Pure: the time in ms is passed in.
 */
#ifndef KMA_PADLINE_H
#define KMA_PADLINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "ident.h"

struct padpair;

/* Somebody who wants one block of our own direction. */
struct padwait {
	/* idx is out of the stock; the caller spends it on disk. On a
	 * negative r there is none: -E_NO_KEY, -E_DOWN. */
	void			(*fn)(void *arg, int r, uint64_t idx);
	void			*arg;
	const char		*from, *to;	/* KM IDs, the caller's */
	bool			 own;		/* from is this node */
	uint64_t		 deadline;	/* monotonic ms */
	bool			 waiting;
	struct padpair		*pair;
	TAILQ_ENTRY(padwait)	 next;
};

enum { PADLINE_TRANSIT, PADLINE_OWN };

TAILQ_HEAD(padpairs, padpair);

struct padclass {		/* read it only */
	struct padpairs		 ready;		/* in the order of turns */
	struct padpairs		 idle;		/* remembered */
	uint64_t		 round;
	unsigned		 waiting, pairs;	/* idle ones too */
	uint64_t		 dealt;
};

struct padline {
	struct padpair		*pairs;
	struct padclass		 class[2];
	unsigned		 own_share;	/* per cent */
	unsigned		 due;	/* of a block, to own pairs; 1/1000 */
	bool			 busy;	/* somebody waited a second ago */
	bool			 known;	/* the rate is */
	uint64_t		 rate;	/* blocks in 1000 s, while one waits */
	uint64_t		 before;	/* dealt up to a second ago */
};

void	padline_init(struct padline *, unsigned own_share);
void	padline_free(struct padline *);		/* nobody waits any more */
int	padline_add(struct padline *, struct padwait *);
void	padline_remove(struct padline *, struct padwait *);
/* Whose turn it is; removed, it gets a block. NULL: nobody waits. */
struct padwait *padline_next(struct padline *);
/* One that waited for too long, removed; NULL: none. */
struct padwait *padline_expired(struct padline *, uint64_t now);
/* Anyone, removed; NULL: none. */
struct padwait *padline_any(struct padline *);
unsigned padline_waiting(const struct padline *);
/* Blocks in transit that wait for such a pair. */
unsigned padline_of(const struct padline *, const char *from, const char *to);
/* Of the pair in transit that has most, more than so many: the last one;
 * stays in. NULL: none has. */
struct padwait *padline_longest(const struct padline *, unsigned most);
/* Frames of this pair that are here will not all get a block in so many ms:
 * one more would be in vain. */
bool	padline_is_hopeless(const struct padline *, const char *from,
	    const char *to, uint64_t ms);
/* A second has passed. */
void	padline_second(struct padline *);

#endif
