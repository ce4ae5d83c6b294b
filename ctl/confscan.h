/*
 * confscan.h - where in the text of a configuration file a list and its
 * groups stand. It knows the syntax only; what a file means is libconfig's.
 */
#ifndef CTL_CONFSCAN_H
#define CTL_CONFSCAN_H

#include <stddef.h>

struct conf_span { size_t at, len; };	/* octets of the text */

struct conf_place {
	struct conf_span	 list;	/* "( ... )"; len 0: there is none */
	size_t			 n;	/* groups in it */
	struct conf_span	*group;	/* "{ ... }" */
	size_t			*comma;	/* behind it; 0: none */
};

/*
 * The top-level list `name`. -E_BAD_FORMAT and *why: the text is none that
 * can be edited (unbalanced, an @include, the name is no list of groups).
 * Needs a text that ends with NUL and holds no other.
 */
int	confscan(const char *text, const char *name, struct conf_place *,
	    const char **why);
void	confscan_free(struct conf_place *);

#endif
