/*
 * servedoc.h - what the page shows, from the answers of the daemons. Pure;
 * the answers are hostile: what is passed on is bounded in number, and the
 * page takes all of it for text.
 */
#ifndef CTL_SERVEDOC_H
#define CTL_SERVEDOC_H

#include <jansson.h>

#define SERVEDOC_NODES	150	/* of the network, the nearest */
#define SERVEDOC_ROWS	300	/* of any other list */

struct servedoc_daemon {
	const char	*name;
	const char	*cause, *why;	/* it does not answer; as in node.h */
	const json_t	*status;	/* NULL: so */
	const json_t	*metrics, *key;		/* NULL: not to be had */
};

struct servedoc {
	const char			*run_dir;
	const struct servedoc_daemon	*daemons;
	size_t				 n;
	const json_t			*route;	/* of kma */
	const json_t			*saes;	/* of ksa */
};

/* `events` is taken over. NULL: no memory. */
json_t	*servedoc(const struct servedoc *, json_t *events);
/* As verdict(). */
json_t	*servedoc_verdict(const struct servedoc *);

#endif
