/* check_paths.c - key that came over several node-disjoint paths, or none. */
#include "config.h"

#include <string.h>

#include "enginepair.h"
#include "err.h"
#include "ksa/peer.h"
#include "ksa/pool.h"
#include "unit.h"

#define DIRECT	1U		/* rows of the table in extension.c */
#define PATHS	4U
#define LONG	600000		/* ms: no test waits for so long */

static struct pair_result	e, d;
#define IDS(r)	((const uint8_t (*)[16])(r).ids)

static void
demand(unsigned node, unsigned peer, int64_t paths)
{
	((struct ksa_peer *)pair.n[node].conf.peers.v)[peer].disjoint_paths =
	    paths;
}

/* `there`: so many paths between any two nodes. */
static void
open_nodes(unsigned nodes, uint32_t there)
{
	pair_open_nodes(unit_path("."), nodes);
	pair.hops = pair.fresh_hops = 2;
	pair.paths = there;
	for (unsigned i = 0; i < nodes; i++)
		pair.n[i].conf.relay_wait = LONG;
}

static void
start(void)
{
	for (unsigned i = 0; i < pair.nodes; i++)
		ck_assert_int_eq(pair_start(i), 0);
	ck_assert(pair_until(pair_ready, 10000));
}

static void
wish(unsigned mandatory, unsigned optional, uint32_t paths)
{
	pair.wish = (struct supply_wish){ .mandatory = mandatory,
	    .optional = optional, .asked = true, .min_paths = paths };
}

/* What B fetches is what A got; what it is like. */
static void
asks(enum supply_status status, uint32_t paths)
{
	pair_enc(0, "SAE-A1", "SAE-B1", 4, 32, &e);
	ck_assert_msg(e.status == status, "%d %s", e.status, e.detail);
	if (status != SUPPLY_OK)
		return;
	ck_assert(e.told);
	ck_assert_uint_eq(e.origin.paths, paths);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 4, &d);
	ck_assert_int_eq(d.status, SUPPLY_OK);
	ck_assert_mem_eq(d.keys, e.keys, 128);
}

static struct pool *
pool(unsigned node, unsigned peer)
{
	return engine_env(pair.n[node].s)->peers[peer]->pool;
}

static bool
status_says(unsigned node, const char *what)
{
	json_t	*o = json_object(), *missing = json_array(), *v;
	bool	 says = false;
	size_t	 i;

	(void)supply_report(pair.n[node].s, o, missing, missing);
	json_array_foreach(missing, i, v)
		says = says || strstr(json_string_value(v), what) != NULL;
	json_decref(o);
	json_decref(missing);
	return says;
}

START_TEST(a_wish_is_met_by_blocks_that_came_over_so_many)
{
	open_nodes(2, 3);
	start();
	wish(0, 0, 0);
	asks(SUPPLY_OK, 1);
	wish(PATHS, 0, 2);
	asks(SUPPLY_OK, 2);
	wish(PATHS, 0, 3);
	asks(SUPPLY_OK, 3);
	wish(PATHS, 0, 2);	/* better will do */
	pair_enc(0, "SAE-A1", "SAE-B1", 1, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_OK);
	ck_assert_uint_ge(e.origin.paths, 2);
	wish(0, 0, 0);
	asks(SUPPLY_OK, 1);
	wish(PATHS | DIRECT, 0, 2);	/* one of them has a node */
	asks(SUPPLY_UNMET, 0);
	pair_close();
}
END_TEST

START_TEST(where_there_are_too_few_it_is_refused_at_once_with_the_reason)
{
	open_nodes(2, 1);
	start();
	wish(PATHS, 0, 2);
	asks(SUPPLY_UNMET, 0);		/* relay_wait is not over */
	ck_assert_uint_eq(e.unmet, PATHS);
	ck_assert_str_eq(e.detail,
	    "1 node-disjoint path to KME-B, 2 are demanded");
	wish(0, PATHS, 2);		/* optional: served without */
	asks(SUPPLY_OK, 1);
	wish(0, 0, 0);
	asks(SUPPLY_OK, 1);
	ck_assert_uint_ge(engine_env(pair.n[0].s)->count.enc_paths, 1);
	pair_close();
}
END_TEST

static bool
served(void)
{
	wish(PATHS, 0, 2);
	pair_enc(0, "SAE-A1", "SAE-B1", 4, 32, &e);
	return e.status == SUPPLY_OK;
}

START_TEST(key_is_supplied_again_when_there_is_another_path)
{
	open_nodes(2, 1);
	start();
	ck_assert(!served());
	pair.paths = 2;
	ck_assert(pair_until(served, 10000));
	ck_assert_uint_eq(e.origin.paths, 2);
	pair_close();
}
END_TEST

START_TEST(own_key_has_been_nowhere)
{
	open_nodes(2, 1);
	start();
	wish(PATHS, 0, 8);
	pair_enc(0, "SAE-A1", "SAE-A2", 1, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_OK);
	ck_assert_uint_eq(e.origin.paths, 0);
	pair_close();
}
END_TEST

START_TEST(with_a_peer_no_key_is_worse_than_configured)
{
	open_nodes(2, 2);
	demand(0, 0, 2);
	demand(1, 0, 2);
	start();
	wish(0, 0, 0);
	for (unsigned i = 0; i < 20; i++)
		asks(SUPPLY_OK, 2);
	for (size_t i = 0; i < pair_nblocks; i++)
		ck_assert(pair_blocks[i].from == pair_blocks[i].to ||
		    pair_blocks[i].paths == 2);
	pair_close();
}
END_TEST

static bool
says_lacking(void)
{
	return status_says(0, "1 node-disjoint path to KME-B, 2 are "
	    "demanded (disjoint_paths)");
}

START_TEST(a_peer_with_too_few_paths_gets_none_and_the_status_says_why)
{
	open_nodes(2, 1);
	demand(0, 0, 2);
	demand(1, 0, 2);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(pair_start(i), 0);
	ck_assert(pair_until(says_lacking, 10000));
	wish(0, 0, 0);
	asks(SUPPLY_INSUFFICIENT, 0);
	ck_assert_str_eq(e.detail,
	    "1 node-disjoint path to KME-B, 2 are demanded");
	ck_assert_uint_eq(pool_available(pool(0, 1)), 0);
	pair.paths = 2;
	ck_assert(pair_until(pair_ready, 10000));
	asks(SUPPLY_OK, 2);
	ck_assert(!says_lacking());
	pair_close();
}
END_TEST

static bool
has_paths(void)
{
	wish(0, 0, 0);
	pair_enc(0, "SAE-A1", "SAE-B1", 1, 32, &e);
	return e.status == SUPPLY_OK && e.origin.paths >= 2;
}

/* B's configuration holds for what A draws, and B looks itself. */
START_TEST(what_either_end_demands_holds_for_both)
{
	open_nodes(2, 2);
	demand(1, 0, 2);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(pair_start(i), 0);
	ck_assert(pair_until(has_paths, 10000));
	for (unsigned i = 0; i < 10; i++)
		asks(SUPPLY_OK, 2);
	pair_enc(1, "SAE-B1", "SAE-A1", 1, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_OK);
	ck_assert_uint_eq(e.origin.paths, 2);
	pair_close();
}
END_TEST

START_TEST(a_block_that_came_over_fewer_is_not_used)
{
	open_nodes(2, 2);
	demand(0, 0, 2);
	demand(1, 0, 2);
	pair.liar = true;
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(pair_start(i), 0);
	pair_run(1500);
	ck_assert_uint_gt(pair.taken, 0);
	ck_assert_uint_eq(pool_available(pool(0, 1)), 0);
	ck_assert_uint_eq(pool_available(pool(1, 1)), 0);
	pair.liar = false;
	ck_assert(pair_until(pair_ready, 20000));
	wish(0, 0, 0);
	asks(SUPPLY_OK, 2);
	pair_close();
}
END_TEST

START_TEST(a_pair_of_applications_may_demand_more)
{
	static struct ksa_pair	pairs[] = { { "SAE-A1", "SAE-B1", 2 } };

	open_nodes(2, 2);
	pair.n[0].conf.pairs = (struct conf_list){ 1, pairs };
	start();
	wish(0, 0, 0);
	asks(SUPPLY_OK, 2);
	pair_enc(0, "SAE-A1", "SAE-B2", 1, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_OK);
	ck_assert_uint_eq(e.origin.paths, 1);
	pair.paths = 1;
	pair_enc(0, "SAE-A1", "SAE-B1", 4, 8000, &e);	/* not in stock */
	ck_assert_int_eq(e.status, SUPPLY_INSUFFICIENT);
	ck_assert_str_eq(e.detail,
	    "1 node-disjoint path to KME-B, 2 are demanded");
	pair_close();
}
END_TEST

/* B's copy travels under key of B, so that has to be as good as C's. */
START_TEST(of_several_slaves_the_most_demanding_one_decides)
{
	open_nodes(3, 2);
	demand(0, 1, 2);		/* KME-C */
	demand(2, 0, 2);
	start();
	wish(0, 0, 0);
	pair_enc(0, "SAE-A1", "SAE-B1", 1, 32, &e);
	ck_assert_uint_eq(e.origin.paths, 1);
	pair_enc(0, "SAE-A1", "SAE-B1 SAE-C1", 2, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_OK);
	ck_assert_uint_eq(e.origin.paths, 2);
	pair_enc(0, "SAE-A1", "SAE-A2 SAE-C1", 2, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_OK);
	ck_assert_uint_eq(e.origin.paths, 2);
	pair_close();
}
END_TEST

START_TEST(a_stock_of_before_gives_way_when_more_is_demanded)
{
	open_nodes(2, 2);
	start();
	wish(0, 0, 0);
	asks(SUPPLY_OK, 1);
	for (unsigned i = 0; i < 2; i++)
		pair_stop(i);
	demand(0, 0, 2);
	demand(1, 0, 2);
	start();
	for (unsigned i = 0; i < 10; i++)
		asks(SUPPLY_OK, 2);
	/* And what is better stays when less is. */
	for (unsigned i = 0; i < 2; i++)
		pair_stop(i);
	demand(0, 0, 1);
	demand(1, 0, 1);
	start();
	asks(SUPPLY_OK, 2);
	pair_close();
}
END_TEST

UNIT_MAIN("paths",
    a_wish_is_met_by_blocks_that_came_over_so_many,
    where_there_are_too_few_it_is_refused_at_once_with_the_reason,
    key_is_supplied_again_when_there_is_another_path,
    own_key_has_been_nowhere,
    with_a_peer_no_key_is_worse_than_configured,
    a_peer_with_too_few_paths_gets_none_and_the_status_says_why,
    what_either_end_demands_holds_for_both,
    a_block_that_came_over_fewer_is_not_used,
    a_pair_of_applications_may_demand_more,
    of_several_slaves_the_most_demanding_one_decides,
    a_stock_of_before_gives_way_when_more_is_demanded)
