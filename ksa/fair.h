/*
 * fair.h - how a scarce stock is shared among those who want of it.
 *
 * While nobody waits there is nothing here and whoever comes first is served.
 * From the first that has to wait, what is in stock and what arrives is dealt
 * out in turns, the same number of octets to each. What a share was dealt is
 * its own: a large request saves up while small ones of others pass, and one
 * that asks often but for little keeps what it will ask for next. A share may
 * draw ahead of its turn from what others save up, as long as more is left
 * than it owes; it gets nothing before that is made good.
 *
 * Pure: the stock, as it is at that moment, and the time in ms are passed in.
 */
#ifndef KSA_FAIR_H
#define KSA_FAIR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uthash.h>

#include "ident.h"

struct fair_share {		/* of one application; read it only */
	sae_id			 name;
	uint32_t		 need;	/* its first request's; 0: none waits */
	uint32_t		 turn;	/* octets left of its turn */
	int64_t			 credit;	/* below 0: it owes */
	uint64_t		 run;	/* drawn since it last had to wait */
	uint64_t		 keep;	/* credit that it keeps when idle */
	uint64_t		 until;	/* ms: and how long */
	uint64_t		 dealt;	/* ms: when it last got something */
	bool			 turning;
	TAILQ_ENTRY(fair_share)	 ring, next;
	UT_hash_handle		 hh;
};

struct fair {
	struct fair_share	*by_name;
	TAILQ_HEAD(, fair_share) ring;		/* who can take more */
	TAILQ_HEAD(, fair_share) idle;		/* without a request */
	int64_t			 credits;	/* of all */
	uint64_t		 needs, kept;	/* of the waiting, idle */
	unsigned		 waiting;	/* shares */
};

void	fair_init(struct fair *);
bool	fair_is_empty(const struct fair *);
/* NULL: it has no share. */
struct fair_share *fair_find(const struct fair *, const char *name);
/* The caller's memory, until fair_expired() gives it back. */
void	fair_add(struct fair *, struct fair_share *, const char *name,
	    uint64_t now);
void	fair_remove(struct fair *, struct fair_share *);
/* The next that is of no use any more, removed; NULL: none. */
struct fair_share *fair_expired(struct fair *, uint64_t now);

/* Octets that a new request may be of, to be served at once; the share may be
 * NULL. */
uint64_t fair_allowance(const struct fair *, const struct fair_share *,
	    uint64_t stock);
/* The first request that waits is of so many octets; 0: none waits. */
void	fair_need(struct fair *, struct fair_share *, uint32_t octets,
	    uint64_t now);
/* Deals. Who can be served now, before anybody else; NULL: nobody. */
struct fair_share *fair_next(struct fair *, uint64_t stock, uint64_t now);
/* So many octets left the stock. */
void	fair_draw(struct fair *, struct fair_share *, uint32_t octets,
	    uint64_t now);
/* Its request, which waited since then, ended without any. What it had saved
 * up is for others first, unless it was still growing. */
void	fair_give_up(struct fair *, struct fair_share *, uint64_t since,
	    uint64_t now);
/* Its saved credit stays so long although none of its requests waits here. */
void	fair_hold(struct fair_share *, uint64_t until);
/* A stock with which everybody could be served. */
uint64_t fair_wanted(const struct fair *);

#endif
