/*
 * check_ksadisk.c - writes to the store of a ksa fail for a while, one kind
 * after the other, while blocks are confirmed, keys drawn and bound; then all
 * goes on by itself, and what was given out is at the other end.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enginepair.h"
#include "ksa/blocks.h"
#include "ksa/keystore.h"
#include "ksa/newblocks.h"
#include "ksa/peer.h"
#include "unit.h"

#define KEYS	128
#define LOST	4711		/* serial of a block */
#define OCTETS	32
#define TRIES	24		/* both ways, while writes fail */
#define VOID_MS	1500		/* ... and blocks without an answer go */
#define AGAIN	16		/* draws: more than any stock had before */
#define PATIENCE 60		/* draws that may fail until then */

static const char *const kinds[] = {
	"INSERT ON block",		/* blocks that come */
	"UPDATE ON block",		/* confirmed, used up */
	"DELETE ON block",		/* void */
	"INSERT ON control",		/* ... confirmed */
	"UPDATE ON peer",		/* marks: all that uses key */
	"INSERT ON issued",		/* keys that are drawn */
	"INSERT ON received",		/* bindings that come */
	"INSERT ON fetched",
	"INSERT ON notice",
	"INSERT ON tombstone",
};

enum { BLOCKS = 4, NOTICES = 8, KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static struct pair_result	drawn[TRIES], e, d;
#define IDS(r)	((const uint8_t (*)[16])(r)->ids)

static int
fail_run(struct db *db, void *arg)
{
	const char	*kind = arg;
	char		 sql[200];

	snprintf(sql, sizeof(sql), kind == NULL ? "DROP TRIGGER full" :
	    "CREATE TRIGGER full BEFORE %s BEGIN"
	    " SELECT abs(-9223372036854775807 - 1); END", kind);
	return db_exec(db, sql);
}

static void
store_fails(const char *kind)
{
	struct env	*env = engine_env(pair.n[0].s);

	ck_assert_int_eq(committer_sync(keystore_committer(env->store),
	    fail_run, (void *)(uintptr_t)kind), 0);
}

static bool
draw(unsigned from, struct pair_result *r)
{
	pair_enc(from, from == 0 ? "SAE-A1" : "SAE-B1",
	    from == 0 ? "SAE-B1" : "SAE-A1", KEYS, OCTETS, r);
	return r->status == SUPPLY_OK;
}

/* At the slave, in the end. */
static void
fetch(const struct pair_result *r, unsigned from, const char *kind)
{
	const char	*caller = from == 0 ? "SAE-B1" : "SAE-A1";
	const char	*master = from == 0 ? "SAE-A1" : "SAE-B1";

	for (int i = 0; i < 20; i++) {
		pair_dec(1 - from, caller, master, IDS(r), r->number, &d);
		if (d.status != SUPPLY_UNAVAILABLE)
			break;
	}
	ck_assert_msg(d.status == SUPPLY_OK, "%s: %s", kind, d.detail);
	ck_assert_mem_eq(d.keys, r->keys, KEYS * OCTETS);
}

static void
goes_on(unsigned from, const char *kind)
{
	unsigned	good = 0;

	for (unsigned i = 0; i < PATIENCE && good < AGAIN; i++)
		if (draw(from, &e)) {
			fetch(&e, from, kind);
			good++;
		}
	ck_assert_msg(good == AGAIN, "no supply from %u after %s: %s", from,
	    kind, e.detail);
}

static void
begin(void)
{
	pair_open(unit_path("."));
	for (unsigned i = 0; i < 2; i++) {
		pair.n[i].conf.confirm_wait = 1000;
		pair.n[i].conf.relay_wait = 300;
		pair.n[i].conf.query_wait = 300;
		ck_assert_int_eq(pair_start(i), 0);
	}
	ck_assert(pair_until(pair_ready, 10000));
}

/* With writes of this kind failing, messages lost, and blocks void that did
 * not come. */
static void
hard_times(const char *kind)
{
	struct newblocks	*n = engine_env(pair.n[0].s)->peers[1]->newblocks;
	char			*log;

	unit_capture();
	store_fails(kind);
	pair.lose = 15;
	for (unsigned i = 0; i < TRIES; i++)
		if (draw(i % 2, &drawn[i]))
			pair_dec(1 - i % 2, i % 2 == 0 ? "SAE-B1" : "SAE-A1",
			    NULL, IDS(&drawn[i]), 1, &d);
	newblocks_void(n, OWN, LOST, "did not come");
	newblocks_void(n, THEIRS, LOST, "did not come");
	pair_run(VOID_MS);
	pair.lose = 0;
	store_fails(NULL);
	log = unit_captured();
	ck_assert_msg(strstr(log, "key store error") != NULL,
	    "no write failed: %s", kind);
	free(log);
}

static void
all_goes_on(size_t from, size_t to)
{
	for (size_t k = from; k < to; k++) {
		begin();
		hard_times(kinds[k]);
		goes_on(0, kinds[k]);
		goes_on(1, kinds[k]);
		for (unsigned i = 0; i < TRIES; i++)
			if (drawn[i].status == SUPPLY_OK)
				fetch(&drawn[i], i % 2, kinds[k]);
		pair_close();
	}
}

START_TEST(all_goes_on_after_writes_of_blocks_failed)
{
	all_goes_on(0, BLOCKS);
}
END_TEST

START_TEST(all_goes_on_after_writes_of_keys_failed)
{
	all_goes_on(BLOCKS, NOTICES);
}
END_TEST

START_TEST(all_goes_on_after_notices_were_not_written)
{
	all_goes_on(NOTICES, KINDS);
}
END_TEST

UNIT_MAIN("ksadisk",
    all_goes_on_after_writes_of_blocks_failed,
    all_goes_on_after_writes_of_keys_failed,
    all_goes_on_after_notices_were_not_written)
