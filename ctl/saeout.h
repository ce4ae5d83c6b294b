/* saeout.h - where keys go: a file, a command's standard input, stdout. */
#ifndef CTL_SAEOUT_H
#define CTL_SAEOUT_H

#include <stddef.h>

#include "sae/saekeys.h"

enum saeformat { SAEFORMAT_JSON, SAEFORMAT_BASE64, SAEFORMAT_HEX,
	SAEFORMAT_RAW, SAEFORMAT_NONE };

struct saeout {
	enum saeformat	 format;
	const char	*file;		/* "-": stdout; NULL: the command */
	char		**command;	/* argv, NULL at its end */
};

/* SAEFORMAT_NONE: there is no such format. */
enum saeformat	saeout_format(const char *name);
/* Whether the keys have a way to go, before they are asked for: 0 or -1. */
int	saeout_check(const struct saeout *);
/*
 * 0, -1 (said on stderr), or what a command that failed ended with (128 and
 * its signal, as a shell says it). The command finds the key_IDs in
 * QKDNODE_KEY_IDS, blanks between.
 */
int	saeout_write(const struct saeout *, const struct saekeys *);


#endif
