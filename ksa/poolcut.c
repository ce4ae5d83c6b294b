/* poolcut.c - octets of the stock are found, read, taken. */
#include "ksa/poolint.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/extension.h"
#include "ksa/newblocks.h"

static int
stock_open(struct pool *p, struct stock *s)
{
	struct block_name	name = { p->peer->km, p->peer->id, OWN,
	    s->serial };
	int			r;

	if (s->clear != NULL)
		return 0;
	if ((s->clear = secret_new(s->octets)) == NULL)
		return -E_NO_MEMORY;
	r = blocks_read(keystore_reader(p->peer->env->store), &name, s->id,
	    s->used, s->octets - s->used, s->clear->bytes + s->used);
	if (r < 0)
		secret_free(&s->clear);
	return r;
}

/* One that does not open is void: no doubtful key is served. */
static int
stock_use(struct pool *p, struct stock *s)
{
	int	r = stock_open(p, s);

	if (r == -E_SEAL || r == -E_SPENT || r == -E_STORE_CORRUPT ||
	    r == -E_RANGE)
		newblocks_void(p->peer->newblocks, OWN, s->serial,
		    err_text(r));
	return r;
}

static bool
meets(const struct stock *s, const struct supply_wish *w, unsigned wishes,
    uint64_t now)
{
	return extension_met(w, wishes, &s->material, now);
}

/* How many blocks hold so many octets that are as wished. */
static int
count_blocks(const struct pool *p, const struct supply_wish *w,
    unsigned wishes, uint64_t now, uint32_t octets, uint32_t *n)
{
	uint64_t	 covered = 0;
	struct stock	*s;

	*n = 0;
	if (p->available < octets)
		return -E_NO_KEY;
	TAILQ_FOREACH(s, &p->stock, next) {
		if (!meets(s, w, wishes, now))
			continue;
		covered += s->octets - s->used;
		if (++*n > PIECES_MAX)
			return -E_TOO_LARGE;
		if (covered >= octets)
			return 0;
	}
	return -E_UNMET;
}

int
pool_find(const struct pool *p, const struct supply_wish *w, unsigned wishes,
    uint32_t octets, struct pieces **pp)
{
	uint64_t	 now = wishes == 0 ? 0 : now_ms();
	struct stock	*s;
	uint32_t	 n, take;
	int		 r;

	if ((r = count_blocks(p, w, wishes, now, octets, &n)) < 0)
		return r;
	if ((*pp = pieces_new(n)) == NULL)
		return -E_NO_MEMORY;
	n = 0;
	for (s = TAILQ_FIRST(&p->stock); octets > 0;
	    s = TAILQ_NEXT(s, next)) {
		if (!meets(s, w, wishes, now))
			continue;
		take = s->octets - s->used;
		take = take > octets ? octets : take;
		(*pp)->v[n++] = (struct piece){ s->serial, s->used, take };
		octets -= take;
	}
	return 0;
}

uint64_t
pool_meeting(const struct pool *p, const struct supply_wish *w,
    unsigned wishes)
{
	uint64_t	 octets = 0, now = now_ms();
	struct stock	*s;

	if (wishes == 0 && w->floor <= 1)
		return p->available;
	TAILQ_FOREACH(s, &p->stock, next)
		if (meets(s, w, wishes, now))
			octets += s->octets - s->used;
	return octets;
}

/* Pieces come in the order of the stock. */
static struct stock *
stock_find(struct stock *s, uint64_t serial)
{
	while (s != NULL && s->serial != serial)
		s = TAILQ_NEXT(s, next);
	return s;
}

void
pool_origin(const struct pool *p, const struct pieces *pieces,
    struct supply_origin *o)
{
	struct stock	*s = TAILQ_FIRST(&p->stock);
	uint64_t	 now = now_ms(), age;

	for (uint32_t i = 0; i < pieces->n; i++) {
		if ((s = stock_find(s, pieces->v[i].block)) == NULL)
			return;
		age = now > s->material.born ? now - s->material.born : 0;
		o->direct = o->direct && s->material.hops <= 1;
		o->dated = o->dated &&
		    s->material.born != MATERIAL_BORN_UNKNOWN;
		o->age = age > o->age ? age : o->age;
		if (s->material.hops > 0 && (o->paths == 0 ||
		    s->material.paths < o->paths))
			o->paths = s->material.paths;
	}
}

int
pool_read(struct pool *p, const struct pieces *pieces, uint32_t from,
    uint32_t octets, const uint8_t *text, uint8_t *out)
{
	struct stock	*s = TAILQ_FIRST(&p->stock);
	struct piece	 v;
	uint32_t	 n;
	int		 r;

	while ((n = pieces_map(pieces, from, octets, &v)) > 0) {
		if ((s = stock_find(s, v.block)) == NULL)
			return -E_GONE;
		if ((r = stock_use(p, s)) < 0)
			return r;
		for (uint32_t i = 0; text != NULL && i < n; i++)
			out[i] = text[i] ^ s->clear->bytes[v.offset + i];
		if (text == NULL)
			memcpy(out, s->clear->bytes + v.offset, n);
		if (v.offset + n == s->octets)	/* little memory is locked */
			secret_free(&s->clear);
		text = text == NULL ? NULL : text + n;
		out += n;
		from += n;
		octets -= n;
	}
	return 0;
}

static void
touch(struct touched *t, struct peer *peer, const struct stock *s)
{
	if (t->n == 0 || t->v[t->n - 1].id != s->id)
		t->n++;
	t->v[t->n - 1].peer = peer;
	t->v[t->n - 1].id = s->id;
	t->v[t->n - 1].serial = s->serial;
	t->v[t->n - 1].used = s->used;
}

int
pool_room(struct touched *t, uint32_t n)
{
	uint32_t	room = t->room == 0 ? 64 : t->room;
	void		*v;

	if (t->room - t->n >= n)
		return 0;
	while (room - t->n < n)
		room *= 2;
	if ((v = realloc(t->v, room * sizeof(t->v[0]))) == NULL)
		return -E_NO_MEMORY;
	t->v = v;
	t->room = room;
	return 0;
}

void
pool_forget(struct pool *p)
{
	struct stock	*s;

	TAILQ_FOREACH(s, &p->stock, next)
		secret_free(&s->clear);
}

void
pool_take(struct pool *p, const struct pieces *pieces, uint64_t request,
    struct touched *t)
{
	struct stock	*s = TAILQ_FIRST(&p->stock), *after;
	uint64_t	 now = mono_ms();

	for (uint32_t i = 0; i < pieces->n; i++, s = after) {
		const struct piece	*v = &pieces->v[i];

		s = stock_find(s, v->block);
		if (s->clear != NULL)
			OPENSSL_cleanse(s->clear->bytes + v->offset,
			    v->octets);
		s->used += v->octets;
		s->request = request;
		p->available -= v->octets;
		rate_add(&p->out, v->octets, now);
		touch(t, p->peer, s);
		after = TAILQ_NEXT(s, next);
		if (s->used == s->octets)
			poolint_remove(p, s);
	}
}
