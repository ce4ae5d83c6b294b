/*
 * witness.h - how often the store was written, remembered outside of it, in a
 * file that lasts as long as the machine is up. After a crash of the daemon
 * it shows, without any peer, whether the store went back in time.
 */
#ifndef QKD_WITNESS_H
#define QKD_WITNESS_H

#include <stdint.h>

struct witness;

enum witness_word { WITNESS_NONE, WITNESS_AGREES, WITNESS_STORE_IS_OLDER };

/* `now`: what the store says. Without a usable file: NULL and NONE. */
enum witness_word witness_open(struct witness **, const char *path,
	    uint64_t now);
void	witness_close(struct witness **);
/* So many commits more, or in all; NULL is fine. */
void	witness_count(struct witness *, uint64_t more);
void	witness_set(struct witness *, uint64_t);

#endif
