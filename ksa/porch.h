/*
 * porch.h - connections whose certificate is not known yet: how many there
 * may be, in all and from one source. A newcomer is always let on; whoever
 * has been there longest gives way, of his own source or of that with most.
 */
#ifndef KSA_PORCH_H
#define KSA_PORCH_H

#include <stdint.h>
#include <sys/queue.h>

struct porch;

struct porch_item {		/* zeroed at first */
	TAILQ_ENTRY(porch_item)	 entry;
	struct porch_source	*source;	/* NULL: not there */
};

int	porch_new(struct porch **, unsigned max, unsigned max_per_source);
void	porch_free(struct porch **);	/* when all have left */
/* *out: who must be closed for it, or NULL. -E_NO_MEMORY. */
int	porch_enter(struct porch *, struct porch_item *, uint64_t source,
	    struct porch_item **out);
void	porch_leave(struct porch *, struct porch_item *);
unsigned porch_count(const struct porch *);

#endif
