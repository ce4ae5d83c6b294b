/* saeoptset.h - the values of options: checked and put where they belong. */
#ifndef CTL_SAEOPTSET_H
#define CTL_SAEOPTSET_H

#include <stddef.h>
#include <stdint.h>

#include "saeopt.h"

struct saeoptrow {
	const char	*name;
	char		 letter;	/* 0: none */
	unsigned	 verbs;		/* that know it */
	const char	*arg, *env, *help;
	/* 0, or -1 and it was said. NULL: needs no setting. */
	int		(*set)(struct saeopt *, const struct saeoptrow *,
			    char *arg);
	size_t		 at;		/* of the value in struct saeopt */
	uint32_t	 min, max;	/* of a number */
};

/* Says what is wrong; -1. */
int	saeoptset_misuse(const char *what, const char *why);

typedef int saeoptset(struct saeopt *, const struct saeoptrow *, char *);
saeoptset	saeoptset_text, saeoptset_number, saeoptset_ms, saeoptset_door,
		saeoptset_format, saeoptset_also, saeoptset_from,
		saeoptset_session,
		saeoptset_mandatory, saeoptset_optional, saeoptset_flag,
		saeoptset_once;

#endif
