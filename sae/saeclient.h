/*
 * saeclient.h - an application's (SAE's) way to its KME by ETSI GS QKD 014.
 *
 * Functions return 0 or the negative of an E_ of err.h; saeclient_reason()
 * says in words what went wrong. A client is used by one thread at a time;
 * different clients do not know each other. Nothing is written to stderr, no
 * signal is raised, and no key is left in memory that was freed.
 */
#ifndef SAE_CLIENT_H
#define SAE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "saeanswer.h"
#include "saekeys.h"

struct saeclient;

#define SAE_ALSO_MAX		64
#define SAE_EXTENSIONS_MAX	64
#define SAE_WAIT		30000	/* ms */

struct saeclient_conf {
	const char	*kme;		/* "host:port", "[v6]:port" */
	const char	*certificate;	/* PEM, our chain */
	const char	*private_key;	/* PEM */
	const char	*ca;		/* PEM: who vouches for the KME */
	const char	*crl;		/* PEM: who is revoked; NULL: none */
	/* What the KME's certificate shall say it is (clause 5.1): CN, or SAN
	 * DNS name or URI. NULL: the host of `kme` is all that counts. */
	const char	*kme_id;
	unsigned	 wait_ms;	/* for one try; 0: SAE_WAIT */
	/* How long a call is tried again after 503 or a lost connection. What
	 * get() has sent is not sent again unless the KME answered 503. */
	unsigned	 retry_ms;
	/* Once it is readable, calls end with -E_STOPPED. 0: none. */
	int		 stop;
};

/* A vendor's parameter (6.2); the value is JSON text. */
struct saeextension {
	const char	*name, *value;
	bool		 mandatory;
};

struct saeget {
	const char	*slave;		/* SAE ID */
	const char	*const *also;	/* additional_slave_SAE_IDs */
	size_t		 nalso;
	uint32_t	 number;	/* of keys */
	uint32_t	 size;		/* bits; 0: the KME's key_size */
	const struct saeextension *extensions;
	size_t		 nextensions;
};

struct saefetch {
	const char	*master;	/* SAE ID */
	const char	*const *ids;	/* key_IDs, UUIDs in either case */
	size_t		 n;
	uint32_t	 size;		/* bits that each shall have; 0: any */
};

/*
 * Reads the files; connects when first used. The client is there for
 * saeclient_reason() even if this failed (NULL only without memory).
 * -E_CONFIG: a file; the text names it.
 */
int	saeclient_open(struct saeclient **, const struct saeclient_conf *);
void	saeclient_close(struct saeclient **);	/* NULL is fine; NULL after */
/* Now, if it is not connected. */
int	saeclient_connect(struct saeclient *);

/*
 * What the KME can deliver, new keys, keys that a master got. The caller owns
 * the keys and frees them with saekeys_free(); NULL on failure.
 *
 * -E_REFUSED: the KME answered 400 or another status that is for good;
 * -E_DENIED: 401; -E_BUSY: 503, later it may work; -E_DOWN, -E_TIMEOUT,
 * -E_CLOSED: the connection; -E_STOPPED; -E_TLS: a certificate; -E_BAD_FORMAT,
 * -E_TOO_LARGE: the KME's answer is not what the standard says or not what
 * was asked; -E_RANGE: an argument.
 */
int	saeclient_status(struct saeclient *, const char *slave,
	    struct saestatus *);
int	saeclient_get(struct saeclient *, const struct saeget *,
	    struct saekeys **);
int	saeclient_fetch(struct saeclient *, const struct saefetch *,
	    struct saekeys **);

/* Why the last call failed: one line of UTF-8, without control characters. */
const char *saeclient_reason(const struct saeclient *);

#endif
