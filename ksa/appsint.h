/* appsint.h - what the files of apps.h share. */
#ifndef KSA_APPSINT_H
#define KSA_APPSINT_H

#include "ksa/apps.h"

struct teller;

struct apps {
	struct peer	*peer;
	struct teller	*teller;
	/* Of ours: what the peer has, or does not take; 0: nothing. */
	uint64_t	 confirmed, declined;
	size_t		 at;		/* of the list: what is sent next */
	uint32_t	 part;
	uint64_t	 due;		/* not before; mono, ms */
	bool		 asked;		/* it said what it has */
	/* Of the peer's: on disk; not taken. */
	uint64_t	 known, refused;
	char		 reason[128];	/* for that */
	struct applist	 list;		/* being received */
	uint64_t	 generation;
	uint32_t	 next;		/* part of it */
	bool		 busy;		/* a list is being committed */
	uint64_t	 calm;		/* no other one before; mono, ms */
};

/* Our list is sent from its beginning, at the next opportunity. */
void	apps_restart(struct apps *);
/* What came of a list is no longer wanted. */
void	apps_forget(struct apps *);
/* Which list of the peer is here. */
void	apps_answer(struct apps *);

#endif
