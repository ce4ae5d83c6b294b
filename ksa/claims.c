/* claims.c - applications as other nodes announce them. */
#include "ksa/claims.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "err.h"

struct app {			/* that somebody announces */
	UT_hash_handle	 hh;		/* by id */
	struct claim	*first;		/* the oldest */
	char		 id[];
};

struct claim {
	struct app	*app;
	struct teller	*who;
	struct claim	*next;		/* of the same application */
};

struct claims {
	struct app	*apps;
	struct teller	**tellers;
	unsigned	 ntellers;
};

int
claims_new(struct claims **out)
{
	return (*out = calloc(1, sizeof(**out))) != NULL ? 0 : -E_NO_MEMORY;
}

int
claims_add(struct claims *c, const char *km)
{
	struct teller	*t, **v;

	v = realloc(c->tellers, (c->ntellers + 1) * sizeof(*v));
	if (v == NULL)
		return -E_NO_MEMORY;
	c->tellers = v;
	if ((t = calloc(1, sizeof(*t))) == NULL)
		return -E_NO_MEMORY;
	strncpy(t->km, km, sizeof(t->km) - 1);
	v[c->ntellers++] = t;
	return 0;
}

struct teller *
claims_teller(const struct claims *c, const char *km)
{
	for (unsigned i = 0; i < c->ntellers; i++)
		if (strcmp(c->tellers[i]->km, km) == 0)
			return c->tellers[i];
	return NULL;
}

const struct teller *
claims_unheard(const struct claims *c)
{
	for (unsigned i = 0; i < c->ntellers; i++)
		if (!c->tellers[i]->heard)
			return c->tellers[i];
	return NULL;
}

const struct teller *
claims_each(const struct claims *c, unsigned i)
{
	return i < c->ntellers ? c->tellers[i] : NULL;
}

const char *
claims_id(const struct teller *t, uint32_t i)
{
	return t->list[i]->app->id;
}

/* ---- single claims ---- */

static struct app *
find(const struct claims *c, const char *id)
{
	struct app	*a;

	HASH_FIND_STR(c->apps, id, a);
	return a;
}

static struct claim *
claim_new(struct claims *c, struct teller *who, const char *id)
{
	struct claim	*new = calloc(1, sizeof(*new)), **p;
	struct app	*a = find(c, id);
	size_t		 len = strlen(id) + 1;

	if (new == NULL)
		return NULL;
	if (a == NULL) {
		if ((a = calloc(1, sizeof(*a) + len)) == NULL) {
			free(new);
			return NULL;
		}
		memcpy(a->id, id, len);
		HASH_ADD_KEYPTR(hh, c->apps, a->id, len - 1, a);
	}
	new->app = a;
	new->who = who;
	for (p = &a->first; *p != NULL; p = &(*p)->next)
		;
	return *p = new;
}

static void
claim_free(struct claims *c, struct claim *x)
{
	struct claim	**p = &x->app->first;

	while (*p != x)
		p = &(*p)->next;
	*p = x->next;
	if (x->app->first == NULL) {
		HASH_DEL(c->apps, x->app);
		free(x->app);
	}
	free(x);
}

/* ---- lists ---- */

/* Two lists in order: below 0: only a has the next ID; above: only b. */
static int
order(const struct teller *t, uint32_t i, const char *id)
{
	return i == t->n ? 1 : id == NULL ? -1 :
	    strcmp(t->list[i]->app->id, id);
}

int
claims_compare(const struct teller *t, const struct applist *l,
    claims_change *fn, void *arg)
{
	const char	*id = applist_next(l, NULL);
	uint32_t	 i = 0;
	int		 r = 0, o;

	while (r == 0 && (i < t->n || id != NULL)) {
		o = order(t, i, id);
		if (o != 0)
			r = fn(arg, o < 0 ? t->list[i]->app->id : id, o > 0);
		if (o <= 0)
			i++;
		if (o >= 0)
			id = applist_next(l, id);
	}
	return r;
}

/* The claims of a list: those that are there, and new ones. */
struct merge { struct claims *c; struct claim **list; uint32_t n; };

static int
merge(struct merge *m, struct teller *t, const struct applist *l)
{
	const char	*id = applist_next(l, NULL);

	for (uint32_t i = 0; id != NULL; id = applist_next(l, id), m->n++) {
		while (order(t, i, id) < 0)
			i++;
		m->list[m->n] = order(t, i, id) == 0 ? t->list[i] :
		    claim_new(m->c, t, id);
		if (m->list[m->n] == NULL)
			return -E_NO_MEMORY;
	}
	return 0;
}

/* Drops those of `from` that `kept` has not; both in order. */
static void
drop(struct claims *c, struct claim **from, uint32_t n, struct claim **kept,
    uint32_t nkept)
{
	for (uint32_t i = 0, k = 0; i < n; i++) {
		while (k < nkept && strcmp(kept[k]->app->id,
		    from[i]->app->id) < 0)
			k++;
		if (k == nkept || kept[k] != from[i])
			claim_free(c, from[i]);
	}
}

struct change { struct change *next; bool added; char id[]; };
struct changes { struct change *first, **last; };

static int
note_change(void *arg, const char *id, bool added)
{
	struct changes	*v = arg;
	size_t		 len = strlen(id) + 1;
	struct change	*x = malloc(sizeof(*x) + len);

	if (x == NULL)
		return -E_NO_MEMORY;
	x->next = NULL;
	x->added = added;
	memcpy(x->id, id, len);
	*v->last = x;
	v->last = &x->next;
	return 0;
}

static void
tell_changes(struct changes *v, claims_change *fn, void *arg)
{
	struct change	*x;

	while ((x = v->first) != NULL) {
		v->first = x->next;
		if (fn != NULL)
			(void)fn(arg, x->id, x->added);
		free(x);
	}
}

int
claims_learn(struct claims *c, struct teller *t, const struct applist *l,
    claims_change *fn, void *arg)
{
	struct merge	 m = { c, malloc((l->n + 1) * sizeof(*m.list)), 0 };
	struct changes	 v = { NULL, &v.first };
	int		 r = m.list == NULL ? -E_NO_MEMORY :
			    claims_compare(t, l, note_change, &v);

	if (r == 0 && (r = merge(&m, t, l)) < 0)
		drop(c, m.list, m.n, t->list, t->n);
	if (r < 0) {
		free(m.list);
		tell_changes(&v, NULL, NULL);
		return r;
	}
	drop(c, t->list, t->n, m.list, m.n);
	free(t->list);
	t->list = m.list;
	t->n = m.n;
	t->heard = true;
	tell_changes(&v, fn, arg);
	return 0;
}

void
claims_free(struct claims **cp)
{
	struct claims	*c = *cp;

	if (c == NULL)
		return;
	for (unsigned i = 0; i < c->ntellers; i++) {
		struct teller	*t = c->tellers[i];

		drop(c, t->list, t->n, NULL, 0);
		free(t->list);
		free(t);
	}
	free(c->tellers);
	free(c);
	*cp = NULL;
}

/* ---- looking up ---- */

unsigned
claims_find(const struct claims *c, const char *id,
    const struct teller *who[2])
{
	struct app	*a = find(c, id);
	unsigned	 n = 0;

	who[0] = who[1] = NULL;
	for (struct claim *x = a == NULL ? NULL : a->first; x != NULL;
	    x = x->next, n++)
		if (n < 2)
			who[n] = x->who;
	return n;
}

bool
claims_by(const struct claims *c, const char *id, const char *km)
{
	struct app	*a = find(c, id);

	for (struct claim *x = a == NULL ? NULL : a->first; x != NULL;
	    x = x->next)
		if (strcmp(x->who->km, km) == 0)
			return true;
	return false;
}
