/* saefail.h - failures of qkdctl sae: words on stderr and exit codes. */
#ifndef CTL_SAEFAIL_H
#define CTL_SAEFAIL_H

#include "saeopt.h"

enum { SAE_DONE, SAE_LOCAL, SAE_REFUSED, SAE_LATER, SAE_NETWORK };

/* The exit code that a failed call's result stands for. */
int	saefail_code(int r);
/* Says why the last call failed. Its exit code. */
int	saefail_say(const struct saeopt *, int r);

#endif
