/*
 * draw.h - keys of a session at the source (Q.4161 7.2.3): cut and committed
 * as any others, offered to the destination's KSA, and given to the source
 * application only once that has said that its application has them. The source
 * decides: without that word in time they are void at both ends.
 */
#ifndef KSA_DRAW_H
#define KSA_DRAW_H

#include "ksa/sessions.h"

struct supply_call *draw_start(struct sessions *, const struct session_draw *,
	    supply_done *, void *arg);
/* True: as supply_withdraw(). */
bool	draw_withdraw(struct supply_call *);
/* The destination's KSA has answered. */
void	draw_taken(struct sessions *, struct peer *,
	    const uint8_t session[SESSION_ID], uint64_t request,
	    enum supply_status, const char *words);
void	draw_tick(struct sessions *, uint64_t now);
void	draw_stop(struct sessions *);

#endif
