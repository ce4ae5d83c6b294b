/*
 * nodekey.h - where the node key of a daemon lies, by its configuration: in a
 * file, or in a credential of its unit, in ETC/credentials.
 */
#ifndef CTL_NODEKEY_H
#define CTL_NODEKEY_H

#include <limits.h>

#include "call.h"
#include "kek.h"

enum nodekey_kind {
	NODEKEY_FILE,
	NODEKEY_CREDENTIAL,	/* made by systemd-creds */
	NODEKEY_TOKEN,		/* not ours to read */
};

struct nodekey {
	const char		*daemon;	/* "kma" */
	enum nodekey_kind	 kind;
	char			 path[PATH_MAX];	/* "": of a token */
	char			 name[KEK_SPEC_MAX];	/* the credential */
	char			 pin[PATH_MAX];	/* of a token: file, or "" */
	/* The same of node_key_next; "": none. */
	char			 next[PATH_MAX], next_pin[PATH_MAX];
	char			 store[PATH_MAX], run_dir[PATH_MAX];
	char			 tls_key[PATH_MAX];	/* "": it has none */
};

/* Root, or who may write the configuration (a test network's owner). */
bool	nodekey_may(const char *etc);
/* Of DAEMON.conf in that directory; else said on stderr and -1, and store and
 * run_dir are where they are by default. */
int	nodekey_find(struct nodekey *, const char *etc, const char *daemon);
/* The octets; wipe them. Said on stderr. */
int	nodekey_read(const struct nodekey *, uint8_t key[SEAL_KEY]);
/*
 * Puts octets beside it, as PATH.new, in the form that it has, on disk; then
 * in its place; the one before is PATH.new then, until nodekey_forget().
 */
int	nodekey_prepare(const struct nodekey *, const uint8_t key[SEAL_KEY]);
int	nodekey_place(const struct nodekey *);
int	nodekey_forget(const struct nodekey *);
/* A file that the daemon alone can read, in tmpfs, for its commands. */
int	nodekey_hand(const struct nodekey *, const uint8_t key[SEAL_KEY],
	    char path[PATH_MAX]);

#endif
