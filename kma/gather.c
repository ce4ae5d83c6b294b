/* gather.c - the parts of a pool block become the block. */
#include "kma/gather.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#include "block.h"
#include "err.h"
#include "log.h"
#include "otp.h"
#include "quiet.h"

#define GATHERS_MAX	4096	/* then the oldest gives way */

struct name { uint64_t block; km_id source; };	/* no gap between: hashed */

struct gather {
	struct name		 name;
	uint32_t		 parts;
	unsigned		 expected, kept;	/* a bit for each part */
	bool			 joining, over;		/* over: void */
	uint64_t		 deadline;		/* mono, ms */
	char			*routes[BLOCK_PARTS_MAX];	/* by part */
	UT_hash_handle		 hh;
	TAILQ_ENTRY(gather)	 next;
};

struct gathers {
	struct gather		*by_name;
	TAILQ_HEAD(gather_list, gather) by_age;
};

static struct name
name_of(const struct gather_part *p)
{
	struct name	n;

	memset(&n, 0, sizeof(n));
	n.block = p->block;
	strcpy(n.source, p->route->km[0]);
	return n;
}

static struct gather *
find(const struct kma *k, const struct gather_part *p)
{
	struct name	 n = name_of(p);
	struct gather	*g;

	HASH_FIND(hh, k->gathers->by_name, &n, sizeof(n), g);
	return g;
}

static void
forget(struct kma *k, struct gather *g)
{
	HASH_DEL(k->gathers->by_name, g);
	TAILQ_REMOVE(&k->gathers->by_age, g, next);
	for (unsigned i = 0; i < BLOCK_PARTS_MAX; i++)
		free(g->routes[i]);
	free(g);
}

/* None of it will be used; parts that are just being committed go as well,
 * since this comes behind them. */
static void
destroy(struct kma *k, struct gather *g)
{
	struct linktx	*tx;

	if (g->expected == 0 || g->over)
		return;
	g->over = true;
	tx = linktx_new(k->store);
	linktx_parts_drop(tx, g->name.source, g->name.block);
	linktx_commit(tx, NULL, NULL);
}

static void
make_room(struct kma *k)
{
	struct gather	*g;

	if (HASH_COUNT(k->gathers->by_name) < GATHERS_MAX)
		return;
	TAILQ_FOREACH(g, &k->gathers->by_age, next)
		if (!g->joining)
			break;
	if (g != NULL) {
		destroy(k, g);
		forget(k, g);
	}
}

static struct gather *
begin(struct kma *k, const struct gather_part *p)
{
	struct gather	*g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	make_room(k);
	g->name = name_of(p);
	g->parts = p->parts;
	/* One may have waited for key at its source for so long, and then be
	 * on its way as long. */
	g->deadline = mono_ms() + 2 * (uint64_t)kma_conf.relay_timeout;
	HASH_ADD(hh, k->gathers->by_name, name, sizeof(g->name), g);
	TAILQ_INSERT_TAIL(&k->gathers->by_age, g, next);
	return g;
}

/* ---- may it be kept? ---- */

/* One of them may be the link. */
static bool
share_a_node(const struct route *a, const struct route *b)
{
	if (a->n == 2 && b->n == 2)
		return true;
	for (unsigned i = 1; i + 1 < a->n; i++)
		if (route_find(b, a->km[i]) >= 0)
			return true;
	return false;
}

static bool
is_apart(const struct gather *g, const struct gather_part *p)
{
	struct route	other;

	for (unsigned i = 0; i < g->parts; i++)
		if (g->routes[i] != NULL &&
		    (route_parse(&other, g->routes[i]) < 0 ||
		    share_a_node(p->route, &other)))
			return false;
	return true;
}

static int
refuse(struct kma *k, struct gather *g, const char *why)
{
	if (!quiet())
		log_warn("parts of a block refused", "source=%s block=%" PRIu64
		    " reason=%s", g->name.source, g->name.block,
		    log_quote(why));
	destroy(k, g);
	return -E_REFUSED;
}

static int
check(struct kma *k, struct gather *g, const struct gather_part *p)
{
	if (g->over)
		return -E_GONE;
	if (g->parts != p->parts)
		return refuse(k, g, "they do not say the same number");
	if ((g->expected & 1U << p->part) != 0)
		return -E_EXISTS;
	if (!is_apart(g, p))
		return refuse(k, g, "their routes share a node, or the link");
	return 0;
}

int
gather_expect(struct kma *k, const struct gather_part *p)
{
	struct gather	*g;
	route_text	 text;
	int		 r;

	if (p->parts < 2 || p->parts > BLOCK_PARTS_MAX || p->part < 1 ||
	    p->part > p->parts || p->route->n < 2)
		return -E_BAD_FORMAT;
	if ((g = find(k, p)) == NULL && (g = begin(k, p)) == NULL)
		return -E_NO_MEMORY;
	if ((r = check(k, g, p)) < 0)
		return r;
	route_print(p->route, text);
	if ((g->routes[p->part - 1] = strdup(text)) == NULL)
		return -E_NO_MEMORY;
	g->expected |= 1U << p->part;
	return 0;
}

/* ---- together ---- */

struct joining {
	struct kma	*kma;
	struct gather	*g;
	gather_done	*done;
	void		*arg;
};

static void
joined(void *arg, int r)
{
	struct joining	*j = arg;

	j->g->joining = false;
	if (r < 0)
		destroy(j->kma, j->g);
	else
		forget(j->kma, j->g);
	j->done(j->arg, r, r == 0);
	free(j);
}

static int
read_sum(struct kma *k, const struct gather *g, struct secret **sum)
{
	struct secret	*part = NULL;
	int		 r;

	if ((r = linkstore_read_part(k->store, g->name.source, g->name.block,
	    1, sum)) < 0)
		return r;
	for (uint32_t i = 2; r == 0 && i <= g->parts; i++) {
		r = linkstore_read_part(k->store, g->name.source,
		    g->name.block, i, &part);
		if (r == 0 && part->len != (*sum)->len)
			r = -E_PAD_LENGTH;
		if (r == 0)
			otp_apply((*sum)->bytes, part->bytes, part->len);
		secret_free(&part);
	}
	if (r < 0)
		secret_free(sum);
	return r;
}

static void
join(struct kma *k, struct gather *g, gather_done *done, void *arg)
{
	struct joining	*j = calloc(1, sizeof(*j));
	struct secret	*sum = NULL;
	struct linktx	*tx;
	int		 r = -E_NO_MEMORY;

	if (j == NULL || (r = read_sum(k, g, &sum)) < 0) {
		free(j);
		destroy(k, g);
		done(arg, r, false);
		return;
	}
	*j = (struct joining){ k, g, done, arg };
	g->joining = true;
	tx = linktx_new(k->store);
	linktx_parts_take(tx, g->name.source, g->name.block, g->parts);
	linktx_inbound(tx, g->name.source, g->name.block, g->parts,
	    sum->bytes, sum->len);
	linktx_commit(tx, joined, j);
	secret_free(&sum);
}

void
gather_came(struct kma *k, const struct gather_part *p, int r,
    gather_done *done, void *arg)
{
	struct gather	*g = find(k, p);

	if (g == NULL || g->over) {
		done(arg, r < 0 ? r : -E_GONE, false);
		return;
	}
	if (r < 0) {
		destroy(k, g);
		done(arg, r, false);
		return;
	}
	g->kept |= 1U << p->part;
	if ((g->kept >> 1) == (1U << g->parts) - 1)
		join(k, g, done, arg);
	else
		done(arg, 0, false);
}

/* ---- life ---- */

/* What is void stays known as such until then. */
void
gather_tick(struct kma *k)
{
	struct gather	*g, *tmp;
	uint64_t	 now = mono_ms();

	for (g = TAILQ_FIRST(&k->gathers->by_age); g != NULL &&
	    g->deadline <= now; g = tmp) {
		tmp = TAILQ_NEXT(g, next);
		if (g->joining)
			continue;
		if (!g->over)
			log_info("parts of a block did not come", "source=%s"
			    " block=%" PRIu64, g->name.source, g->name.block);
		destroy(k, g);
		forget(k, g);
	}
}

size_t
gather_count(const struct kma *k)
{
	return HASH_COUNT(k->gathers->by_name);
}

int
gather_new(struct kma *k)
{
	struct linktx	*tx;

	if ((k->gathers = calloc(1, sizeof(*k->gathers))) == NULL)
		return -E_NO_MEMORY;
	TAILQ_INIT(&k->gathers->by_age);
	tx = linktx_new(k->store);
	linktx_parts_drop(tx, "", 0);
	return linktx_commit_sync(tx);
}

void
gather_free(struct kma *k)
{
	struct gather	*g;

	if (k->gathers == NULL)
		return;
	while ((g = TAILQ_FIRST(&k->gathers->by_age)) != NULL)
		forget(k, g);
	free(k->gathers);
	k->gathers = NULL;
}
