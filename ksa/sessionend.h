/*
 * sessionend.h - how sessions end: by their limit, by time, by word of the
 * peer; the peer is told until it says that it knows.
 */
#ifndef KSA_SESSIONEND_H
#define KSA_SESSIONEND_H

#include "ksa/sessions.h"

/* On disk at once. `tell`: its peer does not know yet. */
void	sessionend(struct sessions *, struct session *,
	    enum supply_status why, bool tell);
/* Nobody knows of it: it never was. Unless it has ended. */
void	sessionend_unless_told(struct sessions *, struct session *);
/* If its limit is reached and nothing is under way. */
void	sessionend_at_limit(struct sessions *, struct session *);
/* The peer says that it ended, or (`answer`) that it knows. */
void	sessionend_heard(struct sessions *, struct peer *,
	    const uint8_t id[SESSION_ID], enum supply_status why, bool answer);
/* A reload has taken an application of it away, or to another KM. */
bool	sessionend_is_due(const struct sessions *, const struct session *);
/* What was shared with that peer went back in time here: nobody knows how
 * many keys sessions with a limit have had. */
void	sessionend_went_back(struct sessions *, const struct peer *);
/* Every 100 ms: looks at a tenth of them, forgets old ones. */
void	sessionend_tick(struct sessions *);
/* Tells peers again. */
void	sessionend_second(struct sessions *);

#endif
