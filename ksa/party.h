/*
 * party.h - an application of this node that has sessions: how many, and what
 * waits for one of its connections.
 */
#ifndef KSA_PARTY_H
#define KSA_PARTY_H

#include <sys/queue.h>
#include <uthash.h>

#include "ksa/sessions.h"

struct party_line {		/* of a peer */
	unsigned		 brought;	/* sessions that are not ended */
	TAILQ_HEAD(, notice)	 waiting;	/* the oldest first */
};

struct party {
	sae_id			 id;
	unsigned		 refs;		/* sessions, ended ones too */
	unsigned		 asked, brought;	/* not ended */
	unsigned		 waiting;	/* in all lines */
	struct party_line	*lines;		/* by peer: they take turns */
	size_t			 turn;
	UT_hash_handle		 hh;
};

/* Its applications that are ours. -E_NO_MEMORY. */
int	party_join(struct sessions *, struct session *);
/* It has ended, or never was. */
void	party_over(struct sessions *, const struct session *);
void	party_leave(struct sessions *, struct session *);
/* Whether that application may ask for one more; *why, if not. */
bool	party_may_ask(const struct sessions *, const char *application,
	    const char **why);
/* Whether one more may be brought to it, by that peer. */
bool	party_may_bring(const struct sessions *, const char *application,
	    const struct peer *from, const char **why);
/* It is to be sent to the destination: behind what its KM brings already. */
void	party_wait(const struct session *, struct notice *);
/* Not any more; fine if it did not wait. */
void	party_leave_line(const struct session *, struct notice *);
/* It may have room for what waits. */
void	party_present(struct sessions *, const char *application);
void	party_present_all(struct sessions *);

#endif
