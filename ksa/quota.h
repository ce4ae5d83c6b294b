/*
 * quota.h - how much key an application may draw, and one of one other: token
 * buckets, by name, so that they outlive the configuration that set them.
 *
 * A draw that has to wait takes its octets at once and is told how long; so
 * those of one quota keep their order and no list of them is needed. Time is
 * passed in, in ms, of a clock that is never set back.
 */
#ifndef KSA_QUOTA_H
#define KSA_QUOTA_H

#include <stdint.h>

#include "ksa/conf.h"

#define QUOTA_NONE	UINT64_MAX	/* octets, where no quota is set */

struct quota;

struct quota_draw {
	const char		*master;
	const char *const	*slaves;
	uint32_t		 nslaves;
	uint64_t		 octets;	/* of each slave's quota */
	uint64_t		 total;		/* of the master's own */
};

/* Why not. */
struct quota_lack {
	const char	*slave;		/* NULL: the master's own quota */
	uint64_t	 needed, left;	/* octets */
	uint64_t	 rate, burst;	/* octets per second; octets */
	uint64_t	 wait;		/* ms; 0: it is more than burst */
};

int	quota_new(struct quota **);
void	quota_free(struct quota **);
/* As configured from now on. Of a quota that stays, what is left stays. */
int	quota_load(struct quota *, const struct ksa_conf *, uint64_t now);
/*
 * All of it or nothing. The ms after which it may be drawn, not more than
 * `patience`; -E_NO_KEY: *lack says what hinders it longest.
 */
int64_t	quota_take(struct quota *, const struct quota_draw *,
	    uint64_t patience, uint64_t now, struct quota_lack *);
/* It was not drawn. */
void	quota_give_back(struct quota *, const struct quota_draw *);
/* Octets left for this pair, and the most that ever are. */
uint64_t quota_left(struct quota *, const char *master, const char *slave,
	    uint64_t now);
uint64_t quota_most(const struct quota *, const char *master,
	    const char *slave);

#endif
