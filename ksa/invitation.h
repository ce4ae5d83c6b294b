/* invitation.h - a session is brought to the destination application: the
 * other half of opening.h. */
#ifndef KSA_INVITATION_H
#define KSA_INVITATION_H

#include "ksa/sessions.h"

/* The peer asks for it: hostile. */
void	invitation_asked(struct sessions *, struct peer *,
	    const struct msg_session_open *);
/* Both applications are ours. */
void	invitation_own(struct sessions *, struct session *);
/* The source gave it up. */
void	invitation_drop(struct sessions *, const struct session *);
void	invitation_tick(struct sessions *, uint64_t now);
/* That application has a new connection. */
void	invitation_present(struct sessions *, const char *application);
void	invitation_stop(struct sessions *);

#endif
