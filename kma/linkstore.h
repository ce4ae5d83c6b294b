/*
 * linkstore.h - link keys, and pool blocks on their way to ksa, on disk.
 * Only kma opens the file; its SQL is in linkstore.c. Key bytes are sealed
 * by a data key (storekey.h), the identity of the row is associated data.
 */
#ifndef KMA_LINKSTORE_H
#define KMA_LINKSTORE_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "audit.h"
#include "committer.h"
#include "ident.h"
#include "secret.h"
#include "storekey.h"

struct linkstore;

enum block_state {
	BLOCK_NEW,		/* not agreed with the peer */
	BLOCK_AGREED,		/* owned by the end that its parity names */
	BLOCK_MOVED,		/* agreed, and given to the other end */
};

struct linkrow {		/* what is known of a link besides blocks */
	uint32_t	id;
	uint64_t	mark;		/* our commits that spent key */
	uint64_t	seen;		/* the highest mark of the peer */
	uint64_t	last;		/* highest index from the module */
	uint64_t	control;	/* block of the control key; 0: none */
	uint8_t		control_key[32];
};

int	linkstore_open(struct linkstore **, struct event_base *,
	    const char *path, const char *node_key, const char *next);
/* What seals it: for the control socket. */
struct storekey *linkstore_keys(struct linkstore *);
void	linkstore_close(struct linkstore **);	/* commits what is queued */

/* Finds or makes the link. Start-up only. */
int	linkstore_link(struct linkstore *, const char *name, const char *peer,
	    struct linkrow *);
/* Calls fn for each block of the link, in order of index. */
int	linkstore_each(struct linkstore *, uint32_t link,
	    void (*fn)(void *arg, uint64_t idx, enum block_state), void *arg);
/* Calls fn for each block made before that time. On the loop. */
int	linkstore_each_older(struct linkstore *, uint32_t link,
	    uint64_t made_ms, void (*fn)(void *arg, uint64_t idx), void *arg);
/* Calls fn for each pool block that waits for ksa. */
int	linkstore_each_inbound(struct linkstore *,
	    void (*fn)(void *arg, const char *source, uint64_t block),
	    void *arg);
/* Calls fn for each route that an operator set. */
int	linkstore_each_route(struct linkstore *,
	    void (*fn)(void *arg, const char *destination, const char *route,
	    uint64_t made_ms), void *arg);
/* The clear octets of a block on disk; the caller frees. On the loop. */
int	linkstore_read(struct linkstore *, uint32_t link, uint64_t idx,
	    struct secret **);
/* When it came from the module. -E_NOT_FOUND. */
int	linkstore_made(struct linkstore *, uint32_t link, uint64_t idx,
	    uint64_t *);
int	linkstore_read_inbound(struct linkstore *, const char *source,
	    uint64_t block, struct secret **);
/* The node-disjoint paths that it came over. -E_NOT_FOUND. */
int	linkstore_inbound_paths(struct linkstore *, const char *source,
	    uint64_t block, uint32_t *);
/* A part of a block that is not whole yet. */
int	linkstore_read_part(struct linkstore *, const char *source,
	    uint64_t block, uint32_t part, struct secret **);
/* On the loop: the record of keys; each 100 ms or so. */
struct audit *linkstore_audit(const struct linkstore *);
void	linkstore_tick(struct linkstore *);
/* Jobs not yet on disk; a truncating checkpoint when idle. */
size_t	linkstore_queued(const struct linkstore *);
uint64_t linkstore_commits(const struct linkstore *);
void	linkstore_checkpoint(struct linkstore *);
json_t	*linkstore_status(struct linkstore *, json_t *warnings);
/* Its families of figures, for the command "metrics". */
void	linkstore_figures(struct linkstore *, json_t *all);

/*
 * A transaction: a list of changes, committed together with whatever else is
 * queued at that moment.
 */
struct linktx;
typedef void	linktx_done(void *arg, int result);

struct linktx	*linktx_new(struct linkstore *);
/* One block as the module gave it; octets are copied. Also sets `last`. */
void	linktx_put(struct linktx *, uint32_t link, uint64_t idx,
	    const uint8_t *, size_t octets);
void	linktx_last(struct linktx *, uint32_t link, uint64_t last);
void	linktx_agree(struct linktx *, uint32_t link, uint64_t idx);
/* Now of the other end's direction. Must be agreed and must not have moved
 * before: else the transaction fails with -E_SPENT. */
void	linktx_move(struct linktx *, uint32_t link, uint64_t idx);
/* Must be there, as linktx_move. */
void	linktx_spend(struct linktx *, uint32_t link, uint64_t idx);
void	linktx_drop(struct linktx *, uint32_t link, uint64_t idx);
void	linktx_drop_agreed(struct linktx *, uint32_t link);	/* all */
void	linktx_drop_older(struct linktx *, uint32_t link, uint64_t made_ms);
void	linktx_mark(struct linktx *, uint32_t link, uint64_t mark);
void	linktx_seen(struct linktx *, uint32_t link, uint64_t seen);
void	linktx_control(struct linktx *, uint32_t link, uint64_t idx,
	    const uint8_t key[32]);
/* A pool block for ksa; octets are copied. -E_EXISTS if it is there. */
void	linktx_inbound(struct linktx *, const char *source, uint64_t block,
	    uint32_t paths, const uint8_t *, size_t octets);
/* One of the parts of such a block; octets are copied. -E_EXISTS. */
void	linktx_part(struct linktx *, const char *source, uint64_t block,
	    uint32_t part, const uint8_t *, size_t octets);
/* All parts of the block go: exactly so many, or -E_SPENT. */
void	linktx_parts_take(struct linktx *, const char *source,
	    uint64_t block, uint32_t parts);
/* Whatever there is of them; "": of all blocks. */
void	linktx_parts_drop(struct linktx *, const char *source,
	    uint64_t block);
/* Must be there, as linktx_spend. */
void	linktx_inbound_take(struct linktx *, const char *source,
	    uint64_t block);
void	linktx_inbound_drop_older(struct linktx *, uint64_t made_ms);
/* What an operator set; NULL: nothing any more. */
void	linktx_route(struct linktx *, const char *destination,
	    const char *route, uint64_t made_ms);
/* For the record of keys: what key is spent on, and why it is dropped (a text
 * that stays). */
void	linktx_relays(struct linktx *, const char *source,
	    const char *destination, uint64_t block);
void	linktx_because(struct linktx *, const char *why);
/* Frees the transaction; nothing of it happens. */
void	linktx_cancel(struct linktx *);
/* Frees the transaction; done (may be NULL) is called on the loop. */
void	linktx_commit(struct linktx *, linktx_done *, void *arg);
/* The same, but waits: start-up and handshakes. */
int	linktx_commit_sync(struct linktx *);

#endif
