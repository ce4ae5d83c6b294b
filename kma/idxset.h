/*
 * idxset.h - a sorted set of block indices, mostly filled at the end and
 * emptied at the front; and its form on the wire: ranges of an arithmetic
 * row, each 16 octets (first, last, big-endian).
 */
#ifndef KMA_IDXSET_H
#define KMA_IDXSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct idxset { uint64_t *v; size_t head, end, room; };

#define IDXSET_COUNT(s)	((s)->end - (s)->head)
#define IDXSET_FIRST(s)	((s)->v[(s)->head])
#define IDXSET_LAST(s)	((s)->v[(s)->end - 1])
#define IDXSET_FOREACH(s, p) \
	for (uint64_t *(p) = (s)->v == NULL ? NULL : (s)->v + (s)->head; \
	    (s)->v != NULL && (p) < (s)->v + (s)->end; (p)++)

int	idxset_add(struct idxset *, uint64_t);	/* twice is once */
bool	idxset_remove(struct idxset *, uint64_t);
bool	idxset_has(const struct idxset *, uint64_t);
int	idxset_join(struct idxset *, const struct idxset *); /* adds all */
void	idxset_clear(struct idxset *);		/* keeps the room */
void	idxset_free(struct idxset *);
/* Keeps what is in both; what goes is handed to `gone`. */
void	idxset_intersect(struct idxset *, const struct idxset *,
	    void (*gone)(void *arg, uint64_t idx), void *arg);

/* Ranges with a step of 2, of what has this parity. Returns the octets
 * written, at most `room`; what does not fit is left out. */
size_t	idxset_ranges(const struct idxset *, unsigned parity, uint8_t *out,
	    size_t room);
/* Pure. -E_BAD_FORMAT: not ascending, not of this parity, more than `max`. */
int	idxset_parse(struct idxset *, const uint8_t *, size_t len,
	    unsigned parity, size_t max);

#endif
