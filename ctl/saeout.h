/* saeout.h - where keys go: a file, a command's standard input, stdout. */
#ifndef CTL_SAEOUT_H
#define CTL_SAEOUT_H

#include "saetext.h"

struct saeout {
	enum saeformat	 format;
	const char	*file;		/* "-": stdout; NULL: the command */
	char		**command;	/* argv, NULL at its end */
};

/* What a command is told of the keys besides their IDs; NULL: nothing. */
struct saeout_about {
	const char	*session, *source;
};

/* Whether the keys have a way to go, before they are asked for: 0 or -1. */
int	saeout_check(const struct saeout *);
/*
 * 0, -1 (said on stderr), or what a command that failed ended with (128 and
 * its signal, as a shell says it). The command finds the key_IDs in
 * QKDNODE_KEY_IDS, blanks between, and what is told in QKDNODE_SESSION_ID and
 * QKDNODE_SOURCE.
 */
int	saeout_write(const struct saeout *, const struct qkdsae_keys *,
	    const struct saeout_about *);

#endif
