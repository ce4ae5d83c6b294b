/* manysimimpl.h - what the files of manysim.h share. */
#ifndef BENCH_MANYSIMIMPL_H
#define BENCH_MANYSIMIMPL_H

#include "bench/manysim.h"

#define SLOTS	(MANYSIM_DELAY_MS + 1)

/* An announcement, once for all who carry it. */
struct note {
	uint32_t	 number;
	uint32_t	 origin, version;	/* counts those of the origin */
	uint64_t	 incarnation, sequence;
	struct note	*older;
	size_t		 len;
	uint8_t		 octets[];
};

struct flight { uint32_t note, edge; };
struct slot { struct flight *flights; size_t n, room; };

struct node {
	struct manysim	*sim;
	uint32_t	 number;
	struct announce	*engine;
	uint64_t	 lives;
	unsigned	 phase;		/* of its tick */
	bool		 touched;
};

struct manysim {
	struct manynet		*net;
	uint64_t		 now, behind;
	struct node		*nodes;
	const bool		*engine;	/* of these */
	struct note		**newest;	/* by origin */
	uint32_t		*missing;	/* by origin: nodes */
	uint16_t		*seen;		/* by origin, by node */
	uint64_t		*known;		/* the same, bits by node */
	size_t			 words;		/* of bits, per node */
	uint32_t		*synced;	/* by edge: the next origin */
	struct note		**notes;
	uint32_t		 n_notes, room;
	struct slot		 slots[SLOTS];
	struct manysim_traffic	 traffic;
};

/* The newest announcement of the origin that the node has had. */
static inline uint16_t *
manysim_seen(const struct manysim *s, uint32_t origin, uint32_t node)
{
	return &s->seen[(size_t)origin * s->net->n + node];
}

/* Over the link, to arrive a while later. */
void	 manysim_fly(struct manysim *, const struct note *, uint32_t edge);
/* Something that its origin had not said before; it is the newest now. */
struct note *manysim_note(struct manysim *, const struct msg_announce *,
	    const uint8_t *, size_t);
/* The node has it now, and had an older one or none. */
void	 manysim_take(struct manysim *, const struct note *, uint32_t node);
uint64_t manysim_stock(const struct manyedge *);

/* manyplain.c: nodes without an engine */
void	 manyplain_take(struct manysim *, const struct note *, uint32_t edge,
	    uint32_t node);
void	 manyplain_tick(struct manysim *, uint32_t node);

#endif
