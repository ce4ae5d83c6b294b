/*
 * announce.h - link state for key relay: what this node says of its links,
 * what others say of theirs, passed on from neighbour to neighbour inside the
 * authenticated channels of the links. No sockets, no clock, no globals: one
 * struct announce is one node.
 */
#ifndef KMA_ANNOUNCE_H
#define KMA_ANNOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "linkstate.h"
#include "msg.h"

#define ANNOUNCE_EVERY_MS	30000
#define ANNOUNCE_AGAIN_MS	1000	/* after a change, if one was lost; doubled
					 * each time */
#define ANNOUNCE_APART_MS	200
#define ANNOUNCE_CHUNK		32768	/* octets of one channel message */
#define ANNOUNCE_PER_S		(2 * LINKSTATE_NODES_MAX) /* taken from a
						 * neighbour */
#define ANNOUNCE_SYNC		512	/* to a new neighbour each tick */

struct announce;

struct announce_ops {
	/* Octets for the neighbour: messages, one after the other. May fail:
	 * everything is sent again when the channel comes up anew. */
	void	(*send)(void *arg, const char *peer, const uint8_t *,
		    size_t octets);
};

struct announce_counters {
	uint64_t	said;		/* announcements of our own */
	uint64_t	sent;		/* to neighbours, others' among them */
	uint64_t	octets;		/* ... in channel messages */
	uint64_t	received, taken, old;
	uint64_t	echoes;		/* of us, from a life before */
	uint64_t	refused;	/* malformed, too many */
};

/* incarnation: higher than in the life before; ms since 1970. */
int	announce_new(struct announce **, const char *me, uint64_t incarnation,
	    const struct announce_ops *, void *arg);
void	announce_free(struct announce **);
/*
 * A link of this node; each once, at the start. `reserve`: a stock of so many
 * octets is fair, of four times as many ample.
 */
int	announce_link(struct announce *, const char *peer, uint64_t reserve);
/*
 * The link as it is: can its key be used, how much is there of our own
 * direction, how much ever came. Call about each 100 ms. A link without a
 * channel whose key cannot be used is not announced at all.
 */
void	announce_stock(struct announce *, const char *peer, bool usable,
	    uint64_t stock, uint64_t came, uint64_t now);
/* The channel to the neighbour came up anew, or went. */
void	announce_channel(struct announce *, const char *peer, bool up);
/* From the neighbour, inside the channel. Hostile: -E_BAD_FORMAT, -E_BUSY,
 * -E_DENIED (no neighbour with a channel). */
int	announce_input(struct announce *, const char *peer,
	    const struct msg_announce *, uint64_t now);
/* Sends what is to be passed on; after a batch of input. */
void	announce_flush(struct announce *);
/* Each 100 ms; flushes too. */
void	announce_tick(struct announce *, uint64_t now);

/* The network as it is known here. */
struct linkstate *announce_state(struct announce *);
const struct announce_counters *announce_counters(const struct announce *);

#endif
