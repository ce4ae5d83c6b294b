/* pool.c - stock in memory. */
#include "ksa/poolint.h"

#include <stdlib.h>

#include "err.h"
#include "ksa/line.h"
#include "ksa/wishing.h"

/* ---- stock ---- */

void
poolint_remove(struct pool *p, struct stock *s)
{
	TAILQ_REMOVE(&p->stock, s, next);
	p->blocks--;
	p->available -= s->octets - s->used;
	secret_free(&s->clear);
	free(s);
}

/* Of blocks that were not asked for as fresh this says nothing. */
static void
note(struct pool *p, uint64_t serial, const struct material *m)
{
	uint64_t	now = now_ms();

	if (p->fresh == 0 || serial < p->fresh ||
	    p->better.until <= mono_ms())
		return;
	p->last_came = mono_ms();
	p->last_hops = m->hops;
	p->last_age = now > m->born ? now - m->born : 0;
}

void
pool_add(struct pool *p, int64_t id, uint64_t serial, uint32_t octets,
    uint32_t used, const struct material *m)
{
	struct stock	*s, *after;

	if (used >= octets || (s = calloc(1, sizeof(*s))) == NULL)
		return;
	*s = (struct stock){ .id = id, .serial = serial, .octets = octets,
	    .used = used, .material = *m,
	    .request = used == 0 ? 0 : p->peer->request_last };
	TAILQ_FOREACH_REVERSE(after, &p->stock, stock_list, next)
		if (after->serial < serial)
			break;
	if (after == NULL)
		TAILQ_INSERT_HEAD(&p->stock, s, next);
	else
		TAILQ_INSERT_AFTER(&p->stock, after, s, next);
	p->blocks++;
	p->available += octets - used;
	p->size = octets;
	p->backoff = p->unanswered = 0;
	if (p->not_before == UINT64_MAX)	/* at start-up */
		return;
	rate_add(&p->in, octets - used, mono_ms());
	note(p, serial, m);
	line_retry(p->peer);
	wishing_retry(p->peer->env);
	pool_fill(p);
}

void
pool_rates(struct pool *p, uint64_t *in, uint64_t *out)
{
	uint64_t	now = mono_ms();

	*in = rate_per_second(&p->in, now);
	*out = rate_per_second(&p->out, now);
}

void
pool_drop(struct pool *p, uint64_t serial)
{
	struct stock	*s;

	TAILQ_FOREACH(s, &p->stock, next)
		if (s->serial == serial) {
			poolint_remove(p, s);
			return;
		}
}

void
pool_clear(struct pool *p)
{
	while (!TAILQ_EMPTY(&p->stock))
		poolint_remove(p, TAILQ_FIRST(&p->stock));
}

int
pool_load(struct pool *p)
{
	struct side		*s = keystore_reader(p->peer->env->store);
	struct block_row	 row = { 0 };
	int			 r;

	p->not_before = UINT64_MAX;	/* no filling before all is counted */
	while ((r = blocks_next(s, p->peer->id, OWN, row.serial, &row)) == 0)
		if (row.state == BLOCK_READY)
			pool_add(p, row.id, row.serial, row.octets, row.used,
			    &row.material);
	p->not_before = 0;
	return r == -E_NOT_FOUND ? 0 : r;
}

uint64_t
pool_available(const struct pool *p)
{
	return p->available;
}

unsigned
pool_blocks(const struct pool *p)
{
	return p->blocks;
}

/* ---- life ---- */

int
pool_new(struct pool **out, struct peer *peer, uint64_t block_last)
{
	struct pool	*p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -E_NO_MEMORY;
	p->peer = peer;
	p->serial_floor = block_last;
	TAILQ_INIT(&p->stock);
	*out = p;
	return 0;
}

void
pool_free(struct pool **p)
{
	if (*p != NULL)
		pool_clear(*p);
	free(*p);
	*p = NULL;
}
