/*
 * place.h - at which node an application is: by the configuration of this
 * node, else by what the other nodes announce.
 */
#ifndef KSA_PLACE_H
#define KSA_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "ksa/claims.h"
#include "ksa/conf.h"

#define PLACE_TEXT	320

struct places;
struct sae_book;

struct place {
	const char	*km;	/* valid until the book changes */
	const char	*also;	/* the other node that says so */
	bool		 local;	/* this node */
};

int	places_new(struct places **, const struct ksa_conf *);
void	places_free(struct places **);

/*
 * 0; -E_NOT_FOUND: nobody has it; -E_DOWN: nobody known, but the applications
 * of `km` are not known yet; -E_EXISTS: `km` and `also` both say that it is
 * theirs, and the configuration does not decide.
 */
int	place_find(const struct sae_book *, const char *id, struct place *);
/* Why not, for a person: of a result of place_find() that is not 0. */
const char *place_trouble(int r, const char *id, const struct place *,
	    char text[PLACE_TEXT]);
/* Whether that node may speak for it: the configuration says so or, if that
 * is silent, the node itself. */
bool	place_is_at(const struct sae_book *, const char *id, const char *km);

/* Those whose applications are asked for; NULL: none of peers. */
struct teller *place_teller(const struct sae_book *, const char *km);
/* The list of that node. -E_NO_MEMORY: the one before stays. */
int	place_learn(const struct sae_book *, struct teller *,
	    const struct applist *);
/* The configuration of the book has changed. */
void	place_reload(const struct sae_book *);

/* Applications that two nodes claim: how many; each, until fn() returns
 * other than 0. `pinned`: by the configuration it is that of `km`. */
typedef int	place_clash(void *arg, const char *id, const char *km,
	    const char *also, bool pinned);
unsigned place_clashes(const struct sae_book *, place_clash *, void *arg);

#endif
