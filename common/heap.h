/*
 * heap.h - numbers below some bound, the one with the smallest key first.
 * Who owns keys and room may lower a key and say so.
 */
#ifndef QKD_HEAP_H
#define QKD_HEAP_H

#include <stdint.h>

struct heap {
	uint32_t	 n;
	uint32_t	*item;		/* as many as there are numbers */
	uint32_t	*at;		/* the same; 0: not in the heap */
};

/* room: two for each of the `bound` numbers. */
void		heap_init(struct heap *, uint32_t *room, uint32_t bound);
/* Puts i in, or further up when its key is lower than before. */
void		heap_raise(struct heap *, const uint32_t *key, uint32_t i);
uint32_t	heap_pop(struct heap *, const uint32_t *key);

#endif
