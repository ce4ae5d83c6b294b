/* saelisten.h - qkdctl sae listen: keys that are brought in sessions. */
#ifndef CTL_SAELISTEN_H
#define CTL_SAELISTEN_H

#include "saeopt.h"

/* Until it has what it waits for, or is told to end; the exit code. */
int	saelisten_run(const struct saeopt *, struct qkdsae *);

#endif
