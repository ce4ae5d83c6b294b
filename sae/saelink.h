/*
 * saelink.h - a TLS connection to a KME, read and written with a deadline. The
 * KME is verified by CA, by host name or address, and by its KME ID.
 */
#ifndef SAE_LINK_H
#define SAE_LINK_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "saewhy.h"

struct saelink;

/*
 * `kme`: "host:port" or "[v6]:port". `kme_id`: what the certificate shall say
 * (clause 5.1) as CN, as SAN DNS name, or as SAN URI, itself or behind
 * "urn:qkdnode:km:"; NULL: the host is enough. `deadline`: mono_ms().
 * -E_DOWN, -E_TIMEOUT, -E_TLS, -E_RANGE (address), -E_NO_MEMORY.
 */
int	saelink_open(struct saelink **, SSL_CTX *, const char *kme,
	    const char *kme_id, uint64_t deadline, struct saewhy *);
void	saelink_close(struct saelink **);	/* NULL is fine; NULL after */
/* False: the KME has closed it, or says what nobody asked for. */
bool	saelink_usable(const struct saelink *);
/* All of it, or -E_TIMEOUT, -E_DOWN, -E_TLS. */
int	saelink_write(struct saelink *, const void *, size_t,
	    uint64_t deadline, struct saewhy *);
/* Octets read; 0: the connection has ended; or an error as above. */
int	saelink_read(struct saelink *, void *, size_t room,
	    uint64_t deadline, struct saewhy *);

#endif
