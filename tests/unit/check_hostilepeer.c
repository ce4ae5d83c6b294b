/* check_hostilepeer.c - a peer that says what it should not, within its
 * channel; damage and failed commits leave nothing behind. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "enginepair.h"
#include "ksa/bindcache.h"
#include "ksa/peer.h"
#include "unit.h"

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

UNIT_MAIN("hostilepeer",
    more_requests_at_once_than_a_commit_takes)
