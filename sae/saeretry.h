/* saeretry.h - how long a call is tried again, with pauses between. */
#ifndef SAE_RETRY_H
#define SAE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

struct saeretry {
	uint64_t	end;		/* mono_ms() */
	unsigned	pause;		/* ms, the next one */
	int		stop;		/* readable ends a pause; <= 0: none */
};

void	saeretry_begin(struct saeretry *, unsigned retry_ms, int stop);
/* Whether this descriptor says that all shall end; <= 0: none. */
bool	saeretry_stopped(int stop);
/* After a pause: true; false, without one: it is too late. */
bool	saeretry_another(struct saeretry *);

#endif
