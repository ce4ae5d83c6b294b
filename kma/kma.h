/* kma.h - the whole of the key management agent. */
#ifndef KMA_KMA_H
#define KMA_KMA_H

#include <event2/event.h>
#include <jansson.h>

#include "ipc.h"
#include "kma/link.h"
#include "kma/linkstore.h"
#include "kma/routes.h"

struct announce;
struct relays;
struct supplies;
struct ctl;

struct kma {
	struct event_base	*base;
	struct event		*tick;
	struct linkstore	*store;
	struct ipc		*ksa, *relayd;
	struct ctl		*ctl;
	struct link		**links;
	size_t			 nlinks;
	struct announce		*announce;	/* linkad.c: who has links */
	struct routes		*routes;	/* routes.c: ways there are */
	struct relays		*relays;	/* relay.c: frames */
	struct gathers		*gathers;	/* gather.c: parts */
	struct supplies		*supplies;	/* supply.c: what ksa asks */
	unsigned		 ticks;
	bool			 stopping;
};

int		 kma_new(struct kma **, struct event_base *);
void		 kma_free(struct kma **);
struct link	*kma_link_to(struct kma *, const char *peer);

/* relay.c: key relay, Q.4163 7.1. */
int		 relay_new(struct kma *);
void		 relay_free(struct kma *);
void		 relay_tick(struct kma *);
void		 relay_in(struct kma *, struct msg_relay_in *);
void		 relay_done_in(struct kma *, struct msg_done_in *);
/* The way to a KM is this one now; "": none. */
void		 relay_rerouted(struct kma *, const char *peer,
		    const char *route);
json_t		*relay_status(struct kma *);
/*
 * Draws a pool block and relays it to `peer`; done() once, with the block
 * when the destination has it on disk. The caller owns the secret then.
 */
struct origin {
	uint32_t	hops;		/* links */
	uint64_t	made;		/* ms since 1970 */
	uint32_t	paths;		/* node-disjoint; 1: an ordinary block */
};
typedef void	 relay_done(void *arg, int r, struct secret *pool,
		    const struct origin *);
void		 relay_send(struct kma *, const char *peer, uint64_t block,
		    relay_done *, void *arg);

/* disjoint.c: the same, over so many node-disjoint paths, at least two. */
void		 disjoint_send(struct kma *, const char *peer, uint64_t block,
		    unsigned paths, relay_done *, void *arg);

/* direct.c: a link block becomes a pool block of two neighbours. */
void		 direct_send(struct link *, uint64_t block, relay_done *,
		    void *arg);
void		 direct_in(struct link *, struct msg *);
void		 direct_down(struct link *);	/* the channel broke */
void		 direct_give_up(struct link *);
void		 direct_tick(struct link *);

/* supply.c: what ksa asks. */
int		 supply_new(struct kma *);
void		 supply_free(struct kma *);
void		 supply_in(struct kma *, struct msg *);
void		 supply_ksa_up(struct kma *);
/* What ksa has not fetched for too long is destroyed. */
void		 supply_age(struct kma *);
/* A pool block from `source` is on disk: tell ksa. */
void		 supply_ready(struct kma *, const char *source,
		    uint64_t block);
/* There are only so many node-disjoint paths. */
void		 supply_paths(struct kma *, const char *peer, unsigned paths);
json_t		*supply_status(struct kma *);

#endif
