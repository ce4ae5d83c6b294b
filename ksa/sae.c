/* sae.c - the applications of the network, and who a certificate is. */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "err.h"
#include "sae.h"
#include "tls.h"

struct entry {
	struct sae	 sae;
	UT_hash_handle	 hh;	/* by sae.id */
};

struct sae_book {
	struct entry	*by_id;
};

static int
add(struct sae_book *b, const struct ksa_application *a, const char *self)
{
	struct entry *e;

	if (sae_find(b, a->id) != NULL)
		return -E_EXISTS;
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return -E_NO_MEMORY;
	memcpy(e->sae.id, a->id, sizeof(e->sae.id));
	memcpy(e->sae.km, a->km, sizeof(e->sae.km));
	e->sae.local = strcmp(a->km, self) == 0;
	HASH_ADD_STR(b->by_id, sae.id, e);
	return 0;
}

int
sae_book_new(struct sae_book **out, const struct ksa_conf *c)
{
	const struct ksa_application *a = c->applications.v;
	struct sae_book *b;
	int	 r = 0;

	*out = NULL;
	if ((b = calloc(1, sizeof(*b))) == NULL)
		return -E_NO_MEMORY;
	for (size_t i = 0; r == 0 && i < c->applications.n; i++)
		r = add(b, &a[i], c->kme_id);
	if (r == 0)
		*out = b;
	else
		sae_book_free(&b);
	return r;
}

void
sae_book_free(struct sae_book **bp)
{
	struct entry *e, *next;

	if (*bp == NULL)
		return;
	HASH_ITER(hh, (*bp)->by_id, e, next) {
		HASH_DEL((*bp)->by_id, e);
		free(e);
	}
	free(*bp);
	*bp = NULL;
}

struct sae *
sae_find(const struct sae_book *b, const char *id)
{
	struct entry *e;

	HASH_FIND_STR(b->by_id, id, e);
	return e == NULL ? NULL : &e->sae;
}

/*
 * The names in a certificate that may say who it is, strongest first. Each
 * row writes one name, or fails; a name found in the book decides.
 */
static int	(*const names[])(X509 *, char *, size_t) = {
	tls_cert_cn,
};

struct sae *
sae_by_certificate(const struct sae_book *b, X509 *cert)
{
	struct sae *s = NULL;
	sae_id	 name;

	for (size_t i = 0; s == NULL && i < sizeof(names) / sizeof(*names);
	    i++)
		if (names[i](cert, name, sizeof(name)) == 0 &&
		    sae_id_valid(name, strlen(name)))
			s = sae_find(b, name);
	return s;
}
