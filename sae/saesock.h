/*
 * saesock.h - a TCP connection to a KME under TLS: it is waited for until a
 * deadline and as long as nobody wants an end, and no SIGPIPE is raised in the
 * program that uses us.
 */
#ifndef SAE_SOCK_H
#define SAE_SOCK_H

#include <openssl/bio.h>
#include <stdint.h>

#include "saewhy.h"

#define SAESOCK_NOW	0	/* as deadline: nothing is waited for */

struct saesock {
	int		 fd;		/* -1: none */
	int		 stop;		/* readable: ECANCELED; -1: none */
	uint64_t	 deadline;	/* mono_ms(), or SAESOCK_NOW */
	int		 fault;		/* errno; 0: none */
};

/* `kme`: "host:port" or "[v6]:port". -E_DOWN, -E_TIMEOUT, -E_STOPPED, -E_RANGE
 * (address). */
int	saesock_dial(struct saesock *, const char *kme, struct saewhy *);
/* For SSL_set_bio(); it does not own the socket. NULL: no memory. */
BIO	*saesock_bio(struct saesock *);
void	saesock_close(struct saesock *);
/* What `fault` is as E_. */
int	saesock_error(const struct saesock *);

#endif
