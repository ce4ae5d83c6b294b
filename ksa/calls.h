/* calls.h - what the calls of supply.h and session.h have in common. */
#ifndef KSA_CALLS_H
#define KSA_CALLS_H

#include "ksa/env.h"
#include "ksa/place.h"
#include "ksa/supply.h"

enum call_kind { CALL_ENC, CALL_DEC, CALL_SESSION, CALL_DRAW,
	CALL_PLAIN, CALL_PLAIN_DRAW };

struct supply_call {		/* first member of enc, fetch... */
	enum call_kind	 kind;
	struct env	*env;
	supply_done	*done;	/* NULL: answered, or the client went away */
	void		*arg;
	struct event	*timer;
};

void	call_init(struct supply_call *, enum call_kind, struct env *,
	    supply_done *, void *arg);
/* Once; wipes what the receiver leaves. */
void	call_answer(struct supply_call *, struct supply_answer *);
void	call_fail(struct supply_call *, enum supply_status,
	    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* That application is nowhere, or at two nodes: place_find() said so. */
void	call_no_place(struct supply_call *, int r, const char *id,
	    const struct place *);
/* One shot; fn gets the call. */
int	call_timer(struct supply_call *, int64_t ms, event_callback_fn);
void	call_end(struct supply_call *);	/* the timer */

#endif
