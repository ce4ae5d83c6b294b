/*
 * sae.h - the applications of the network, and which of them a certificate
 * speaks for.
 */
#ifndef KSA_SAE_H
#define KSA_SAE_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "conf.h"
#include "ident.h"

struct sae_book;

struct sae {
	sae_id		id;
	km_id		km;		/* the node it belongs to */
	bool		local;		/* that is this node */
	unsigned	connections;	/* to our door; the door counts */
};

/* Every application of the configuration. -E_NO_MEMORY, -E_EXISTS. */
int	sae_book_new(struct sae_book **, const struct ksa_conf *);
void	sae_book_free(struct sae_book **);
/* NULL: registered nowhere. */
struct sae *sae_find(const struct sae_book *, const char *id);
/* The application that the certificate names, NULL if none. Which names of a
 * certificate count, and in which order, is a table in sae.c. */
struct sae *sae_by_certificate(const struct sae_book *, X509 *);

#endif
