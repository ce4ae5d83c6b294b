/*
 * saelink.h - a TLS connection to a KME, read and written with a deadline. The
 * KME is verified by CA, by host name or address, and by its KME ID.
 */
#ifndef SAE_LINK_H
#define SAE_LINK_H

#include <openssl/ssl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "saewhy.h"
#include "tls.h"

struct saelink;

struct saelink_to {
	SSL_CTX		*ctx;
	const char	*kme;		/* "host:port" or "[v6]:port" */
	/* What the certificate shall say (clause 5.1) as CN, as SAN DNS name,
	 * or as SAN URI, itself or behind "urn:qkdnode:km:"; NULL: the host
	 * is enough. */
	const char	*kme_id;
	int		 stop;		/* readable: nothing is waited for any
					 * more, -E_STOPPED; -1: none */
};

/* -E_CONFIG: a file; the reason names it. */
int	saelink_context(SSL_CTX **, const struct tls_files *, struct saewhy *);
/*
 * `deadline`: mono_ms(). -E_DOWN, -E_TIMEOUT, -E_STOPPED, -E_TLS, -E_RANGE
 * (address), -E_NO_MEMORY.
 */
int	saelink_open(struct saelink **, const struct saelink_to *,
	    uint64_t deadline, struct saewhy *);
void	saelink_close(struct saelink **);	/* NULL is fine; NULL after */
/* Says that nothing more will be written; what comes can be read. */
void	saelink_finish(struct saelink *);
/* False: the KME has closed it, or says what nobody asked for. */
bool	saelink_usable(struct saelink *);
/* All of it, or -E_TIMEOUT, -E_STOPPED, -E_DOWN, -E_TLS. */
int	saelink_write(struct saelink *, const void *, size_t,
	    uint64_t deadline, struct saewhy *);
/* Octets read; 0: the connection has ended; or an error as above. */
int	saelink_read(struct saelink *, void *, size_t room,
	    uint64_t deadline, struct saewhy *);

/*
 * The same without waiting: octets; 0: nothing now, saelink_awaited() says for
 * what to poll; or an error as above, -E_CLOSED at the connection's end. What
 * could not be written is tried again from the same octet on, with at least
 * as many behind it.
 */
int	saelink_try_read(struct saelink *, void *, size_t room,
	    struct saewhy *);
int	saelink_try_write(struct saelink *, const void *, size_t,
	    struct saewhy *);
struct pollfd saelink_awaited(const struct saelink *, bool writing);

#endif
