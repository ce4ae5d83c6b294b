/* saesession.h - qkdctl sae session: keys that the other side has, too. */
#ifndef CTL_SAESESSION_H
#define CTL_SAESESSION_H

#include "saeopt.h"

/* Draws as often as it is told; the exit code. */
int	saesession_run(const struct saeopt *, struct qkdsae *);

#endif
