/* receipts.c - a short list, oldest first; no key octets in it. */
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "receipts.h"

#define ROOM	4	/* at first: usually one is open */

bool
receipts_full(const struct receipts *r)
{
	return r->n == r->room;
}

int
receipts_add(struct receipts *r, const struct receipt *new)
{
	unsigned	 room = r->room > 0 ? 2 * r->room : ROOM;
	struct receipt	*v;

	if (receipts_full(r)) {
		v = realloc(r->v, room * sizeof(*v));
		if (v == NULL)
			return -E_NO_MEMORY;
		r->v = v;
		r->room = room;
	}
	r->v[r->n++] = *new;
	return 0;
}

void
receipts_arrived(struct receipts *r, uint64_t octets)
{
	unsigned	n = 0;

	while (n < r->n && r->v[n].end <= octets)
		n++;
	if (n == 0)
		return;
	r->n -= n;
	memmove(r->v, r->v + n, r->n * sizeof(*r->v));
}

void
receipts_free(struct receipts *r)
{
	free(r->v);
	memset(r, 0, sizeof(*r));
}
