/*
 * keystore.h - the key store of ksa: one writer on the committer's thread, one
 * reader on the event loop; the rows of peers. Blocks are in blocks.h,
 * bindings in bindings.h, all SQL in keystore.sql.h.
 */
#ifndef KSA_KEYSTORE_H
#define KSA_KEYSTORE_H

#include <event2/event.h>
#include <stdint.h>

#include "committer.h"
#include "db.h"
#include "ident.h"
#include "seal.h"
#include "storekey.h"

struct keystore;

/* A connection and the cipher contexts of the thread that uses it. */
struct side {
	struct db	*db;
	struct sealer	*sealer;
	uint8_t		*scratch;	/* locked; wiped after each use */
	struct audit	*audit;		/* the writer's: see record.h */
	struct named { int64_t peer; km_id km; } named;
	struct mark {			/* that the last keystore_mark() set */
		uint64_t	epoch, count, seen;
		int64_t		peer;
	} mark;
};

#define SCRATCH_OCTETS	1024

/* -E_STORE_CORRUPT, -E_STORE_SCHEMA, -E_STORE, -E_SEAL: logged. */
int	keystore_open(struct keystore **, const char *path,
	    const char *node_key, const char *next, struct event_base *);
/* What seals it: for the control socket. */
struct storekey *keystore_keys(struct keystore *);
/* Writes what is queued. */
void	keystore_close(struct keystore **);
struct side *keystore_writer(struct keystore *);	/* in jobs only */
struct side *keystore_reader(struct keystore *);	/* on the loop only */
struct committer *keystore_committer(struct keystore *);
struct audit *keystore_audit(struct keystore *);
/* On the loop, each 100 ms or so. */
void	keystore_tick(struct keystore *);

struct peer_row {
	int64_t		id;
	uint64_t	mark, seen, block_last, issued_last, acked;
	uint64_t	received_last, control;
};

/* In a job, or before there are any. */
int	keystore_peer(struct side *, const char *km, struct peer_row *);
/* Key of the pair was used up: the mark grows, once in a transaction. */
int	keystore_mark(struct side *, int64_t peer, uint64_t seen,
	    uint64_t *mark);
/* The mark gets past `mark`, and what was seen of the peer's to `seen`. */
int	keystore_raise(struct side *, int64_t peer, uint64_t mark,
	    uint64_t seen);
int	keystore_seen(struct side *, int64_t peer, uint64_t seen);
/* This store went back in time: all marks are 0 until peers were told. */
int	keystore_forget(struct side *);
int	keystore_get_mark(struct side *, int64_t peer, uint64_t *mark);
int	keystore_acked(struct side *, int64_t peer, uint64_t upto);
int	keystore_issued(struct side *, int64_t peer, uint64_t last);

/* Void blocks that the peer does not know of yet. */
int	keystore_notice_add(struct side *, int64_t peer, int mine,
	    uint64_t block);
int	keystore_notice_delete(struct side *, int64_t peer, int mine,
	    uint64_t block);
/* 1 if it is there. */
int	keystore_notice_find(struct side *, int64_t peer, int mine,
	    uint64_t block);
/* A few of them; fn must not use the store. */
int	keystore_notices(struct side *, int64_t peer,
	    void (*fn)(void *arg, int mine, uint64_t block), void *arg);

/* Blocks of the peer that are void here. */
int	keystore_tombstone_add(struct side *, int64_t peer, uint64_t block);
/* 1 if it is there. */
int	keystore_tombstone_find(struct side *, int64_t peer, uint64_t block);

/* Control keys. The key is in clear in `key`. */
int	keystore_control_add(struct side *, int64_t peer, uint64_t id,
	    const uint8_t key[32]);
int	keystore_control_delete(struct side *, int64_t peer, uint64_t id);
int	keystore_control_use(struct side *, int64_t peer, uint64_t id);
int	keystore_controls(struct side *, int64_t peer,
	    int (*fn)(void *arg, uint64_t id, const uint8_t key[32]),
	    void *arg);

#endif
