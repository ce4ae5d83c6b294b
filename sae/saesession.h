/*
 * saesession.h - sessions that an application was told of and agreed to, so
 * that it knows whose keys come later. A bounded number; the oldest go first.
 */
#ifndef SAE_SESSION_H
#define SAE_SESSION_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "ident.h"

#define SAESESSIONS_MAX	1024
#define SAESESSION_NAME	1024		/* octets */

struct saesession {
	uuid_text	 id;
	sae_id		 source, destination;	/* "": not known */
	char		 name[SAESESSION_NAME + 1];
	uint64_t	 limit;		/* 0: none */
	TAILQ_ENTRY(saesession)	entry;
};
TAILQ_HEAD(saesession_list, saesession);

struct saesessions {
	struct saesession_list	list;
	size_t			n;
};

void	saesessions_init(struct saesessions *);
/* Keeps a copy, as far as there is memory. */
void	saesessions_add(struct saesessions *, const struct saesession *);
/* What is known of the session with out->id goes to *out. */
void	saesessions_find(const struct saesessions *, struct saesession *out);
void	saesessions_clear(struct saesessions *);

#endif
