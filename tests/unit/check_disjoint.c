/*
 * check_disjoint.c - pool blocks in parts: drawn and sent at the source, kept
 * and put together at the destination, with a real store there.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "err.h"
#include "kma/gather.h"
#include "kma/relay.h"
#include "log.h"

#define B	1024
#define OCTETS	POOL_OCTETS(B)
#define BLOCK	4711
#define TIMEOUT	5000	/* ms */
#define NODE_KEY "00112233445566778899aabbccddeeff" \
		"00112233445566778899aabbccddeeff\n"

static struct event_base	*base;
static struct kma		 kma;
static uint64_t			 now;

/* What the source's parts were sent as; their fate is the test's. */
static struct { struct route route; struct relay_names names;
    relay_done *done; void *arg; } sent[16];
static unsigned			 nsent, exist, told_paths;

uint64_t	__wrap_mono_ms(void);
unsigned	__wrap_routes_disjoint(struct kma *, const char *, unsigned,
		    struct route *);
int		__wrap_routes_error(struct kma *, const char *);
void		__wrap_relay_send_part(struct kma *, const struct route *,
		    const struct relay_names *, relay_done *, void *);
void		__wrap_supply_paths(struct kma *, const char *, unsigned);

uint64_t
__wrap_mono_ms(void)
{
	return now;
}

unsigned
__wrap_routes_disjoint(struct kma *k, const char *peer, unsigned want,
    struct route *out)
{
	static const char *const	ways[] = { "KME-A,KME-D",
	    "KME-A,KME-B,KME-D", "KME-A,KME-E,KME-F,KME-D" };
	unsigned			n = want < exist ? want : exist;

	(void)k, (void)peer;
	for (unsigned i = 0; i < n; i++)
		ck_assert_int_eq(route_parse(&out[i], ways[i]), 0);
	return n;
}

int
__wrap_routes_error(struct kma *k, const char *peer)
{
	(void)k, (void)peer;
	return -E_NO_ROUTE;
}

void
__wrap_relay_send_part(struct kma *k, const struct route *r,
    const struct relay_names *n, relay_done *done, void *arg)
{
	(void)k;
	sent[nsent].route = *r;
	sent[nsent].names = *n;
	sent[nsent].done = done;
	sent[nsent++].arg = arg;
}

void
__wrap_supply_paths(struct kma *k, const char *peer, unsigned paths)
{
	(void)k;
	ck_assert_str_eq(peer, "KME-D");
	told_paths = paths;
}

/* ---- the destination ---- */

static void
start(void)
{
	ck_assert_int_eq(linkstore_open(&kma.store, base, unit_path("keys.db"),
	    unit_path("node.key"), ""), 0);
	ck_assert_int_eq(gather_new(&kma), 0);
}

static void
stop(void)
{
	gather_free(&kma);
	linkstore_close(&kma.store);
}

static void
begin(void)
{
	log_init("test", LL_ERR);
	ck_assert_int_eq(secret_init(1 << 20), 0);
	ck_assert_ptr_nonnull(base = event_base_new());
	unit_write(unit_path("node.key"), NODE_KEY, 65, 0600);
	kma_conf.relay_timeout = TIMEOUT;
	strcpy(kma_conf.kme_id, "KME-D");
	now = 1000000;
	nsent = 0;
	told_paths = 99;
	start();
}

static void
finish(void)
{
	ck_assert_uint_eq(gather_count(&kma), 0);
	stop();
	event_base_free(base);
	ck_assert_uint_lt(secret_used(), OCTETS);	/* no block is left */
}

struct arrival {
	struct route		route;
	struct gather_part	p;
	int			r;	/* 1: not known yet */
	bool			whole;
};

static void
on_kept(void *arg, int r, bool whole)
{
	struct arrival	*a = arg;

	ck_assert_int_eq(a->r, 1);
	a->r = r;
	a->whole = whole;
}

static void
on_disk(void *arg, int r)
{
	struct arrival	*a = arg;

	gather_came(&kma, &a->p, r, on_kept, a);
}

static void
octets_of(uint8_t out[OCTETS], unsigned part)
{
	for (unsigned i = 0; i < OCTETS; i++)
		out[i] = (uint8_t)(part * 37 + i * (part + 3) + (i >> 5));
}

/* As hop.c does; 0: it is being written. */
static int
arrive(struct arrival *a, unsigned part, unsigned parts, const char *route)
{
	uint8_t		 octets[OCTETS];
	struct linktx	*tx;
	int		 r;

	ck_assert_int_eq(route_parse(&a->route, route), 0);
	a->p = (struct gather_part){ BLOCK, part, parts, &a->route };
	a->r = 1;
	a->whole = false;
	if ((r = gather_expect(&kma, &a->p)) < 0)
		return r;
	octets_of(octets, part);
	tx = linktx_new(kma.store);
	linktx_part(tx, a->route.km[0], BLOCK, part, octets, OCTETS);
	linktx_commit(tx, on_disk, a);
	return 0;
}

static void
settle(void)
{
	while (linkstore_queued(kma.store) > 0)
		ck_assert_int_eq(linktx_commit_sync(linktx_new(kma.store)), 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static const char *const	ways[] = { "KME-A,KME-B,KME-D",
	    "KME-A,KME-D", "KME-A,KME-C,KME-E,KME-D" };

static bool
part_is_there(unsigned part)
{
	struct secret	*s = NULL;
	bool		 is = linkstore_read_part(kma.store, "KME-A", BLOCK,
			    part, &s) == 0;

	secret_free(&s);
	return is;
}

static bool
block_is_there(void)
{
	struct secret	*s = NULL;
	bool		 is = linkstore_read_inbound(kma.store, "KME-A",
			    BLOCK, &s) == 0;

	secret_free(&s);
	return is;
}

static void
block_is_the_sum(unsigned parts)
{
	uint8_t		 sum[OCTETS] = { 0 }, octets[OCTETS];
	struct secret	*s = NULL;
	uint32_t	 paths = 0;

	for (unsigned i = 1; i <= parts; i++) {
		octets_of(octets, i);
		for (unsigned k = 0; k < OCTETS; k++)
			sum[k] ^= octets[k];
		ck_assert(!part_is_there(i));
	}
	ck_assert_int_eq(linkstore_read_inbound(kma.store, "KME-A", BLOCK,
	    &s), 0);
	ck_assert_uint_eq(s->len, OCTETS);
	ck_assert_mem_eq(s->bytes, sum, OCTETS);
	secret_free(&s);
	ck_assert_int_eq(linkstore_inbound_paths(kma.store, "KME-A", BLOCK,
	    &paths), 0);
	ck_assert_uint_eq(paths, parts);
}

START_TEST(parts_in_any_order_make_the_block)
{
	static const unsigned	orders[6][3] = { { 1, 2, 3 }, { 1, 3, 2 },
	    { 2, 1, 3 }, { 2, 3, 1 }, { 3, 1, 2 }, { 3, 2, 1 } };
	struct arrival		a[3];
	struct linktx		*tx;

	begin();
	for (unsigned o = 0; o < 6; o++) {
		for (unsigned i = 0; i < 3; i++) {
			ck_assert(!block_is_there());
			ck_assert_int_eq(arrive(&a[i], orders[o][i], 3,
			    ways[orders[o][i] - 1]), 0);
			settle();
			ck_assert_int_eq(a[i].r, 0);
			ck_assert_int_eq(a[i].whole, i == 2);
		}
		block_is_the_sum(3);
		ck_assert_uint_eq(gather_count(&kma), 0);
		tx = linktx_new(kma.store);
		linktx_inbound_take(tx, "KME-A", BLOCK);
		ck_assert_int_eq(linktx_commit_sync(tx), 0);
	}
	finish();
}
END_TEST

START_TEST(parts_that_are_written_together_make_the_block_once)
{
	struct arrival	a[3];

	begin();
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(arrive(&a[i], i + 1, 3, ways[i]), 0);
	settle();
	block_is_the_sum(3);
	ck_assert_int_eq(a[0].r | a[1].r | a[2].r, 0);
	ck_assert_int_eq(a[0].whole + a[1].whole + a[2].whole, 1);
	finish();
}
END_TEST

START_TEST(parts_are_destroyed_if_one_does_not_come)
{
	struct arrival	a, b;

	begin();
	ck_assert_int_eq(arrive(&a, 1, 2, ways[0]), 0);
	settle();
	ck_assert(part_is_there(1));
	now += 2 * TIMEOUT - 1;
	gather_tick(&kma);
	settle();
	ck_assert(part_is_there(1));
	now += 1;
	gather_tick(&kma);
	settle();
	ck_assert(!part_is_there(1));
	/* The other one is late: alone it is nothing. */
	ck_assert_int_eq(arrive(&b, 2, 2, ways[1]), 0);
	settle();
	ck_assert_int_eq(b.r, 0);
	ck_assert(!b.whole);
	now += 2 * TIMEOUT;
	gather_tick(&kma);
	settle();
	ck_assert(!part_is_there(2));
	ck_assert(!block_is_there());
	finish();
}
END_TEST

START_TEST(a_part_that_is_written_as_time_runs_out_goes_as_well)
{
	struct arrival	a, b;

	begin();
	ck_assert_int_eq(arrive(&a, 1, 2, ways[0]), 0);
	settle();
	ck_assert_int_eq(arrive(&b, 2, 2, ways[1]), 0);
	now += 2 * TIMEOUT;
	gather_tick(&kma);
	settle();
	ck_assert_int_eq(b.r, -E_GONE);
	ck_assert(!part_is_there(1) && !part_is_there(2));
	ck_assert(!block_is_there());
	finish();
}
END_TEST

START_TEST(a_part_counts_once)
{
	struct arrival	a, b;

	begin();
	ck_assert_int_eq(arrive(&a, 1, 2, ways[0]), 0);
	ck_assert_int_eq(arrive(&b, 1, 2, ways[1]), -E_EXISTS);
	settle();
	ck_assert_int_eq(arrive(&b, 1, 2, ways[2]), -E_EXISTS);
	ck_assert(!block_is_there());
	ck_assert_int_eq(arrive(&b, 2, 2, ways[1]), 0);
	settle();
	block_is_the_sum(2);
	finish();
}
END_TEST

/* After a good part: nothing of that block is left, nor will be. */
static void
voids(unsigned part, unsigned parts, const char *route)
{
	struct arrival	a, b;

	ck_assert_int_eq(arrive(&a, 1, 3, ways[0]), 0);
	settle();
	ck_assert_int_eq(arrive(&b, part, parts, route), -E_REFUSED);
	settle();
	ck_assert(!part_is_there(1));
	for (unsigned i = 2; i <= 3; i++)
		ck_assert_int_eq(arrive(&a, i, 3, ways[i - 1]), -E_GONE);
	now += 2 * TIMEOUT;
	gather_tick(&kma);
	settle();
	ck_assert_uint_eq(gather_count(&kma), 0);
	ck_assert(!block_is_there());
}

START_TEST(parts_that_do_not_belong_together_are_refused)
{
	struct arrival	a, b;

	begin();
	voids(2, 2, ways[1]);			/* another number */
	voids(2, 3, ways[0]);			/* the same route */
	voids(2, 3, "KME-A,KME-C,KME-B,KME-D");	/* a node of it */
	voids(2, 3, "KME-A,KME-B,KME-C,KME-D");
	ck_assert_int_eq(arrive(&a, 1, 2, "KME-A,KME-D"), 0);
	ck_assert_int_eq(arrive(&b, 2, 2, "KME-A,KME-D"), -E_REFUSED);
	now += 2 * TIMEOUT;
	gather_tick(&kma);
	settle();
	ck_assert_int_eq(a.r, -E_GONE);
	ck_assert_int_eq(arrive(&a, 1, 1, ways[0]), -E_BAD_FORMAT);
	ck_assert_int_eq(arrive(&a, 0, 2, ways[0]), -E_BAD_FORMAT);
	ck_assert_int_eq(arrive(&a, 3, 2, ways[0]), -E_BAD_FORMAT);
	ck_assert_int_eq(arrive(&a, 1, 9, ways[0]), -E_BAD_FORMAT);
	finish();
}
END_TEST

START_TEST(parts_of_other_sources_and_blocks_are_apart)
{
	struct arrival	a, b;

	begin();
	ck_assert_int_eq(arrive(&a, 1, 2, ways[0]), 0);
	ck_assert_int_eq(arrive(&b, 2, 2, "KME-X,KME-D"), 0);
	settle();
	ck_assert(!a.whole && !b.whole);
	ck_assert_uint_eq(gather_count(&kma), 2);
	now += 2 * TIMEOUT;
	gather_tick(&kma);
	settle();
	finish();
}
END_TEST

START_TEST(a_start_destroys_what_was_not_put_together)
{
	struct arrival	a, b;

	begin();
	ck_assert_int_eq(arrive(&a, 1, 2, ways[0]), 0);
	settle();
	ck_assert(part_is_there(1));
	stop();
	start();
	ck_assert(!part_is_there(1));
	ck_assert_int_eq(arrive(&b, 2, 2, ways[1]), 0);
	settle();
	ck_assert(!b.whole);
	ck_assert(!block_is_there());
	now += 2 * TIMEOUT;
	gather_tick(&kma);
	settle();
	finish();
}
END_TEST

/* ---- the source ---- */

static struct { int calls, r; struct secret *pool; struct origin origin; } got;

static void
on_sent(void *arg, int r, struct secret *pool, const struct origin *o)
{
	(void)arg;
	got.calls++;
	got.r = r;
	got.pool = pool;
	if (r == 0)
		got.origin = *o;
}

static void
send_parts(unsigned paths)
{
	got.calls = 0;
	nsent = 0;
	disjoint_send(&kma, "KME-D", BLOCK, paths, on_sent, NULL);
}

static void
part_ends(unsigned i, int r)
{
	struct origin	 o = { sent[i].route.n - 1, 1000 - i, 1 };
	uint8_t		 octets[OCTETS];
	struct secret	*s = NULL;

	octets_of(octets, i + 1);
	if (r == 0)
		ck_assert_ptr_nonnull(s = secret_copy(octets, OCTETS));
	sent[i].done(sent[i].arg, r, s, &o);
}

START_TEST(the_source_has_the_block_when_all_parts_came)
{
	uint8_t	sum[OCTETS] = { 0 }, octets[OCTETS];

	begin();
	exist = 3;
	send_parts(3);
	ck_assert_uint_eq(nsent, 3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(sent[i].names.part, i + 1);
		ck_assert_uint_eq(sent[i].names.parts, 3);
		ck_assert_uint_eq(sent[i].names.block, BLOCK);
		octets_of(octets, i + 1);
		for (unsigned k = 0; k < OCTETS; k++)
			sum[k] ^= octets[k];
	}
	part_ends(1, 0);
	part_ends(2, 0);
	ck_assert_int_eq(got.calls, 0);
	part_ends(0, 0);
	ck_assert_int_eq(got.calls, 1);
	ck_assert_int_eq(got.r, 0);
	ck_assert_mem_eq(got.pool->bytes, sum, OCTETS);
	ck_assert_uint_eq(got.origin.paths, 3);
	ck_assert_uint_eq(got.origin.hops, 3);
	ck_assert_uint_eq(got.origin.made, 998);
	secret_free(&got.pool);
	finish();
}
END_TEST

START_TEST(a_part_that_fails_is_the_end_of_the_block)
{
	begin();
	exist = 3;
	for (unsigned bad = 0; bad < 3; bad++) {
		send_parts(3);
		for (unsigned i = 0; i < 3; i++)
			part_ends(i, i == bad ? -E_NO_KEY : 0);
		ck_assert_int_eq(got.calls, 1);
		ck_assert_int_eq(got.r, -E_NO_KEY);
		ck_assert_ptr_null(got.pool);
	}
	finish();
}
END_TEST

START_TEST(nothing_is_sent_where_there_are_too_few_paths)
{
	begin();
	for (exist = 0; exist < 3; exist++) {
		send_parts(3);
		ck_assert_uint_eq(nsent, 0);
		ck_assert_int_eq(got.calls, 1);
		/* None at all is no matter of paths. */
		ck_assert_int_eq(got.r, exist == 0 ? -E_NO_ROUTE : -E_PATHS);
		ck_assert_uint_eq(told_paths, exist == 0 ? 99 : exist);
	}
	send_parts(BLOCK_PARTS_MAX + 1);
	ck_assert_int_eq(got.r, -E_PATHS);
	finish();
}
END_TEST

UNIT_MAIN("disjoint", parts_in_any_order_make_the_block,
    parts_that_are_written_together_make_the_block_once,
    parts_are_destroyed_if_one_does_not_come,
    a_part_that_is_written_as_time_runs_out_goes_as_well,
    a_part_counts_once,
    parts_that_do_not_belong_together_are_refused,
    parts_of_other_sources_and_blocks_are_apart,
    a_start_destroys_what_was_not_put_together,
    the_source_has_the_block_when_all_parts_came,
    a_part_that_fails_is_the_end_of_the_block,
    nothing_is_sent_where_there_are_too_few_paths)
