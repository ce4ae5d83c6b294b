/* pieces.h - where the keys of a request lie: ranges of pool blocks. */
#ifndef KSA_PIECES_H
#define KSA_PIECES_H

#include <stddef.h>
#include <stdint.h>

#define PIECES_MAX	1536	/* so that a binding fits into one message */
#define PIECE_OCTETS	16	/* on the wire: u64, u32, u32, big-endian */

struct piece {
	uint64_t	block;		/* serial */
	uint32_t	offset;		/* 0: the first octet for applications */
	uint32_t	octets;
};

struct pieces {
	uint32_t	n;
	struct piece	v[];
};

struct pieces	*pieces_new(uint32_t n);
/* Writes n * PIECE_OCTETS octets. */
void		 pieces_encode(const struct pieces *, uint8_t *out);
/*
 * Hostile octets: at least one piece, none empty or past UINT32_MAX, blocks
 * in ascending order and each once, `total` octets in all. -E_BAD_FORMAT,
 * -E_NO_MEMORY. The result is freed with free().
 */
int		 pieces_decode(struct pieces **, const uint8_t *, size_t len,
		    uint64_t total);
/* The pieces of octets from..from+octets of the keys; NULL: no memory. */
struct pieces	*pieces_part(const struct pieces *, uint64_t from,
		    uint64_t octets);
/*
 * The next range of octets from..from+octets of the keys: fills *out, returns
 * how many octets it covers, 0 past the end.
 */
uint32_t	 pieces_map(const struct pieces *, uint64_t from,
		    uint64_t octets, struct piece *out);

#endif
