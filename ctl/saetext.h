/*
 * saetext.h - keys as text, written to a descriptor through a page of locked
 * memory, so that no key lies anywhere else.
 */
#ifndef CTL_SAETEXT_H
#define CTL_SAETEXT_H

#include "sae/qkdnode-sae.h"

enum saeformat { SAEFORMAT_JSON, SAEFORMAT_BASE64, SAEFORMAT_HEX,
	SAEFORMAT_RAW, SAEFORMAT_NONE };

struct saetext;

/* SAEFORMAT_NONE: there is no such format. */
enum saeformat	saetext_format(const char *name);
/* NULL: no locked memory, said on stderr. */
struct saetext	*saetext_new(void);
void		 saetext_free(struct saetext **);	/* wipes */
/* All of them, or -1 and errno. */
int		 saetext_write(struct saetext *, int fd, enum saeformat,
		    const struct qkdsae_keys *);

#endif
