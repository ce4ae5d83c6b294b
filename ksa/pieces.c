/* pieces.c - lists of ranges, encoded, decoded, walked. */
#include "ksa/pieces.h"

#include <stdlib.h>

#include "bytes.h"
#include "err.h"

struct pieces *
pieces_new(uint32_t n)
{
	struct pieces	*p;

	if (n > PIECES_MAX ||
	    (p = calloc(1, sizeof(*p) + n * sizeof(p->v[0]))) == NULL)
		return NULL;
	p->n = n;
	return p;
}

void
pieces_encode(const struct pieces *p, uint8_t *out)
{
	for (uint32_t i = 0; i < p->n; i++, out += PIECE_OCTETS) {
		put_be64(out, p->v[i].block);
		put_be32(out + 8, p->v[i].offset);
		put_be32(out + 12, p->v[i].octets);
	}
}

static int
piece_check(const struct pieces *p, uint32_t i)
{
	const struct piece	*v = &p->v[i];

	if (v->octets == 0 || v->octets > UINT32_MAX - v->offset ||
	    v->block == 0 || v->block > INT64_MAX)
		return -E_BAD_FORMAT;
	return i > 0 && v->block <= v[-1].block ? -E_BAD_FORMAT : 0;
}

int
pieces_decode(struct pieces **out, const uint8_t *in, size_t len,
    uint64_t total)
{
	struct pieces	*p;
	uint64_t	 sum = 0;
	int		 r = 0;

	if (len == 0 || len % PIECE_OCTETS != 0 ||
	    len / PIECE_OCTETS > PIECES_MAX)
		return -E_BAD_FORMAT;
	if ((p = pieces_new((uint32_t)(len / PIECE_OCTETS))) == NULL)
		return -E_NO_MEMORY;
	for (uint32_t i = 0; r == 0 && i < p->n; i++, in += PIECE_OCTETS) {
		p->v[i].block = get_be64(in);
		p->v[i].offset = get_be32(in + 8);
		p->v[i].octets = get_be32(in + 12);
		sum += p->v[i].octets;
		r = piece_check(p, i);
	}
	if (r == 0 && sum != total)
		r = -E_BAD_FORMAT;
	if (r < 0)
		free(p);
	else
		*out = p;
	return r;
}

uint32_t
pieces_map(const struct pieces *p, uint64_t from, uint64_t octets,
    struct piece *out)
{
	for (uint32_t i = 0; i < p->n && octets > 0; i++) {
		if (from >= p->v[i].octets) {
			from -= p->v[i].octets;
			continue;
		}
		*out = p->v[i];
		out->offset += (uint32_t)from;
		out->octets -= (uint32_t)from;
		if (out->octets > octets)
			out->octets = (uint32_t)octets;
		return out->octets;
	}
	return 0;
}

struct pieces *
pieces_part(const struct pieces *p, uint64_t from, uint64_t octets)
{
	struct pieces	*out = pieces_new(p->n);
	uint32_t	 n;

	if (out == NULL)
		return NULL;
	out->n = 0;
	while ((n = pieces_map(p, from, octets, &out->v[out->n])) > 0) {
		from += n;
		octets -= n;
		out->n++;
	}
	return out;
}
