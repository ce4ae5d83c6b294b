/* deliver.c - checks, key bytes, the commit of a delivery. */
#include "ksa/deliver.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/bindcache.h"
#include "ksa/blocks.h"
#include "ksa/enc.h"
#include "ksa/place.h"
#include "ksa/record.h"
#include "log.h"
#include "secret.h"

static struct binding *
binding_of(const struct fetch *f, uint32_t i)
{
	struct env	*env = f->call.env;

	return bindcache_get(env->bindings, keystore_reader(env->store),
	    f->v[i].peer->id, f->v[i].request);
}

void
fetch_free(struct fetch *f)
{
	call_end(&f->call);
	for (uint32_t i = 0; i < f->ngroups; i++)
		binding_free(&f->groups[i].b);
	free(f->groups);
	secret_free(&f->keys);
	free(f->caller);
	free(f->peer_sae);
	free(f->ids);
	free(f->v);
	free(f->asks);
	free(f->sizes);
	free(f);
}

/* ---- may it? ---- */

static bool
window_open(const struct env *env, const struct binding *b, uint32_t stamp,
    uint64_t now)
{
	uint64_t	at = binding_time(b, stamp);
	uint64_t	window = (uint64_t)env->conf->redelivery * 1000;

	if (at < env->started)		/* a restart renews it */
		at = env->started;
	return binding_window_open(at, window, now);
}

/*
 * The binding came when nobody else had that master. Since then another node
 * may have announced it: this key must not be taken for one of that one's.
 */
static bool
master_is_at(const struct fetch *f, const struct binding *b,
    const struct peer *p, const char **why)
{
	const struct sae_book	*book = f->call.env->book;
	static char		 text[PLACE_TEXT];
	struct place		 pl;
	int			 r;

	if (p->self)		/* key of this node's own */
		return true;
	r = place_find(book, b->master, &pl);
	if (r == -E_NOT_FOUND || (r == 0 && strcmp(pl.km, p->km) == 0))
		return true;
	*why = r < 0 ? place_trouble(r, b->master, &pl, text) :
	    "its master is registered at another KM now";
	return false;
}

static enum supply_status
check_one(const struct fetch *f, const struct binding *b,
    const struct peer *p, uint32_t place, uint64_t now, const char **why)
{
	const struct env	*env = f->call.env;
	int			 slave = binding_slave(b, f->caller);
	uint32_t		 stamp;

	if (slave < 0) {
		*why = "the key was made for another application";
		return SUPPLY_UNAUTHORIZED;
	}
	if (f->peer_sae != NULL && strcmp(f->peer_sae, b->master) != 0 &&
	    strcmp(f->peer_sae, f->caller) != 0) {
		*why = "the key was not made by the application named";
		return SUPPLY_UNAUTHORIZED;
	}
	if (b->in_session) {
		*why = "keys of a session are brought, not fetched";
		return SUPPLY_NOT_FOUND;
	}
	stamp = b->fetched == NULL ? 0 :
	    *binding_fetched(b, (uint32_t)slave, place);
	*why = b->state == BINDING_VOID ? "the key is void" :
	    b->state == BINDING_EXPIRED || (stamp == 0 && now > b->made +
	    (uint64_t)env->conf->key_expiry * 1000) ?
	    "the key was not fetched in time and has expired" :
	    b->state == BINDING_ERASED || binding_is_erased(b, place) ||
	    (stamp != 0 && !window_open(env, b, stamp, now)) ?
	    "the key was delivered before" : NULL;
	if (*why != NULL)
		return SUPPLY_NOT_FOUND;
	return master_is_at(f, b, p, why) ? SUPPLY_OK : SUPPLY_UNAVAILABLE;
}

/* One key that is another's outweighs what else is wrong (014 5.4). */
enum supply_status
deliver_check(const struct fetch *f, const char **why)
{
	enum supply_status	 s = SUPPLY_OK, one;
	uint64_t		 now = now_ms();
	const char		*reason = NULL;

	for (uint32_t i = 0; s != SUPPLY_UNAUTHORIZED && i < f->number; i++) {
		struct binding	*b = f->v[i].peer == NULL ? NULL :
				    binding_of(f, i);

		one = b == NULL ? SUPPLY_OK :
		    check_one(f, b, f->v[i].peer, f->v[i].place, now,
		    &reason);
		if (one == SUPPLY_UNAUTHORIZED || s == SUPPLY_OK) {
			s = one;
			*why = reason;
		}
	}
	return s;
}

/* ---- bytes ---- */

int
deliver_read(struct env *env, struct peer *p, const struct binding *b,
    uint64_t from, uint64_t octets, uint8_t *out)
{
	struct block_name	 name = { p->km, p->id,
	    p->self ? OWN : THEIRS, 0 };
	struct piece		 piece;
	uint32_t		 n;
	int			 r = 0;

	while (octets > 0) {
		if ((n = pieces_map(b->pieces, from, octets, &piece)) == 0)
			return -E_STORE_CORRUPT;
		name.serial = piece.block;
		if ((r = segcache_read(env->segments,
		    keystore_reader(env->store), &name, piece.offset, n,
		    out)) < 0)
			return r;
		out += n;
		from += n;
		octets -= n;
	}
	return r;
}

static int
read_key(const struct fetch *f, uint32_t i, const struct binding *b,
    uint8_t *out)
{
	return deliver_read(f->call.env, f->v[i].peer, b,
	    (uint64_t)f->v[i].place * b->octets, b->octets, out);
}

/* The last copy that was needed: keys of one request come together. */
struct copy { struct peer *peer; uint64_t request; uint8_t *octets; };

static int
copy_load(struct copy *c, struct peer *p, const struct binding *b)
{
	uint8_t	mac[OTP_MAC];

	if (c->octets != NULL && c->peer == p && c->request == b->request)
		return 0;
	free(c->octets);
	*c = (struct copy){ p, b->request, NULL };
	return bindings_copy(keystore_reader(p->env->store), p->id, false, b,
	    &c->octets, mac);
}

/* What was read is the pad: the key comes from the copy. */
static int
unpad(const struct fetch *f, uint32_t i, const struct binding *b,
    struct copy *c, uint8_t *out)
{
	const uint8_t	*copy;
	int		 r;

	if (!b->copied)
		return 0;
	if ((r = copy_load(c, f->v[i].peer, b)) < 0)
		return r;
	copy = c->octets + (size_t)f->v[i].place * b->octets;
	for (uint32_t k = 0; k < b->octets; k++)
		out[k] ^= copy[k];
	return 0;
}

/* The keys of a request may be of several sizes. */
static int
measure(struct fetch *f, size_t *octets)
{
	if (f->sizes == NULL && (f->sizes = calloc(f->number,
	    sizeof(f->sizes[0]))) == NULL)
		return -E_NO_MEMORY;
	*octets = 0;
	for (uint32_t i = 0; i < f->number; i++) {
		struct binding	*b = binding_of(f, i);

		if (b == NULL)
			return -E_NO_MEMORY;
		f->sizes[i] = b->octets;
		f->mixed = f->mixed || f->sizes[i] != f->sizes[0];
		*octets += b->octets;
	}
	return 0;
}

/* Whoever lacks memory here will lack it there too, and say so. */
bool
deliver_fits(struct fetch *f)
{
	size_t	octets;

	return f->fits == NULL || measure(f, &octets) < 0 ||
	    f->fits(f->number, f->sizes);
}

static int
read_all(struct fetch *f)
{
	struct copy	 copy = { NULL, 0, NULL };
	uint8_t		*out;
	size_t		 octets;
	int		 r;

	if ((r = measure(f, &octets)) < 0)
		return r;
	if ((f->keys = secret_new(octets)) == NULL) {
		enc_forget(f->call.env);
		f->keys = secret_new(octets);
	}
	if (f->keys == NULL)
		return -E_NO_MEMORY;
	out = f->keys->bytes;
	for (uint32_t i = 0; r == 0 && i < f->number; i++) {
		struct binding	*b = binding_of(f, i);

		/* Memory may be short; the binding is the same. */
		r = b == NULL ? -E_NO_MEMORY : read_key(f, i, b, out);
		if (r == 0)
			r = unpad(f, i, b, &copy, out);
		out += f->sizes[i];
	}
	free(copy.octets);
	return r;
}

/* ---- the commit ---- */

static struct group *
group_find(struct fetch *f, const struct peer *p, uint64_t request)
{
	for (uint32_t i = f->ngroups; i-- > 0;)
		if (f->groups[i].peer == p &&
		    f->groups[i].request == request)
			return &f->groups[i];
	return NULL;
}

/* What the disk shall say, apart from what memory says by then. */
static struct binding *
snapshot(const struct binding *b)
{
	struct binding	*s = binding_new("", "");

	if (s == NULL)
		return NULL;
	s->request = b->request;
	s->nslaves = b->nslaves;
	s->keys = b->keys;
	s->made = b->made;
	if (binding_need_fetched(s) < 0)
		binding_free(&s);
	else
		memcpy(s->fetched, b->fetched,
		    (size_t)b->nslaves * b->keys * sizeof(*b->fetched));
	return s;
}

/* Where it stands when the caller fetched that key. */
static uint32_t *
stamp_of(const struct fetch *f, const struct binding *b, uint32_t i)
{
	return binding_fetched(b, (uint32_t)binding_slave(b, f->caller),
	    f->v[i].place);
}

/* Marks new deliveries in memory. */
static int
mark(struct fetch *f)
{
	for (uint32_t i = 0; i < f->number; i++) {
		struct binding	*b = binding_of(f, i);
		struct wanted	*w = &f->v[i];

		if (b == NULL || binding_need_fetched(b) < 0)
			return -E_NO_MEMORY;
		if (*stamp_of(f, b, i) == 0)
			w->stamp = *stamp_of(f, b, i) =
			    binding_stamp(b, f->now);
	}
	return 0;
}

/* While pinned, the bindings stay in memory, and with them the marks. */
static int
pin_all(struct fetch *f)
{
	struct env	*env = f->call.env;

	if ((f->groups = calloc(f->number, sizeof(*f->groups))) == NULL)
		return -E_NO_MEMORY;
	for (uint32_t i = 0; i < f->number; i++) {
		struct wanted	*w = &f->v[i];
		struct group	*g = &f->groups[f->ngroups];

		if (group_find(f, w->peer, w->request) != NULL)
			continue;
		if (binding_of(f, i) == NULL)
			return -E_NO_MEMORY;
		bindcache_pin(env->bindings, w->peer->id, w->request);
		g->peer = w->peer;
		g->request = w->request;
		f->ngroups++;
	}
	return 0;
}

static void
unpin_all(struct fetch *f)
{
	for (uint32_t i = 0; i < f->ngroups; i++)
		bindcache_unpin(f->call.env->bindings, f->groups[i].peer->id,
		    f->groups[i].request);
}

static int
snapshot_all(struct fetch *f)
{
	struct env	*env = f->call.env;

	for (uint32_t i = 0; i < f->ngroups; i++) {
		struct group	*g = &f->groups[i];
		struct binding	*b = bindcache_get(env->bindings,
				    keystore_reader(env->store), g->peer->id,
				    g->request);

		if (b == NULL || (g->b = snapshot(b)) == NULL)
			return -E_NO_MEMORY;
		consume_begin(&g->use, g->peer);
	}
	return 0;
}

static void
unmark(struct fetch *f)
{
	for (uint32_t i = 0; i < f->number; i++) {
		struct binding	*b = binding_of(f, i);
		struct wanted	*w = &f->v[i];

		if (b != NULL && b->fetched != NULL && w->stamp != 0 &&
		    *stamp_of(f, b, i) == w->stamp)
			*stamp_of(f, b, i) = 0;
	}
}

static int
deliver_run(struct db *db, void *arg)
{
	struct fetch	*f = arg;
	struct side	*s = keystore_writer(f->call.env->store);
	int		 r = 0;

	(void)db;
	for (uint32_t i = 0; r == 0 && i < f->ngroups; i++) {
		struct group	*g = &f->groups[i];

		if ((r = bindings_fetch(s, g->use.peer, g->b, f->now)) == 0)
			r = consume_run(&g->use, s);
	}
	return r < 0 ? r : record_delivery(s, f);
}

static void
answer(struct fetch *f)
{
	struct supply_answer	 a = { .status = SUPPLY_OK };
	struct counters		*count = &f->call.env->count;

	count->dec_keys += f->number;
	for (uint32_t i = 0; i < f->number; i++)
		count->redelivered += f->v[i].stamp == 0;
	a.number = f->number;
	a.octets = f->sizes[0];
	a.sizes = f->mixed ? f->sizes : NULL;
	a.ids = (const uint8_t (*)[16])f->ids;
	a.keys = f->keys;
	f->keys = NULL;
	call_answer(&f->call, &a);
	fetch_free(f);
}

static void
fail(struct fetch *f, int r)
{
	struct env	*env = f->call.env;

	unmark(f);
	/* The disk knows better: another delivery may carry this one's marks. */
	for (uint32_t i = 0; i < f->ngroups; i++)
		bindcache_drop(env->bindings, f->groups[i].peer->id,
		    f->groups[i].request);
	env->count.dec_failed++;
	if (r == -E_GONE || r == -E_SPENT)
		call_fail(&f->call, SUPPLY_NOT_FOUND, "the key is void");
	else {
		log_err("keys not delivered", "application=%s error=%s",
		    log_quote(f->caller), err_name(r));
		call_fail(&f->call, SUPPLY_UNAVAILABLE, "%s", err_text(r));
	}
	unpin_all(f);
	fetch_free(f);
}

static void
deliver_done(void *arg, int r)
{
	struct fetch	*f = arg;

	if (r < 0) {
		fail(f, r);
		return;
	}
	for (uint32_t i = 0; i < f->ngroups; i++)
		consume_done(&f->groups[i].use, f->groups[i].peer);
	unpin_all(f);
	answer(f);
}

bool
deliver(struct fetch *f)
{
	int	r;

	f->now = now_ms();
	if ((r = pin_all(f)) < 0 || (r = read_all(f)) < 0 ||
	    (r = mark(f)) < 0 || (r = snapshot_all(f)) < 0) {
		fail(f, r);
		return false;
	}
	call_end(&f->call);
	env_add(f->call.env, deliver_run, deliver_done, f);
	return true;
}
