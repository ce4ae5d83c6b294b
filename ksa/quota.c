/* quota.c - token buckets. */
#include "ksa/quota.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#include "err.h"

#define MILLI		1000	/* of an octet: one arrives per ms and unit */

struct bucket {
	char		 name[2 * SAE_ID_MAX + 2];	/* bucket_name() */
	int64_t		 rate;		/* octets/s = milli-octets/ms */
	int64_t		 full, level;	/* milli-octets; < 0: promised */
	uint64_t	 at;		/* ms: when level was that */
	bool		 stays;		/* it is in the new configuration */
	UT_hash_handle	 hh;
};

struct quota {
	struct bucket	*by_name;
};

/* ---- buckets ---- */

/* IDs have no control characters. */
static struct bucket *
bucket_find(const struct quota *q, const char *master, const char *slave)
{
	char		 name[sizeof(((struct bucket *)0)->name)];
	struct bucket	*b;

	if (q->by_name == NULL)
		return NULL;
	snprintf(name, sizeof(name), "%s%s%s", master, slave ? "\n" : "",
	    slave ? slave : "");
	HASH_FIND_STR(q->by_name, name, b);
	return b;
}

static void
bucket_fill(struct bucket *b, uint64_t now)
{
	uint64_t	ms = now > b->at ? now - b->at : 0;

	if (b->level >= b->full ||
	    ms > (uint64_t)((b->full - b->level) / b->rate))
		b->level = b->full;
	else
		b->level += (int64_t)ms * b->rate;
	b->at = now > b->at ? now : b->at;
}

/* ms until that much is there. */
static uint64_t
bucket_wait(const struct bucket *b, uint64_t octets)
{
	int64_t	lacks = (int64_t)octets * MILLI - b->level;

	return lacks <= 0 ? 0 : (uint64_t)((lacks + b->rate - 1) / b->rate);
}

static uint64_t
bucket_left(const struct bucket *b)
{
	return b->level <= 0 ? 0 : (uint64_t)(b->level / MILLI);
}

/* ---- configuration ---- */

static int
set(struct quota *q, const char *master, const char *slave, int64_t rate,
    int64_t burst, uint64_t now)
{
	struct bucket	*b = bucket_find(q, master, slave);
	int64_t		 full = (burst == 0 ? rate : burst) * MILLI;

	if (rate == 0)
		return 0;
	if (b == NULL) {
		if ((b = calloc(1, sizeof(*b))) == NULL)
			return -E_NO_MEMORY;
		snprintf(b->name, sizeof(b->name), "%s%s%s", master,
		    slave ? "\n" : "", slave ? slave : "");
		b->level = full;
		b->at = now;
		HASH_ADD_STR(q->by_name, name, b);
	} else
		bucket_fill(b, now);
	b->rate = rate;
	b->full = full;
	b->stays = true;
	return 0;
}

int
quota_load(struct quota *q, const struct ksa_conf *c, uint64_t now)
{
	const struct ksa_application	*a = c->applications.v;
	const struct ksa_quota		*v = c->quotas.v;
	struct bucket			*b, *next;
	int				 r = 0;

	for (b = q->by_name; b != NULL; b = b->hh.next)
		b->stays = false;
	for (size_t i = 0; r == 0 && i < c->applications.n; i++)
		r = set(q, a[i].id, NULL, a[i].rate, a[i].burst, now);
	for (size_t i = 0; r == 0 && i < c->quotas.n; i++)
		r = set(q, v[i].master, v[i].slave, v[i].rate, v[i].burst,
		    now);
	HASH_ITER(hh, q->by_name, b, next)
		if (r == 0 && !b->stays) {
			HASH_DEL(q->by_name, b);
			free(b);
		}
	return r;
}

/* ---- draws ---- */

/* slaves[i], or the master's own: the last. */
static struct bucket *
concerned(const struct quota *q, const struct quota_draw *d, uint32_t i,
    uint64_t *octets)
{
	*octets = i < d->nslaves ? d->octets : d->total;
	return bucket_find(q, d->master,
	    i < d->nslaves ? d->slaves[i] : NULL);
}

static void
say(struct quota_lack *l, const struct bucket *b, const char *slave,
    uint64_t octets, uint64_t wait)
{
	*l = (struct quota_lack){
		.slave = slave,
		.needed = octets,
		.left = bucket_left(b),
		.rate = (uint64_t)b->rate,
		.burst = (uint64_t)(b->full / MILLI),
		.wait = wait,
	};
}

/* The longest wait of all concerned; -E_NO_KEY: too long. */
static int64_t
longest(struct quota *q, const struct quota_draw *d, uint64_t patience,
    uint64_t now, struct quota_lack *lack)
{
	uint64_t	 octets, wait, most = 0;
	bool		 never = false, large;
	struct bucket	*b;

	for (uint32_t i = 0; i <= d->nslaves; i++) {
		if ((b = concerned(q, d, i, &octets)) == NULL)
			continue;
		bucket_fill(b, now);
		large = octets > (uint64_t)(b->full / MILLI);
		wait = bucket_wait(b, octets);
		if (never || (!large && wait <= most))
			continue;
		never = large;
		most = wait;
		say(lack, b, i < d->nslaves ? d->slaves[i] : NULL, octets,
		    large ? 0 : wait);
	}
	return never || most > patience ? -E_NO_KEY : (int64_t)most;
}

int64_t
quota_take(struct quota *q, const struct quota_draw *d, uint64_t patience,
    uint64_t now, struct quota_lack *lack)
{
	struct bucket	*b;
	uint64_t	 octets;
	int64_t		 wait = longest(q, d, patience, now, lack);

	for (uint32_t i = 0; wait >= 0 && i <= d->nslaves; i++)
		if ((b = concerned(q, d, i, &octets)) != NULL)
			b->level -= (int64_t)octets * MILLI;
	return wait;
}

void
quota_give_back(struct quota *q, const struct quota_draw *d)
{
	struct bucket	*b;
	uint64_t	 octets;

	for (uint32_t i = 0; i <= d->nslaves; i++) {
		if ((b = concerned(q, d, i, &octets)) == NULL)
			continue;
		b->level += (int64_t)octets * MILLI;
		if (b->level > b->full)
			b->level = b->full;
	}
}

/* ---- for the status ---- */

uint64_t
quota_left(struct quota *q, const char *master, const char *slave,
    uint64_t now)
{
	struct bucket	*v[] = { bucket_find(q, master, NULL),
	    bucket_find(q, master, slave) };
	uint64_t	 left = QUOTA_NONE;

	for (int i = 0; i < 2; i++) {
		if (v[i] == NULL)
			continue;
		bucket_fill(v[i], now);
		if (bucket_left(v[i]) < left)
			left = bucket_left(v[i]);
	}
	return left;
}

uint64_t
quota_most(const struct quota *q, const char *master, const char *slave)
{
	struct bucket	*v[] = { bucket_find(q, master, NULL),
	    bucket_find(q, master, slave) };
	uint64_t	 most = QUOTA_NONE;

	for (int i = 0; i < 2; i++)
		if (v[i] != NULL && (uint64_t)(v[i]->full / MILLI) < most)
			most = (uint64_t)(v[i]->full / MILLI);
	return most;
}

/* ---- life ---- */

int
quota_new(struct quota **q)
{
	return (*q = calloc(1, sizeof(**q))) == NULL ? -E_NO_MEMORY : 0;
}

void
quota_free(struct quota **q)
{
	struct bucket	*b, *next;

	if (*q == NULL)
		return;
	HASH_ITER(hh, (*q)->by_name, b, next) {
		HASH_DEL((*q)->by_name, b);
		free(b);
	}
	free(*q);
	*q = NULL;
}
