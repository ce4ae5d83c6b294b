/* deliver.h - the second half of a fetch: may it have the keys, and out. */
#ifndef KSA_DELIVER_H
#define KSA_DELIVER_H

#include <sys/queue.h>

#include "ksa/bindings.h"
#include "ksa/calls.h"
#include "ksa/peer.h"

/* One peer asked for one request. */
struct ask {
	struct peer	*peer;
	uint64_t	 request, said;
	bool		 answered, elsewhere;
};

struct wanted {			/* one key */
	uint64_t	 request;
	uint32_t	 place;
	struct peer	*peer;	/* whose binding it is; NULL: not here */
	uint32_t	 stamp;	/* of this delivery; 0: it is a redelivery */
};

/* The deliveries of one request, as they go to disk. */
struct group {
	struct peer	*peer;
	uint64_t	 request;
	struct binding	*b;		/* a snapshot */
	struct consume	 use;
};

struct fetch {
	struct supply_call	 call;
	char			*caller, *peer_sae;
	uint8_t			(*ids)[KEYID_OCTETS];
	uint32_t		 number;
	struct wanted		*v;
	struct ask		*asks;
	uint32_t		 nasks;
	bool			 waits;
	supply_fits		*fits;		/* NULL: any do */
	uint32_t		*sizes;		/* octets of each key */
	bool			 mixed;		/* they differ */
	struct secret		*keys;
	struct group		*groups;
	uint32_t		 ngroups;
	uint64_t		 now;
	TAILQ_ENTRY(fetch)	 next;
};

/* Octets of the keys of a binding, or of their pad, into locked memory. */
int	deliver_read(struct env *, struct peer *, const struct binding *,
	    uint64_t from, uint64_t octets, uint8_t *out);

void	fetch_free(struct fetch *);
/* Whether the caller may have those keys whose bindings are here. */
enum supply_status deliver_check(const struct fetch *, const char **why);
/* All bindings are here: whether the answer has room for the keys. */
bool	deliver_fits(struct fetch *);
/* All bindings are here. True: the commit is on its way, the answer comes
 * after it; false: answered and freed. */
bool	deliver(struct fetch *);

#endif
