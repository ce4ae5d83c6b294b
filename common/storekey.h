/*
 * storekey.h - the keys of a store. Rows are sealed by a data key, which
 * stands in the store's table store_key, wrapped by the node key (kek.h).
 * Both can be replaced while the daemon runs: a new data key seals soon,
 * and the rows of the one before are sealed again, a few at a time, until
 * it is forgotten; a new node key wraps beside the one before until that is
 * known to be gone.
 */
#ifndef QKD_STOREKEY_H
#define QKD_STOREKEY_H

#include <event2/event.h>
#include <jansson.h>

#include "committer.h"
#include "ctltable.h"
#include "db.h"
#include "kek.h"
#include "seal.h"

struct storekey;

/* A migration of every store. */
#define STOREKEY_SQL \
/* Data keys: the highest seals. Two while rows are sealed again. */ \
"CREATE TABLE store_key (" \
"  id INTEGER PRIMARY KEY," \
"  made INTEGER NOT NULL,"	/* ms since 1970 */ \
   /* how many seals it may have made: set aside ahead, in steps */ \
"  seals INTEGER NOT NULL," \
   /* by the node key; by the one that comes, while it is being changed */ \
"  wrapped BLOB NOT NULL," \
"  wrapped_next BLOB);"

#define STOREKEY_AAD_MAX	320

/* A table of the store with sealed rows. */
struct storekey_table {
	/* The next row after (?1, ?2) as a, b, sealed, ...: two numbers that
	 * name it, in their order; what comes after `sealed` is for aad(). */
	const char	*next;
	const char	*set;		/* sealed, a, b */
	size_t		(*aad)(uint8_t out[STOREKEY_AAD_MAX], sqlite3_stmt *);
};

struct storekey_conf {
	const char			*store;	/* "kma", for the wrapping */
	const struct storekey_table	*tables;	/* ends: next NULL */
	struct kek			*kek;	/* taken, also on failure */
	struct kek			*next;	/* to change to; NULL: none */
};

struct storekey_file {		/* a daemon's store, as configured */
	const char			*store;	/* as above */
	const struct storekey_table	*tables;
	const char			*path;
	const char *const		*migrations;
	int				 nmigrations;
	const char			*node_key;
	const char			*next;	/* node_key_next; "": none */
};

/*
 * The whole of it: the file is opened, or made, once there is a node key and
 * unless the node was zeroized. -E_CONFIG, and what db_open() and
 * storekey_open() give, logged; then *db may be open.
 */
int	storekey_open_file(struct storekey **, const struct storekey_file *,
	    struct db **, struct sealer **writer, struct sealer **reader);
/*
 * Opens the keys of a store, or makes the first one; a store from before
 * there were data keys gets one. Its sealers are made, for the thread that
 * writes and the loop. Before anything else is read. Refusals are logged with
 * a remedy: -E_CONFIG: no node key; -E_SEAL: a wrong one; -E_STORE.
 */
int	storekey_open(struct storekey **, const struct storekey_conf *,
	    struct db *, struct sealer **writer, struct sealer **reader);
/* From here on work goes on in the background. */
int	storekey_start(struct storekey *, struct event_base *,
	    struct committer *);
/* Before the committer ends. */
void	storekey_stop(struct storekey *);
/* After it. The sealers too. */
void	storekey_close(struct storekey **);

/* A new data key. -E_BUSY: one change at a time. */
int	storekey_rotate(struct storekey *);
/* Wraps for this node key besides. The file goes. -E_BUSY, -E_CONFIG. */
int	storekey_offer(struct storekey *, const char *path);
/* That is the node key from now on; others open nothing. The file goes.
 * -E_SEAL: it opens nothing here. */
int	storekey_settle(struct storekey *, const char *path);
json_t	*storekey_status(struct storekey *);

/* Commands of the control socket; their argument is the struct storekey. */
extern const struct ctl_command storekey_commands[];

#endif
