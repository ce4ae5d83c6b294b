/*
 * gate.h - how many blocks of this node's own may be on their way to one KM
 * at a time. Where key is scarce on a later link, what waits there has used
 * up key of the links before it, in vain if it waits for too long; and a
 * source that has few there gets as much as one that has many. So the number
 * grows as long as they come back soon, and halves when they are late or
 * lost; one may always go.
 *
 * Pure: the time in ms is passed in.
 */
#ifndef KMA_GATE_H
#define KMA_GATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "ident.h"

struct gate;

struct gates {
	struct gate	*by_km;
	uint64_t	 timeout;	/* ms: what takes longer is lost */
};

enum gate_place { GATE_OUTSIDE, GATE_HELD, GATE_PASSED, GATE_SENT };

struct gatewait {
	void			(*fn)(void *arg);	/* it may go */
	void			*arg;
	struct gate		*gate;
	enum gate_place		 place;
	uint64_t		 sent;		/* ms */
	TAILQ_ENTRY(gatewait)	 next;
};

void	gates_init(struct gates *, uint64_t timeout);
void	gates_free(struct gates *);
/* Calls fn at once, or leaves it to gates_pump(). */
int	gate_enter(struct gates *, const char *km, struct gatewait *,
	    uint64_t now);
/* Key of the first link is used up for it. */
void	gate_sent(struct gatewait *, uint64_t now);
/* It came back, or is lost; or was given up where it was. fn is not called
 * any more. */
void	gate_leave(const struct gates *, struct gatewait *, bool came,
	    uint64_t now);
/* Lets those go for which there is room by now. */
void	gates_pump(struct gates *, uint64_t now);
/* Gates that nobody used for a minute are forgotten. */
void	gates_tick(struct gates *, uint64_t now);
/* How many may be on their way to a KM. */
unsigned gates_size(const struct gates *, const char *km);

#endif
