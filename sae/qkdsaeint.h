/* qkdsaeint.h - what the files of the public library share. */
#ifndef QKDSAE_INT_H
#define QKDSAE_INT_H

#include <pthread.h>
#include <stddef.h>

#include "qkdnode-sae.h"
#include "saeak.h"
#include "saeclient.h"
#include "saewhy.h"

struct qkdsae {
	int			 stop;		/* eventfd; readable: stop */
	pthread_mutex_t		 lock;		/* of the HTTPS client, and of
						 * taking handlers */
	struct qkdsae_handlers	 handlers;	/* size 0: none yet */
	struct saeclient	*https;		/* one of the two */
	struct saeak		*ak;
};

/* Ends a call: E_ or its negative becomes the public code, and what is in the
 * reason this thread's reason. Numbers from 0 on stay. */
int	qkdsae_end(int, const struct saewhy *);
/* A wrong argument ends the call at once. */
int	qkdsae_fault(int code, const char *reason);
/*
 * A caller's structure, which begins with its size, as ours: what he does not
 * know of is 0. QKDSAE_ARGUMENT: it has more, that we do not know of.
 */
int	qkdsae_adopt(void *to, size_t octets, const void *from);
/* Which keys; QKDSAE_ARGUMENT and so on as above. */
int	qkdsae_wish(struct saeget *, const struct qkdsae_wanted *,
	    struct saeextension *extensions);

#endif
