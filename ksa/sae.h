/*
 * sae.h - the applications of the configuration, and which of them a
 * certificate speaks for. Those of other nodes need not stand there: place.h.
 */
#ifndef KSA_SAE_H
#define KSA_SAE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "conf.h"
#include "ident.h"
#include "quiet.h"

struct ak_listener;
struct places;
struct sae_book;

struct sae {
	sae_id		id;
	km_id		km;		/* the node it belongs to */
	bool		local;		/* that is this node */
	bool		registered;	/* false: was, before a reload */
	unsigned	connections;	/* to our door; the door counts */
	struct quiet	refusals;	/* of its requests */
	/* By Q.4161, who was heard last first; of aklistener.c. */
	LIST_HEAD(, ak_listener) listeners;
};

/* What is wrong with an application of the configuration. */
typedef void	sae_fault(void *arg, const char *id, const char *what);

/* Every application of the configuration. -E_NO_MEMORY; -E_EXISTS: an ID or
 * a certificate's name twice; -E_BAD_FORMAT: a malformed name. */
int	sae_book_new(struct sae_book **, const struct ksa_conf *);
/* The same for its errors alone, each told to fault(). */
int	sae_book_check(const struct ksa_conf *, sae_fault *fault, void *arg);
/*
 * The book becomes that of another configuration; a failure leaves it as it
 * was. A struct sae whose `connections` is not 0 stays where it is: it holds
 * the new facts, or is no longer registered. Others may go.
 */
int	sae_book_reload(struct sae_book *, const struct ksa_conf *);
void	sae_book_free(struct sae_book **);
/* NULL: not in the configuration. */
struct sae *sae_find(const struct sae_book *, const char *id);
void	sae_each(const struct sae_book *, void (*fn)(void *arg,
	    const struct sae *), void *arg);
struct places *sae_places(const struct sae_book *);
/*
 * The application that a certificate speaks for: 0; -E_NOT_FOUND, *who NULL;
 * -E_EXISTS: *who and *other, so neither; -E_TOO_LARGE: too many names.
 */
int	sae_match(const struct sae_book *, X509 *, struct sae **who,
	    struct sae **other);

#endif
