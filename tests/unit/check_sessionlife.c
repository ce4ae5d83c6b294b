/*
 * check_sessionlife.c - sessions and keys on their way, when at any moment an
 * application leaves, a daemon stops, the disk or locked memory is full, a
 * store goes back: each key is supplied at both ends or void at both, and
 * nothing is left behind.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ksa/enc.h"
#include "ksa/peer.h"
#include "ksa/sessions.h"
#include "secret.h"
#include "sessioncrowd.h"
#include "unit.h"

enum { A1, A2, B1, B2 };

static struct crowd_call	*calls[6];

static struct env *
env(unsigned i)
{
	return engine_env(pair.n[i].s);
}

static void
run_until_open(void)
{
	static const unsigned	ends[3][2] = { { A1, B1 }, { A1, A2 },
	    { B1, A1 } };

	for (unsigned i = 0; i < 3; i++) {
		ck_assert_ptr_nonnull(crowd_open(ends[i][0], ends[i][1], 0));
		while (crowd.nsessions == i) {
			pair_run(1);
			crowd_act();
		}
	}
}

static void
begin(void)
{
	srand(1);
	pair_open(unit_path("."));
	for (unsigned i = 0; i < 2; i++) {
		pair.n[i].conf.max_sessions = 1000;
		pair.n[i].conf.max_sessions_per_application = 1000;
		ck_assert_int_eq(pair_start(i), 0);
	}
	crowd_begin();
	ck_assert(pair_until(pair_ready, 10000));
	run_until_open();
}

static void
end(void)
{
	crowd_check();
	crowd_end();
	pair_close();
}

/* Both kinds of call, to a neighbour, within a node, and from there. */
static void
start_calls(void)
{
	for (unsigned i = 0; i < 3; i++)
		calls[i] = crowd_draw(&crowd.sessions[i], 1 + i);
	calls[3] = crowd_open(A1, B2, 0);
	calls[4] = crowd_open(A2, A1, 0);
	calls[5] = crowd_draw(&crowd.sessions[0], 3);
}

/* So many turns of the loop; applications answer at once. */
static void
turns(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		event_base_loop(pair.base, EVLOOP_ONCE);
		crowd_act();
	}
}

static bool
idle(void)
{
	crowd_act();
	return crowd_idle();
}

START_TEST(who_leaves_at_any_moment_leaves_nothing)
{
	unsigned	known;

	begin();
	for (unsigned n = 0; n < 60; n++) {
		known = crowd.nsessions;
		start_calls();
		turns(n);
		for (unsigned i = 0; i < 6; i++)
			crowd_withdraw(calls[i]);
		ck_assert(crowd_idle());
		crowd_check();
		/* What nobody was told of has ended. */
		known = crowd.nsessions - known;
		ck_assert_uint_le(known, 2);
		ck_assert_uint_eq(env(0)->sessions->open,
		    crowd.nsessions);
		if (crowd.nsessions > CROWD_SESSIONS - 3)
			break;
	}
	ck_assert_uint_gt(crowd.given, 0);
	end();
}
END_TEST

static void
stop(unsigned i)
{
	for (unsigned n = 0; n < 60; n += 1 + n / 3) {
		start_calls();
		turns(n);
		pair_stop(i);
		for (unsigned k = 0; k < CROWD_CALLS; k++)
			ck_assert(!crowd.calls[k].busy ||
			    crowd.calls[k].app / 2 != i);
		ck_assert_int_eq(pair_start(i), 0);
		crowd_door();
		ck_assert(pair_until(idle, 5000));
		ck_assert(pair_until(pair_ready, 20000));
		crowd_check();
	}
	ck_assert_uint_gt(crowd.given, 0);
	end();
}

START_TEST(a_source_that_stops_at_any_moment_answers_and_forgets_nothing)
{
	begin();
	stop(0);
}
END_TEST

START_TEST(a_destination_that_stops_at_any_moment_forgets_nothing)
{
	begin();
	stop(1);
}
END_TEST

/* ---- what waits before it is cut ---- */

/* Withdrawn, stopped, answered. */
static void
let_wait(uint32_t number)
{
	calls[0] = crowd_draw(&crowd.sessions[0], number);
	calls[1] = crowd_draw(&crowd.sessions[1], number);
	turns(5);
	ck_assert(calls[0]->busy && calls[1]->busy);
	crowd_withdraw(calls[0]);
	crowd_withdraw(calls[1]);
	ck_assert_uint_eq(env(0)->sessions->ndraws, 0);
	calls[0] = crowd_draw(&crowd.sessions[0], number);
	calls[1] = crowd_draw(&crowd.sessions[1], number);
	turns(5);
	pair_stop(0);
	ck_assert(crowd_idle());
	ck_assert_int_eq(calls[0]->status, SUPPLY_UNAVAILABLE);
	ck_assert_int_eq(pair_start(0), 0);
	crowd_door();
}

START_TEST(draws_that_wait_for_a_quota_or_for_key_leave_nothing)
{
	struct ksa_application	*apps;

	begin();
	apps = pair.n[0].conf.applications.v;
	apps[0].rate = 1000;
	supply_reload(pair.n[0].s);
	calls[0] = crowd_draw(&crowd.sessions[0], 40);	/* more than all */
	ck_assert(!calls[0]->busy);
	ck_assert_int_eq(calls[0]->status, SUPPLY_INSUFFICIENT);
	calls[0] = crowd_draw(&crowd.sessions[0], 31);
	ck_assert(pair_until(idle, 5000));
	ck_assert_int_eq(calls[0]->status, SUPPLY_OK);
	let_wait(15);
	ck_assert(pair_until(pair_ready, 20000));
	crowd_check();
	apps[0].rate = 0;
	supply_reload(pair.n[0].s);
	pair.dry = true;
	do {
		calls[0] = crowd_draw(&crowd.sessions[0], 120);
		calls[1] = crowd_draw(&crowd.sessions[1], 120);
		ck_assert(pair_until(idle, 5000));
	} while (calls[0]->status == SUPPLY_OK ||
	    calls[1]->status == SUPPLY_OK);
	let_wait(120);
	pair.dry = false;
	ck_assert(pair_until(pair_ready, 20000));
	end();
}
END_TEST

/* ---- full disks ---- */

/* Each job that writes of sessions or of their keys fails. */
static int
trouble_run(struct db *db, void *arg)
{
	static const char *const	tables[] = { "issued", "received",
	    "session", "recall" }, *const what[] = { "INSERT", "UPDATE" };
	bool	on = *(bool *)arg;
	char	sql[200];
	int	r = 0;

	for (unsigned i = 0; i < 8 && r == 0; i++) {
		const char	*t = tables[i / 2], *w = what[i % 2];

		snprintf(sql, sizeof(sql), on ? "CREATE TRIGGER stop_%s_%s"
		    " BEFORE %s ON %s BEGIN SELECT RAISE(ABORT, 'no'); END" :
		    "DROP TRIGGER stop_%s_%s", t, w, w, t);
		r = db_exec(db, sql);
	}
	return r;
}

static void
disk(unsigned i, bool full)
{
	ck_assert_int_eq(committer_sync(keystore_committer(env(i)->store),
	    trouble_run, &full), 0);
}

static void
fill(unsigned i)
{
	begin();
	for (unsigned n = 0; n < 40; n += 1 + n / 2) {
		start_calls();
		turns(n);
		disk(i, true);
		turns(400);
		disk(i, false);
		ck_assert(pair_until(idle, 5000));
		crowd_check();
	}
	end();
}

START_TEST(a_full_disk_at_the_source_leaves_nothing)
{
	fill(0);
}
END_TEST

START_TEST(a_full_disk_at_the_destination_leaves_nothing)
{
	fill(1);
}
END_TEST

START_TEST(void_keys_are_void_in_the_end_though_the_disk_was_full)
{
	begin();
	crowd.mood = (struct crowd_mood){ 0 };
	calls[0] = crowd_draw(&crowd.sessions[0], 2);
	calls[1] = crowd_draw(&crowd.sessions[1], 2);
	pair_run(200);
	ck_assert_uint_eq(crowd.brought, 2);
	disk(0, true);
	ck_assert(pair_until(crowd_idle, 5000));
	ck_assert_int_eq(calls[0]->status, SUPPLY_TIMEOUT);
	ck_assert_int_eq(calls[1]->status, SUPPLY_TIMEOUT);
	ck_assert_uint_eq(env(0)->sessions->ndraws, 2);
	pair_run(1500);
	ck_assert_uint_eq(env(0)->sessions->ndraws, 2);
	disk(0, false);
	end();
}
END_TEST

/* ---- locked memory ---- */

static struct secret	*hoard[4096];
static unsigned		 nhoard;

static void
take_all(void)
{
	for (size_t octets = 1 << 20; octets > 32; octets /= 2)
		while (nhoard < 4096 &&
		    (hoard[nhoard] = secret_new(octets)) != NULL)
			nhoard++;
}

static void
give_all(void)
{
	while (nhoard > 0)
		secret_free(&hoard[--nhoard]);
}

START_TEST(full_locked_memory_at_any_moment_leaves_nothing)
{
	begin();
	for (unsigned n = 0; n < 40; n += 1 + n / 4) {
		start_calls();
		turns(n);
		take_all();
		turns(100);
		give_all();
		ck_assert(pair_until(idle, 5000));
		crowd_check();
	}
	ck_assert_uint_gt(crowd.given, 0);
	end();
}
END_TEST

/* Key comes meanwhile, which takes memory too: but blocks on disk do not. */
START_TEST(no_locked_memory_is_lost)
{
	size_t	before;

	begin();
	pair.n[0].conf.relay_wait = pair.n[1].conf.relay_wait = 100;
	pair.dry = true;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 60; i++) {
			start_calls();
			if (i % 3 == 0)
				crowd.mood.accept = 0;
			turns(i % 30);
			crowd.mood.accept = 100;
			if (i % 5 == 0)
				crowd_withdraw(calls[i % 6]);
			if (i % 7 == 0)
				ck_assert(pair_until(idle, 5000));
			if (crowd.nsessions > CROWD_SESSIONS / 2)
				crowd.nsessions = 3;
		}
		ck_assert(pair_until(idle, 5000));
		crowd_check();
		for (unsigned i = 0; i < 2; i++)
			enc_forget(env(i));
		if (round == 0)
			before = secret_used();
		ck_assert_uint_le(secret_used(), before);
	}
	end();
}
END_TEST

/* ---- stores that go back ---- */

/* A copy of its store comes back; three sessions have no limit, two have. */
static void
go_back(unsigned i)
{
	begin();
	ck_assert_ptr_nonnull(crowd_open(A1, B1, 10));
	ck_assert_ptr_nonnull(crowd_open(A1, A2, 10));
	ck_assert(pair_until(idle, 5000));
	crowd_check();
	pair_stop(i);
	pair_store_copy(i, "copy", false);
	ck_assert_int_eq(pair_start(i), 0);
	crowd_door();
	ck_assert(pair_until(pair_ready, 20000));
	ck_assert_ptr_nonnull(crowd_open(A1, B2, 0));
	ck_assert(pair_until(idle, 5000));
	for (unsigned k = 0; k < 6; k++)
		(void)crowd_draw(&crowd.sessions[k], 8);
	ck_assert(pair_until(idle, 5000));
	ck_assert_uint_eq(crowd.given, 48);
	pair_stop(i);
	pair_store_copy(i, "copy", true);
	ck_assert_int_eq(pair_start(i), 0);
	crowd_door();
	ck_assert(pair_until(pair_ready, 20000));
	for (unsigned k = 0; k < 6; k++)
		calls[k] = crowd_draw(&crowd.sessions[k],
		    crowd.sessions[k].most > 0 ? 3 : 1);
	ck_assert(pair_until(idle, 5000));
	for (unsigned k = 0; k < 3; k++)
		ck_assert_int_eq(calls[k]->status, SUPPLY_OK);
	crowd_end();
	pair_close();
}

/* Those with a limit may not give more than that. */
START_TEST(a_source_that_went_back_gives_no_more_than_its_limit)
{
	go_back(0);
	ck_assert_int_eq(calls[3]->status, SUPPLY_EXPIRED);
	ck_assert_int_eq(calls[4]->status, SUPPLY_EXPIRED);
	ck_assert_int_eq(calls[5]->status, SUPPLY_NOT_FOUND);
}
END_TEST

START_TEST(sessions_that_a_destination_has_lost_end)
{
	go_back(1);
	ck_assert_int_eq(calls[3]->status, SUPPLY_REJECTED);
	ck_assert_int_eq(calls[4]->status, SUPPLY_REJECTED);
	ck_assert_int_eq(calls[5]->status, SUPPLY_EXPIRED);
}
END_TEST

/* ---- many ---- */

START_TEST(applications_of_one_node_have_as_many_draws_as_others)
{
	begin();
	for (unsigned s = 0; s < 2; s++) {
		for (unsigned i = 0; i < 16; i++)
			(void)crowd_draw(&crowd.sessions[s], 1);
		ck_assert(pair_until(idle, 5000));
		ck_assert_uint_eq(crowd.given, 16 * (s + 1));
	}
	end();
}
END_TEST

UNIT_MAIN("sessionlife",
    who_leaves_at_any_moment_leaves_nothing,
    a_source_that_stops_at_any_moment_answers_and_forgets_nothing,
    a_destination_that_stops_at_any_moment_forgets_nothing,
    draws_that_wait_for_a_quota_or_for_key_leave_nothing,
    a_full_disk_at_the_source_leaves_nothing,
    a_full_disk_at_the_destination_leaves_nothing,
    void_keys_are_void_in_the_end_though_the_disk_was_full,
    full_locked_memory_at_any_moment_leaves_nothing,
    no_locked_memory_is_lost,
    a_source_that_went_back_gives_no_more_than_its_limit,
    sessions_that_a_destination_has_lost_end,
    applications_of_one_node_have_as_many_draws_as_others)
