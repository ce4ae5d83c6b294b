/* invitation.h - a session is brought to the destination application: the
 * other half of opening.h. */
#ifndef KSA_INVITATION_H
#define KSA_INVITATION_H

#include "ksa/sessions.h"

/* The peer asks for it: hostile. */
void	invitation_asked(struct sessions *, struct peer *,
	    const struct msg_session_open *);
/* Both applications are ours. */
void	invitation_own(struct session *);
/* The source gave it up. */
void	invitation_drop(struct session *);
/* It is its turn. False: there is no room, and it goes on waiting. */
bool	invitation_try(struct notice *);
void	invitation_tick(struct sessions *, uint64_t now);
void	invitation_stop(struct sessions *);

#endif
