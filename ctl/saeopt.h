/* saeopt.h - the options of qkdctl sae. */
#ifndef CTL_SAEOPT_H
#define CTL_SAEOPT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sae/qkdnode-sae.h"
#include "saeout.h"

enum saeverb { SAEVERB_STATUS, SAEVERB_GET, SAEVERB_FETCH, SAEVERB_SESSION,
	SAEVERB_LISTEN, SAEVERB_NONE };

#define SAEOPT_FROM_MAX	64

struct saeopt {
	enum saeverb	 verb;
	const char	*door;		/* NULL: whichever has what is asked */
	struct qkdsae_conf conf;
	struct saeout	 out;
	bool		 json;		/* about the keys, on stdout */
	const char	*other;		/* application at the other end */
	struct qkdsae_wanted wanted;	/* points to the next four */
	uint32_t	 number, bits;
	const char	*also[QKDSAE_ALSO_MAX];
	struct qkdsae_extension extensions[QKDSAE_EXTENSIONS_MAX];
	const char	*ids[QKDSAE_KEYS_MAX];	/* fetch; "-": on stdin */
	size_t		 nids;

	/* session */
	const char	*name;
	char		 session[QKDSAE_ID_SIZE];	/* "": a new one */
	uint32_t	 limit, repeat, every;	/* every: s */

	/* listen */
	const char	*from[SAEOPT_FROM_MAX];
	size_t		 nfrom;		/* 0: of anybody */
	uint32_t	 count;		/* 0: without end */
	uint32_t	 timeout;	/* s; 0: none */
};

void	saeopt_usage(FILE *);
/* argv[0] is "sae". 0; 1: help was printed; -1: usage error, said. */
int	saeopt_read(struct saeopt *, int argc, char **argv);

#endif
