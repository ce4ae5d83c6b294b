/*
 * sessionstore.h - sessions on disk: table `session`. All but the names is
 * checked by whoever writes it.
 */
#ifndef KSA_SESSIONSTORE_H
#define KSA_SESSIONSTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "ident.h"
#include "ksa/keystore.h"
#include "ksa/supply.h"

#define SESSIONSTORE_ID	16	/* octets */

enum session_state { SESSION_PROPOSED, SESSION_OPEN, SESSION_ENDED };

struct session_row {
	uint8_t			 id[SESSIONSTORE_ID];
	int64_t			 peer;	/* with the other application; this
					 * node itself: both are here */
	bool			 source_here, destination_here;
	sae_id			 source, destination;
	char			*name;
	uint64_t		 most;	/* keys in all, 0: no limit */
	uint64_t		 drawn;	/* supplied or on their way */
	enum session_state	 state;
	enum supply_status	 status; /* why it ended */
	bool			 told;	/* the peer knows that it ended */
	uint64_t		 made, ended;	/* wall clock, ms */
};

/* In jobs. -E_EXISTS; -E_RANGE: more keys than a row can count. */
int	sessionstore_add(struct side *, const struct session_row *);
/* It was proposed; -E_GONE: it is not, or not any more. */
int	sessionstore_open(struct side *, const uint8_t id[SESSIONSTORE_ID]);
/* -E_GONE: it has ended already, or is not there. */
int	sessionstore_end(struct side *, const uint8_t id[SESSIONSTORE_ID],
	    enum supply_status why, bool told, uint64_t now);
int	sessionstore_told(struct side *, const uint8_t id[SESSIONSTORE_ID]);
/* It never was, or ended long ago. */
int	sessionstore_drop(struct side *, const uint8_t id[SESSIONSTORE_ID]);
/* So many keys are drawn: -E_RANGE beyond its limit, -E_GONE if it is not
 * open, -E_NOT_FOUND. bindings_recall() and its like give them back. */
int	sessionstore_draw(struct side *, const uint8_t id[SESSIONSTORE_ID],
	    uint32_t keys);

/* All of them, the oldest first, until fn returns other than 0, which is the
 * result then. fn must not use the store; the row is its for the call. */
int	sessionstore_each(struct side *,
	    int (*fn)(void *arg, const struct session_row *), void *arg);

#endif
