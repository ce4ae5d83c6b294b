/*
 * house.h - connections that were let in, by application: a limit for each
 * and one for all. When the house is full, a newcomer takes the place of
 * the application that holds most, unless that is his own.
 */
#ifndef KSA_HOUSE_H
#define KSA_HOUSE_H

#include <stdbool.h>
#include <sys/queue.h>

struct house;

struct tenant {			/* zeroed at first */
	TAILQ_ENTRY(tenant)	 entry;
	struct holder		*holder;	/* NULL: not in */
	bool			 busy;		/* the owner's word */
};

int	house_new(struct house **, unsigned max, unsigned max_each);
void	house_free(struct house **);	/* when all have left */
/*
 * 0: in, and *out, unless NULL, must be closed for it: of those that are not
 * busy the one that has been idle longest. -E_BUSY: the application has as
 * many as it may. -E_TOO_LARGE: the house is full, and nobody has more than
 * this application would. -E_NO_MEMORY.
 */
int	house_enter(struct house *, struct tenant *, const char *application,
	    struct tenant **out);
void	house_leave(struct house *, struct tenant *);
/* It had something to do just now. */
void	house_active(struct tenant *);
unsigned house_count(const struct house *);

#endif
