/* sae.c - the applications of the configuration, and who a certificate is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "certname.h"
#include "err.h"
#include "ksa/place.h"
#include "log.h"
#include "sae.h"

#define FAULT_TEXT	512

struct entry {
	struct sae	 sae;
	struct entry	*older;	/* the same, in the book before a reload */
	UT_hash_handle	 hh;	/* by sae.id */
};

/* A name of a certificate that speaks for somebody. */
struct name {
	struct entry	*owner;
	UT_hash_handle	 hh;	/* by b */
	size_t		 len;
	uint8_t		 b[];
};

struct sae_book {
	struct entry	*by_id;
	struct name	*names;
	struct places	*places;	/* of those of other nodes */
};

/* While a book is filled. */
struct filling {
	struct sae_book		*book;
	const struct ksa_conf	*conf;
	sae_fault		*fault;		/* NULL: the first one ends it */
	void			*arg;
	int			 r;
};

static void
fault(struct filling *f, int r, const char *id, const char *what)
{
	f->r = r;
	if (f->fault != NULL)
		f->fault(f->arg, id, what);
}

static struct entry *
find(const struct sae_book *b, const char *id)
{
	struct entry *e;

	HASH_FIND_STR(b->by_id, id, e);
	return e;
}

static struct name *
find_name(const struct sae_book *b, const struct certname *n)
{
	struct name *e;

	HASH_FIND(hh, b->names, n->b, n->len, e);
	return e;
}

static void
add_name(struct filling *f, struct entry *owner, const struct certname *n,
    const char *text)
{
	struct name *e = find_name(f->book, n);
	char	 what[FAULT_TEXT];

	if (e != NULL && e->owner != owner) {
		snprintf(what, sizeof(what), "names: %s is a name of \"%s\" "
		    "too; a certificate may speak for one application only",
		    log_quote(text), e->owner->sae.id);
		fault(f, -E_EXISTS, owner->sae.id, what);
	}
	if (e != NULL)
		return;
	if ((e = malloc(sizeof(*e) + n->len)) == NULL) {
		fault(f, -E_NO_MEMORY, owner->sae.id, "names: out of memory");
		return;
	}
	e->owner = owner;
	e->len = n->len;
	memcpy(e->b, n->b, n->len);
	HASH_ADD_KEYPTR(hh, f->book->names, e->b, e->len, e);
}

static void
read_name(struct filling *f, struct entry *owner, const char *text)
{
	const char	*expected;
	struct certname	 n;
	char		 what[FAULT_TEXT];

	if (certname_parse(&n, text, &expected) == 0) {
		add_name(f, owner, &n, text);
		return;
	}
	snprintf(what, sizeof(what), "names: %s is not valid; expected: %s",
	    log_quote(text), expected);
	fault(f, -E_BAD_FORMAT, owner->sae.id, what);
}

/* Who says nothing of certificates has one whose CN is the ID. */
static void
add_names(struct filling *f, struct entry *owner,
    const struct conf_strings *names)
{
	char	text[sizeof(sae_id) + 3];

	for (size_t i = 0; i < names->n; i++)
		read_name(f, owner, names->v[i]);
	if (names->n > 0)
		return;
	snprintf(text, sizeof(text), "cn:%s", owner->sae.id);
	read_name(f, owner, text);
}

static void
add(struct filling *f, const struct ksa_application *a)
{
	struct entry *e;

	if (find(f->book, a->id) != NULL) {
		fault(f, -E_EXISTS, a->id, "stands there twice");
		return;
	}
	if ((e = calloc(1, sizeof(*e))) == NULL) {
		fault(f, -E_NO_MEMORY, a->id, "out of memory");
		return;
	}
	memcpy(e->sae.id, a->id, sizeof(e->sae.id));
	memcpy(e->sae.km, a->km, sizeof(e->sae.km));
	e->sae.local = strcmp(a->km, f->conf->kme_id) == 0;
	e->sae.registered = true;
	HASH_ADD_STR(f->book->by_id, sae.id, e);
	add_names(f, e, &a->names);
}

static int
fill(struct sae_book **out, struct filling *f)
{
	const struct ksa_application *a = f->conf->applications.v;

	*out = NULL;
	if ((f->book = calloc(1, sizeof(*f->book))) == NULL)
		return -E_NO_MEMORY;
	f->r = places_new(&f->book->places, f->conf);
	for (size_t i = 0; i < f->conf->applications.n &&
	    (f->r == 0 || f->fault != NULL); i++)
		add(f, &a[i]);
	if (f->r == 0)
		*out = f->book;
	else
		sae_book_free(&f->book);
	return f->r;
}

int
sae_book_new(struct sae_book **out, const struct ksa_conf *c)
{
	struct filling f = { .conf = c };

	return fill(out, &f);
}

int
sae_book_check(const struct ksa_conf *c, sae_fault *fn, void *arg)
{
	struct filling f = { .conf = c, .fault = fn, .arg = arg };
	struct sae_book *b = NULL;
	int	 r = fill(&b, &f);

	sae_book_free(&b);
	return r;
}

static void
free_names(struct sae_book *b)
{
	struct name *n, *next;

	HASH_ITER(hh, b->names, n, next) {
		HASH_DEL(b->names, n);
		free(n);
	}
}

void
sae_book_free(struct sae_book **bp)
{
	struct entry *e, *next;

	if (*bp == NULL)
		return;
	free_names(*bp);
	HASH_ITER(hh, (*bp)->by_id, e, next) {
		HASH_DEL((*bp)->by_id, e);
		free(e);
	}
	places_free(&(*bp)->places);
	free(*bp);
	*bp = NULL;
}

/* ---- reload ---- */

/* What is in both books stays where it is in the old one. */
static void
update_old(struct sae_book *b, struct sae_book *fresh)
{
	struct entry *e, *next, *now;

	HASH_ITER(hh, b->by_id, e, next) {
		now = find(fresh, e->sae.id);
		e->sae.registered = now != NULL;
		if (now != NULL) {
			memcpy(e->sae.km, now->sae.km, sizeof(e->sae.km));
			e->sae.local = now->sae.local;
			now->older = e;
		} else if (e->sae.connections == 0) {
			HASH_DEL(b->by_id, e);
			free(e);
		}
	}
}

static void
move_new(struct sae_book *b, struct sae_book *fresh)
{
	struct entry *e, *next;
	struct name *n;

	for (n = fresh->names; n != NULL; n = n->hh.next)
		if (n->owner->older != NULL)
			n->owner = n->owner->older;
	HASH_ITER(hh, fresh->by_id, e, next)
		if (e->older == NULL) {
			HASH_DEL(fresh->by_id, e);
			HASH_ADD_STR(b->by_id, sae.id, e);
		}
}

int
sae_book_reload(struct sae_book *b, const struct ksa_conf *c)
{
	struct sae_book *fresh;
	struct name *names;
	int	 r;

	if ((r = sae_book_new(&fresh, c)) < 0)
		return r;
	update_old(b, fresh);
	move_new(b, fresh);
	names = b->names;
	b->names = fresh->names;
	fresh->names = names;
	sae_book_free(&fresh);
	place_reload(b);
	return 0;
}

/* ---- looking up ---- */

struct sae *
sae_find(const struct sae_book *b, const char *id)
{
	struct entry *e = find(b, id);

	return e == NULL || !e->sae.registered ? NULL : &e->sae;
}

void
sae_each(const struct sae_book *b, void (*fn)(void *arg, const struct sae *),
    void *arg)
{
	for (struct entry *e = b->by_id; e != NULL; e = e->hh.next)
		if (e->sae.registered)
			fn(arg, &e->sae);
}

struct places *
sae_places(const struct sae_book *b)
{
	return b->places;
}

struct match {
	const struct sae_book	*book;
	struct sae		*who, *other;
};

static int
on_name(void *arg, const struct certname *n)
{
	struct match *m = arg;
	struct name *found = find_name(m->book, n);

	if (found == NULL || &found->owner->sae == m->who)
		return 0;
	if (m->who == NULL) {
		m->who = &found->owner->sae;
		return 0;
	}
	m->other = &found->owner->sae;
	return -E_EXISTS;
}

int
sae_match(const struct sae_book *b, X509 *cert, struct sae **who,
    struct sae **other)
{
	struct match m = { b, NULL, NULL };
	int	 r = certname_each(cert, on_name, &m);

	*who = m.who;
	*other = m.other;
	return r < 0 ? r : m.who == NULL ? -E_NOT_FOUND : 0;
}
