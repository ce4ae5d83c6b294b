/* check_hostilepeer.c - a peer that says what it should not, within its
 * channel; damage and failed commits leave nothing behind. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enginepair.h"
#include "err.h"
#include "ksa/bindcache.h"
#include "ksa/bindings.h"
#include "ksa/outbox.h"
#include "ksa/peer.h"
#include "unit.h"

static struct pair_result	e, d;
#define IDS(r)	((const uint8_t (*)[16])(r).ids)

static void
begin(unsigned nodes)
{
	pair_open_nodes(unit_path("."), nodes);
	for (unsigned i = 0; i < nodes; i++) {
		pair.n[i].conf.redelivery = 0;
		ck_assert_int_eq(pair_start(i), 0);
	}
	ck_assert(pair_until(pair_ready, 10000));
}

static struct env *
env(unsigned i)
{
	return engine_env(pair.n[i].s);
}

static int64_t
count(unsigned i, const char *sql)
{
	return db_int(keystore_reader(env(i)->store)->db, -1, sql, "");
}

static void
draw(const char *slaves, uint32_t number, uint32_t octets)
{
	pair_enc(0, "SAE-A1", slaves, number, octets, &e);
	ck_assert_msg(e.status == SUPPLY_OK, "%s", e.detail);
}

static void
same(const char *slave)
{
	pair_dec((unsigned)(slave[4] - 'A'), slave, "SAE-A1", IDS(e),
	    e.number, &d);
	ck_assert_msg(d.status == SUPPLY_OK, "%s: %s", slave, d.detail);
	ck_assert_mem_eq(d.keys, e.keys, e.number * e.octets);
}

START_TEST(what_one_peer_claims_leaves_serials_for_the_others)
{
	begin(3);
	outbox_bound(peer_find(env(0), "KME-C")->outbox, (1ULL << 60) - 1);
	draw("SAE-B1 SAE-C1", 1, 32);
	same("SAE-B1");
	same("SAE-C1");
	draw("SAE-B1", 1, 32);
	same("SAE-B1");
	draw("SAE-A2", 1, 32);
	same("SAE-A2");
	pair_close();
}
END_TEST

START_TEST(a_peer_speaks_for_its_own_applications_only)
{
	begin(3);
	/* C makes a key for an application of B in the name of one of A. */
	pair_enc(2, "SAE-A1", "SAE-B1", 1, 32, &e);
	ck_assert_int_eq(e.status, SUPPLY_OK);
	pair_run(300);
	pair_dec(1, "SAE-B1", "SAE-A1", IDS(e), 1, &d);
	ck_assert_msg(d.status == SUPPLY_NOT_FOUND, "%d %s", d.status,
	    d.detail);
	ck_assert_uint_eq(env(1)->count.bindings_refused, 1);
	pair_enc(2, "SAE-C1", "SAE-B1", 1, 32, &e);
	pair_dec(1, "SAE-B1", "SAE-C1", IDS(e), 1, &d);
	ck_assert_int_eq(d.status, SUPPLY_OK);
	pair_close();
}
END_TEST

/* ---- what is left on the disk ---- */

/* Octets of blocks that are used, but not erased. */
static int64_t
leftover(unsigned i, const char *km, unsigned direction)
{
	char	sql[400];

	snprintf(sql, sizeof(sql), "SELECT (SELECT total(remaining) FROM"
	    " segment JOIN block ON block.id = segment.id / 64 JOIN peer ON"
	    " peer.id = block.peer WHERE km = '%s' AND direction = %u AND"
	    " state = 1) - total(octets - used) FROM block JOIN peer ON"
	    " peer.id = block.peer WHERE km = '%s' AND direction = %u AND"
	    " state = 1", km, direction, km, direction);
	return count(i, sql);
}

static bool
hold_back(unsigned from, unsigned to, const struct msg_view *body)
{
	(void)body;
	return from == 0 && to == 2;
}

START_TEST(octets_of_a_refused_binding_are_erased)
{
	begin(3);
	pair.spy = hold_back;
	draw("SAE-B1 SAE-C1", 5, 32);
	ck_assert_int_eq(db_run(keystore_writer(env(0)->store)->db,
	    "UPDATE copy SET octets = CAST(zeroblob(160) AS BLOB)", ""), 1);
	pair.spy = NULL;
	pair_run(2500);
	ck_assert_uint_eq(env(2)->count.bindings_refused, 1);
	ck_assert_int_eq(count(2, "SELECT total(used) FROM block JOIN peer ON"
	    " peer.id = block.peer WHERE km = 'KME-A' AND direction = 1"),
	    192);
	ck_assert_int_eq(leftover(2, "KME-A", 1), 0);
	draw("SAE-C1", 5, 32);
	same("SAE-C1");
	pair_close();
}
END_TEST

static int
limit_run(struct db *db, void *arg)
{
	return db_exec(db, *(bool *)arg ? "PRAGMA max_page_count=1" :
	    "PRAGMA max_page_count=1073741823");
}

static void
disk(unsigned i, bool full)
{
	ck_assert_int_eq(committer_sync(keystore_committer(env(i)->store),
	    limit_run, &full), 0);
}

START_TEST(octets_of_a_commit_that_failed_are_erased)
{
	unsigned	n = 0;

	begin(2);
	pair.dry = true;
	pair_run(1500);
	disk(0, true);
	do {			/* until no page is free any more */
		ck_assert_uint_lt(++n, 200);
		pair_enc(0, "SAE-A1", "SAE-A2", 2, 50, &e);
		if (e.status == SUPPLY_OK)
			same("SAE-A2");
	} while (e.status == SUPPLY_OK);
	disk(0, false);
	draw("SAE-A2", 1, 32);
	same("SAE-A2");
	pair_run(2500);
	ck_assert_int_eq(leftover(0, "KME-A", 0), 0);
	pair_close();
}
END_TEST

START_TEST(a_damaged_segment_does_not_keep_others_from_being_erased)
{
	begin(2);
	for (unsigned i = 0; i < 2; i++)
		pair.n[i].conf.redelivery = 2;
	draw("SAE-B1", 10, 500);
	same("SAE-B1");
	ck_assert_int_eq(db_run(keystore_writer(env(1)->store)->db,
	    "UPDATE segment SET sealed = CAST(zeroblob(length(sealed)) AS"
	    " BLOB) WHERE id IN (SELECT block.id * 64 + 1 FROM block WHERE"
	    " direction = 1 AND used > 0)", ""), 1);
	pair_run(4500);
	ck_assert_int_eq(leftover(1, "KME-A", 1), 0);
	ck_assert_int_eq(count(1, "SELECT count(*) FROM fetched"), 0);
	draw("SAE-B1", 10, 500);
	same("SAE-B1");
	pair_close();
}
END_TEST

/* ---- bounds ---- */

static unsigned	answered, given;

static void
on_done(void *arg, struct supply_answer *a)
{
	(void)arg;
	answered++;
	given += a->status == SUPPLY_OK;
}

static bool
all_answered(void)
{
	return answered == 5000;
}

START_TEST(more_requests_at_once_than_a_commit_takes)
{
	const char		*slave = "SAE-A2";
	struct supply_request	 q = { .master = "SAE-A1", .slaves = &slave,
	    .nslaves = 1, .number = 1, .octets = 1 };

	begin(2);
	answered = given = 0;
	for (unsigned i = 0; i < 5000; i++)
		supply_enc(pair.n[0].s, &q, on_done, NULL);
	ck_assert(pair_until(all_answered, 60000));
	pair_run(300);
	ck_assert_uint_eq(given, 5000);
	ck_assert_int_eq(count(0, "SELECT count(*) FROM received"), 5000);
	pair_close();
}
END_TEST

static struct binding *
large(uint64_t request)
{
	struct binding	*b = binding_new("SAE-A1", "S1\nS2\nS3\nS4\nS5\nS6\n"
			    "S7\nS8\nS9\nSa\nSb\nSc\nSd\nSe\nSf\nSg\nSh");

	b->request = request;
	b->keys = 1024;
	b->octets = 1;
	b->pieces = pieces_new(1);
	return b;
}

START_TEST(bindings_in_memory_are_bounded_by_their_size)
{
	struct bindcache	*c;
	struct binding		*b;
	struct side		*s;

	begin(1);
	s = keystore_reader(env(0)->store);	/* the disk has none of them */
	ck_assert_int_eq(bindcache_new(&c), 0);
	for (uint64_t i = 1; i <= 2000; i++) {
		b = large(i);
		bindcache_put(c, 1, &b);
	}
	ck_assert_ptr_null(bindcache_get(c, s, 1, 1));
	ck_assert_ptr_nonnull(b = bindcache_get(c, s, 1, 2000));
	ck_assert_uint_eq(b->request, 2000);
	bindcache_free(&c);
	pair_close();
}
END_TEST

UNIT_MAIN("hostilepeer",
    what_one_peer_claims_leaves_serials_for_the_others,
    a_peer_speaks_for_its_own_applications_only,
    octets_of_a_refused_binding_are_erased,
    octets_of_a_commit_that_failed_are_erased,
    a_damaged_segment_does_not_keep_others_from_being_erased,
    more_requests_at_once_than_a_commit_takes,
    bindings_in_memory_are_bounded_by_their_size)
