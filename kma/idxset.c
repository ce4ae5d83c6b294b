/* idxset.c - a sorted set of block indices. */
#include "kma/idxset.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "err.h"

#define RANGE	16

/* Where idx is, or would be. */
static size_t
place(const struct idxset *s, uint64_t idx)
{
	size_t	lo = s->head, hi = s->end;

	if (lo < hi && s->v[hi - 1] < idx)
		return hi;
	while (lo < hi) {
		size_t	mid = lo + (hi - lo) / 2;

		if (s->v[mid] < idx)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int
make_room(struct idxset *s)
{
	uint64_t	*v;
	size_t		 n = IDXSET_COUNT(s), room = s->room * 2 + 64;

	if (s->end < s->room)
		return 0;
	if (s->head > s->room / 2) {
		memmove(s->v, s->v + s->head, n * sizeof(*s->v));
	} else {
		if ((v = realloc(s->v, room * sizeof(*v))) == NULL)
			return -E_NO_MEMORY;
		s->v = v;
		s->room = room;
		memmove(s->v, s->v + s->head, n * sizeof(*s->v));
	}
	s->head = 0;
	s->end = n;
	return 0;
}

int
idxset_add(struct idxset *s, uint64_t idx)
{
	size_t	at;
	int	r;

	if (idxset_has(s, idx))
		return 0;
	if ((r = make_room(s)) < 0)
		return r;
	at = place(s, idx);
	memmove(s->v + at + 1, s->v + at, (s->end - at) * sizeof(*s->v));
	s->v[at] = idx;
	s->end++;
	return 0;
}

bool
idxset_has(const struct idxset *s, uint64_t idx)
{
	size_t	at = place(s, idx);

	return at < s->end && s->v[at] == idx;
}

bool
idxset_remove(struct idxset *s, uint64_t idx)
{
	size_t	at = place(s, idx);

	if (at >= s->end || s->v[at] != idx)
		return false;
	if (at == s->head) {
		s->head++;
		return true;
	}
	memmove(s->v + at, s->v + at + 1, (s->end - at - 1) * sizeof(*s->v));
	s->end--;
	return true;
}

int
idxset_join(struct idxset *s, const struct idxset *other)
{
	size_t		 i = s->head, j = other->head, n = 0;
	size_t		 room = IDXSET_COUNT(s) + IDXSET_COUNT(other);
	uint64_t	*v;

	if (i == s->end && j == other->end)
		return 0;
	if ((v = malloc(room * sizeof(*v))) == NULL)
		return -E_NO_MEMORY;
	while (i < s->end || j < other->end) {
		bool	mine = j == other->end ||
			    (i < s->end && s->v[i] <= other->v[j]);
		bool	both = i < s->end && j < other->end &&
			    s->v[i] == other->v[j];

		v[n++] = mine ? s->v[i] : other->v[j];
		i += mine;
		j += !mine || both;
	}
	free(s->v);
	*s = (struct idxset){ v, 0, n, room };
	return 0;
}

void
idxset_clear(struct idxset *s)
{
	s->head = s->end = 0;
}

void
idxset_free(struct idxset *s)
{
	free(s->v);
	*s = (struct idxset){ 0 };
}

void
idxset_intersect(struct idxset *s, const struct idxset *other,
    void (*gone)(void *, uint64_t), void *arg)
{
	size_t	kept = s->head, end = s->end;

	for (size_t i = s->head; i < end; i++) {
		if (idxset_has(other, s->v[i]))
			s->v[kept++] = s->v[i];
		else if (gone != NULL)
			gone(arg, s->v[i]);
	}
	s->end = kept;
}

size_t
idxset_ranges(const struct idxset *s, unsigned parity, uint8_t *out,
    size_t room)
{
	size_t	len = 0;

	IDXSET_FOREACH(s, p) {
		if (*p % 2 != parity)
			continue;
		if (len > 0 && get_be64(out + len - 8) + 2 == *p) {
			put_be64(out + len - 8, *p);
			continue;
		}
		if (len + RANGE > room)
			break;
		put_be64(out + len, *p);
		put_be64(out + len + 8, *p);
		len += RANGE;
	}
	return len;
}

int
idxset_parse(struct idxset *s, const uint8_t *p, size_t len, unsigned parity,
    size_t max)
{
	uint64_t	first, last, before = 0;
	int		r;

	idxset_clear(s);
	if (len % RANGE != 0)
		return -E_BAD_FORMAT;
	for (; len > 0; p += RANGE, len -= RANGE) {
		first = get_be64(p);
		last = get_be64(p + 8);
		if (first > last || first <= before || last > INT64_MAX ||
		    first % 2 != parity || last % 2 != parity ||
		    (last - first) / 2 >= max - IDXSET_COUNT(s))
			return -E_BAD_FORMAT;
		for (uint64_t idx = first; idx <= last; idx += 2)
			if ((r = idxset_add(s, idx)) < 0)
				return r;
		before = last;
	}
	return 0;
}
