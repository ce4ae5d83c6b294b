/* saeopt.h - the options of qkdctl sae. */
#ifndef CTL_SAEOPT_H
#define CTL_SAEOPT_H

#include <stdio.h>

#include "sae/saeclient.h"
#include "saeout.h"

enum saeverb { SAEVERB_STATUS, SAEVERB_GET, SAEVERB_FETCH, SAEVERB_NONE };

struct saeopt {
	enum saeverb	 verb;
	struct saeclient_conf conf;
	struct saeout	 out;
	const char	*slave, *master;
	const char	*also[SAE_ALSO_MAX];
	size_t		 nalso;
	struct saeextension extensions[SAE_EXTENSIONS_MAX];
	size_t		 nextensions;
	uint32_t	 number, size;
	const char	*ids[SAE_KEYS_MAX];	/* fetch; "-": on stdin */
	size_t		 nids;
};

void	saeopt_usage(FILE *);
/* argv[0] is "sae". 0; 1: help was printed; -1: usage error, said. */
int	saeopt_read(struct saeopt *, int argc, char **argv);

#endif
