/* akbench.h - frames in and out of the door of doorbench.h. */
#ifndef AKBENCH_H
#define AKBENCH_H

#include "doorbench.h"

/* Somebody connects to the door of Q.4161. */
struct conn	*akbench_enter(X509 *);
/* A frame; returns its octets. */
size_t		 akbench_make(char *out, unsigned code, uint32_t id,
		    const char *payload);
void		 akbench_say(struct conn *, unsigned code, uint32_t id,
		    const char *payload);
/* All that was written, as "CODE/ID PAYLOAD\n" each. */
const char	*akbench_output(struct conn *);
/* This is in it. */
void		 akbench_told(struct conn *, const char *part);
/* What waits for its turn in the loop has it. */
void		 akbench_turn(void);

#endif
