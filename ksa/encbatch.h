/*
 * encbatch.h - keys that were cut go to disk: the calls of one loop turn
 * are committed together, then answered.
 */
#ifndef KSA_ENCBATCH_H
#define KSA_ENCBATCH_H

#include "ksa/env.h"

struct enc_batch;

int	encbatch_new(struct enc_batch **, struct env *);
/* Tells those whose commit has not begun. */
void	encbatch_stop(struct enc_batch *);
void	encbatch_free(struct enc_batch **);
/* Where those who cut note the blocks that they touched. */
struct touched *encbatch_touched(struct enc_batch *);

#endif
