/*
 * party.h - an application of this node that has sessions: how many, and what
 * waits for one of its connections.
 */
#ifndef KSA_PARTY_H
#define KSA_PARTY_H

#include <sys/queue.h>
#include <uthash.h>

#include "ksa/sessions.h"

struct party {
	sae_id			 id;
	unsigned		 refs;		/* sessions, ended ones too */
	unsigned		 asked, brought;	/* not ended */
	unsigned		*from;		/* of `brought`, by peer */
	/* What could not be sent yet, the oldest first. */
	TAILQ_HEAD(, invitation) invitations;
	TAILQ_HEAD(, offer)	 offers;
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
/* It may have room for what waits. */
void	party_present(struct sessions *, const char *application);
void	party_present_all(struct sessions *);

#endif
