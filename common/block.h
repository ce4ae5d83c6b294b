/*
 * block.h - how the octets of a block are divided. Every block of key
 * material in the network has the same size, `block_octets`, so that one
 * relay frame uses up exactly one link key block on each hop.
 *
 * Link key block (KMA-key), B octets:
 *	0..31	check key of the agreement, proposer to acceptor
 *	32..63	check key of the agreement, acceptor to proposer
 *	64..95	MAC key of the one relay frame that this block protects,
 *		or the control key of the link
 *	96..	pad of that frame, or the pool block of two neighbours
 *
 * Pool block (KSA-key), B - 96 octets:
 *	0..31	check key, source KSA to destination KSA
 *	32..63	check key, destination KSA to source KSA
 *	64..95	control key of the pair of KSAs
 *	96..127	key of the completion notification between the two KMAs
 *	128..	what applications get
 */
#ifndef QKD_BLOCK_H
#define QKD_BLOCK_H

#define BLOCK_OCTETS_MIN	1024
#define BLOCK_OCTETS_MAX	40960	/* 0x1101 must fit into one frame */
#define BLOCK_OCTETS_DEFAULT	"16384"
#define BLOCK_OCTETS_HELP	\
	"96 octets of each are not pad: 0.6 % of 16384. The largest suit fast " \
	"links; a slow one needs longer for each, at 1 kbit/s 131 s for 16384."
#define LINK_CHECK_OUT		0
#define LINK_CHECK_BACK		32
#define LINK_MAC		64
#define LINK_PAD		96
#define POOL_OCTETS(B)		((B) - LINK_PAD)
#define POOL_CHECK_OUT		0
#define POOL_CHECK_BACK		32
#define POOL_CONTROL		64
#define POOL_DONE		96
#define POOL_KEYS		128
#define POOL_KEY_OCTETS(B)	(POOL_OCTETS(B) - POOL_KEYS)

/* A pool block that shall come over several paths is the XOR of so many
 * parts, of POOL_OCTETS each. */
#define BLOCK_PARTS_MAX		8

#endif
