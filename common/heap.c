/* heap.c - a binary heap that knows where everything is. */
#include "heap.h"

#include <string.h>

void
heap_init(struct heap *h, uint32_t *room, uint32_t bound)
{
	h->n = 0;
	h->item = room;
	h->at = room + bound;
	memset(h->at, 0, bound * sizeof(*h->at));
}

static void
put(struct heap *h, uint32_t place, uint32_t i)
{
	h->item[place] = i;
	h->at[i] = place + 1;
}

void
heap_raise(struct heap *h, const uint32_t *key, uint32_t i)
{
	uint32_t	place = h->at[i] != 0 ? h->at[i] - 1 : h->n++, up;

	for (; place > 0; place = up) {
		up = (place - 1) / 2;
		if (key[h->item[up]] <= key[i])
			break;
		put(h, place, h->item[up]);
	}
	put(h, place, i);
}

uint32_t
heap_pop(struct heap *h, const uint32_t *key)
{
	uint32_t	first = h->item[0], last = h->item[--h->n];
	uint32_t	place = 0, down;

	h->at[first] = 0;
	for (; (down = 2 * place + 1) < h->n; place = down) {
		if (down + 1 < h->n &&
		    key[h->item[down + 1]] < key[h->item[down]])
			down++;
		if (key[h->item[down]] >= key[last])
			break;
		put(h, place, h->item[down]);
	}
	if (h->n > 0)
		put(h, place, last);
	return first;
}
