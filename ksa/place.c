/* place.c - at which node an application is, and who else says so. */
#include "ksa/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "err.h"
#include "ksa/sae.h"
#include "log.h"

#define LOG_MOST	16	/* clashes that one change brings to the log */

struct clash {
	UT_hash_handle	 hh;		/* by id */
	char		 id[];
};

struct places {
	struct claims	*claims;
	struct clash	*clashes;
	unsigned	 logged;	/* of this change */
};

int
places_new(struct places **out, const struct ksa_conf *c)
{
	const struct ksa_peer	*v = c->peers.v;
	struct places		*p = calloc(1, sizeof(*p));
	int			 r = p == NULL ? -E_NO_MEMORY :
				    claims_new(&p->claims);

	for (size_t i = 0; r == 0 && i < c->peers.n; i++)
		r = claims_add(p->claims, v[i].kme_id);
	if (r < 0)
		places_free(&p);
	*out = p;
	return r;
}

static void
forget(struct places *p, struct clash *x)
{
	HASH_DEL(p->clashes, x);
	free(x);
}

void
places_free(struct places **pp)
{
	struct clash	*x, *next;

	if (*pp == NULL)
		return;
	HASH_ITER(hh, (*pp)->clashes, x, next)
		forget(*pp, x);
	claims_free(&(*pp)->claims);
	free(*pp);
	*pp = NULL;
}

/* ---- looking up ---- */

int
place_find(const struct sae_book *b, const char *id, struct place *pl)
{
	const struct claims	*c = sae_places(b)->claims;
	const struct teller	*who[2], *t;
	const struct sae	*s = sae_find(b, id);
	unsigned		 n = claims_find(c, id, who);

	*pl = (struct place){ NULL, NULL, false };
	if (s != NULL) {
		pl->km = s->km;
		pl->local = s->local;
		if (!s->local || n == 0)
			return 0;
		pl->also = who[0]->km;
		return -E_EXISTS;
	}
	if (n == 0) {
		if ((t = claims_unheard(c)) == NULL)
			return -E_NOT_FOUND;
		pl->km = t->km;
		return -E_DOWN;
	}
	pl->km = who[0]->km;
	if (n == 1)
		return 0;
	pl->also = who[1]->km;
	return -E_EXISTS;
}

const char *
place_trouble(int r, const char *id, const struct place *pl,
    char text[PLACE_TEXT])
{
	if (r == -E_EXISTS)
		snprintf(text, PLACE_TEXT, "two nodes, %s and %s, announce the "
		    "same application, %.100s: one must withdraw it",
		    pl->km, pl->also, id);
	else if (r == -E_DOWN)
		snprintf(text, PLACE_TEXT, "not a known application: %.100s; "
		    "but those of node %s are not known yet", id, pl->km);
	else
		snprintf(text, PLACE_TEXT, "not a registered application: "
		    "%.100s", id);
	return text;
}

bool
place_is_at(const struct sae_book *b, const char *id, const char *km)
{
	const struct sae	*s = sae_find(b, id);

	return s != NULL ? strcmp(s->km, km) == 0 :
	    claims_by(sae_places(b)->claims, id, km);
}

/* ---- two nodes claim one ---- */

/* Another node than `km` that announces it, or NULL. */
static const char *
rival(const struct claims *c, const char *id, const char *km)
{
	const struct teller	*who[2];
	unsigned		 n = claims_find(c, id, who);

	for (unsigned i = 0; i < 2 && i < n; i++)
		if (strcmp(who[i]->km, km) != 0)
			return who[i]->km;
	return NULL;
}

/* Whether two nodes claim it: who. The pin of the configuration counts. */
static bool
clashes(const struct sae_book *b, const char *id, struct place *pl,
    bool *pinned)
{
	int	r = place_find(b, id, pl);

	*pinned = false;
	if (r != 0)
		return r == -E_EXISTS;
	if (pl->local || sae_find(b, id) == NULL)
		return false;
	pl->also = rival(sae_places(b)->claims, id, pl->km);
	*pinned = true;
	return pl->also != NULL;
}

static void
log_clash(struct places *p, const char *id, const struct place *pl,
    bool pinned)
{
	if (p->logged++ < LOG_MOST)
		log_warn(pinned ? "application announced by another node than "
		    "configured: the configuration decides" :
		    "application announced by two nodes: refused until one "
		    "withdraws it", "application=%s node=%s other=%s",
		    log_quote(id), pl->km, pl->also);
}

static void
log_end(struct places *p, const char *id)
{
	if (p->logged++ < LOG_MOST)
		log_notice("application is announced by one node again",
		    "application=%s", log_quote(id));
}

static int
judge(void *arg, const char *id, bool added)
{
	const struct sae_book	*b = arg;
	struct places		*p = sae_places(b);
	struct place		 pl;
	struct clash		*x;
	size_t			 len = strlen(id);
	bool			 pinned, is = clashes(b, id, &pl, &pinned);

	(void)added;
	HASH_FIND(hh, p->clashes, id, len, x);
	if (is && x == NULL) {
		log_clash(p, id, &pl, pinned);
		if ((x = calloc(1, sizeof(*x) + len + 1)) == NULL)
			return 0;	/* refused it is all the same */
		memcpy(x->id, id, len);
		HASH_ADD_KEYPTR(hh, p->clashes, x->id, len, x);
	} else if (!is && x != NULL) {
		log_end(p, id);
		forget(p, x);
	}
	return 0;
}

static void
log_rest(struct places *p)
{
	if (p->logged > LOG_MOST)
		log_warn("more such applications", "n=%u all=%u",
		    p->logged - LOG_MOST, HASH_COUNT(p->clashes));
	p->logged = 0;
}

struct teller *
place_teller(const struct sae_book *b, const char *km)
{
	return claims_teller(sae_places(b)->claims, km);
}

int
place_learn(const struct sae_book *b, struct teller *t,
    const struct applist *l)
{
	struct places	*p = sae_places(b);
	int		 r = claims_learn(p->claims, t, l, judge,
			    (void *)(uintptr_t)b);

	log_rest(p);
	return r;
}

static void
judge_entry(void *arg, const struct sae *s)
{
	(void)judge(arg, s->id, true);
}

void
place_reload(const struct sae_book *b)
{
	struct places	*p = sae_places(b);
	struct clash	*x, *next;
	void		*arg = (void *)(uintptr_t)b;

	HASH_ITER(hh, p->clashes, x, next)
		(void)judge(arg, x->id, true);
	sae_each(b, judge_entry, arg);
	log_rest(p);
}

unsigned
place_clashes(const struct sae_book *b, place_clash *fn, void *arg)
{
	struct places	*p = sae_places(b);
	struct place	 pl;
	bool		 pinned;
	int		 r = 0;

	for (struct clash *x = p->clashes; fn != NULL && r == 0 && x != NULL;
	    x = x->hh.next)
		if (clashes(b, x->id, &pl, &pinned))
			r = fn(arg, x->id, pl.km, pl.also, pinned);
	return HASH_COUNT(p->clashes);
}
