/*
 * opening.h - how a session is created (Q.4161 7.2.1, 7.2.2). The source's KSA
 * puts it on disk as proposed and asks the destination's, which invites the
 * destination application (0x1206); accepted, it is on disk there as open,
 * then here, then the source application is told (0x1205).
 */
#ifndef KSA_OPENING_H
#define KSA_OPENING_H

#include "ksa/sessions.h"

struct supply_call *opening_start(struct sessions *,
	    const struct session_opening *, supply_done *, void *arg);
/* True: as supply_withdraw(). */
bool	opening_withdraw(struct supply_call *);
/* The destination's KSA has answered. */
void	opening_answered(struct sessions *, struct peer *,
	    const uint8_t id[SESSION_ID], enum supply_status,
	    const char *words);
void	opening_tick(struct sessions *, uint64_t now);
void	opening_stop(struct sessions *);

#endif
