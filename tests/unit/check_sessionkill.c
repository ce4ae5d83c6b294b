/*
 * check_sessionkill.c - kill -9 right after each commit, of both daemons or of
 * one: each key of a session is supplied at both ends or void at both.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "ksa/peer.h"
#include "sessioncrowd.h"
#include "unit.h"

enum { A1, A2, B1, B2 };

static struct db *
writer(unsigned i)
{
	return keystore_writer(engine_env(pair.n[i].s)->store)->db;
}

static void
start_all(void)
{
	for (unsigned i = 0; i < 2; i++) {
		pair.n[i].conf.max_sessions = 1000;
		pair.n[i].conf.max_sessions_per_application = 1000;
		if (pair_start(i) < 0)
			abort();
	}
	crowd_begin();
	if (!pair_until(pair_ready, 20000))
		abort();
}

static bool
idle(void)
{
	crowd_act();
	return crowd_idle();
}

static void
open_session(unsigned app, unsigned other)
{
	(void)crowd_open(app, other, 100000);
	if (!pair_until(idle, 5000))
		abort();
}

/* Some of each kind, and what is refused. */
static void
go(void)
{
	(void)crowd_open(A1, B2, 0);
	for (unsigned i = 0; i < 3; i++)
		(void)crowd_draw(&crowd.sessions[i], 1 + i);
	if (!pair_until(idle, 5000))
		abort();
	crowd.mood = (struct crowd_mood){ .refuse = 100 };
	(void)crowd_draw(&crowd.sessions[0], 2);
	(void)crowd_draw(&crowd.sessions[1], 2);
	if (!pair_until(idle, 5000))
		abort();
	crowd.mood = (struct crowd_mood){ .accept = 100 };
}

static void
prepare(void)
{
	open_session(A1, B1);
	open_session(A1, A2);
	open_session(B1, A1);
}

/* ---- both ---- */

static unsigned	commits, die_at;

static int
on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
	(void)arg, (void)db, (void)name, (void)pages;
	if (++commits == die_at)
		kill(getpid(), SIGKILL);
	return SQLITE_OK;
}

static void
life(int report)
{
	(void)report;
	pair_open(unit_path("."));
	start_all();
	crowd_check();		/* what the life before has left */
	prepare();
	commits = 0;
	for (unsigned i = 0; i < 2; i++)
		sqlite3_wal_hook(db_handle(writer(i)), on_commit, NULL);
	go();
	pair_run(3000);		/* there are a few each second */
	kill(getpid(), SIGKILL);
}

START_TEST(both_are_killed_after_any_commit)
{
	char	none;

	(void)unit_path("");
	for (die_at = 1; die_at < 30; die_at += 1 + die_at / 6)
		(void)unit_killed(life, &none, sizeof(none));
	pair_open(unit_path("."));
	start_all();
	crowd_check();
	crowd_end();
	pair_close();
}
END_TEST

/* ---- one ---- */

static unsigned		victim;
static volatile bool	dead;

/* The disk as it is now; nothing that the victim does from here on is seen by
 * anybody. */
static int
on_victim_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
	(void)arg, (void)db, (void)name, (void)pages;
	if (++commits != die_at)
		return SQLITE_OK;
	pair.away[victim] = true;
	crowd.killed[victim] = true;
	pair_store_copy(victim, "image", false);
	dead = true;
	return SQLITE_OK;
}

static bool
over(void)
{
	crowd_act();
	return dead;
}

/* It may be older than the store. */
static void
witness(bool back)
{
	size_t	 len;
	char	*p = unit_read(back ? unit_path("w") : pair_witness(victim),
		    &len);

	unit_write(back ? pair_witness(victim) : unit_path("w"), p, len,
	    0600);
	free(p);
}

/* As go(), until the victim dies. */
static void
go_one(void)
{
	(void)crowd_open(victim == 0 ? A1 : B1, B2, 0);
	for (unsigned i = 0; i < 3; i++)
		(void)crowd_draw(&crowd.sessions[i], 1 + i);
	(void)pair_until(over, 300);
	crowd.mood = (struct crowd_mood){ .refuse = 100 };
	if (!dead)
		(void)crowd_draw(&crowd.sessions[0], 2);
	if (!dead)
		(void)crowd_draw(&crowd.sessions[2], 2);
	(void)pair_until(over, 2000);
	crowd.mood = (struct crowd_mood){ .accept = 100 };
}

/* False: there are not so many commits. */
static bool
kill_one(void)
{
	commits = 0;
	dead = false;
	witness(false);
	sqlite3_wal_hook(db_handle(writer(victim)), on_victim_commit, NULL);
	go_one();
	if (!dead)
		return false;
	crowd_lost(victim);
	pair_stop(victim);
	pair_store_copy(victim, "image", true);
	witness(true);
	crowd.killed[victim] = false;
	ck_assert_int_eq(pair_start(victim), 0);
	crowd_door();
	pair_away(victim, false);
	ck_assert(pair_until(idle, 5000));
	ck_assert(pair_until(pair_ready, 20000));
	crowd_check();
	return true;
}

static void
kill_often(unsigned who)
{
	victim = who;
	pair_open(unit_path("."));
	start_all();
	prepare();
	for (die_at = 1; die_at < 24 && kill_one();
	    die_at += 1 + die_at / 6)
		;
	ck_assert_uint_gt(die_at, 8);
	ck_assert_uint_gt(crowd.given, 0);
	crowd_end();
	pair_close();
}

START_TEST(the_source_is_killed_after_any_commit)
{
	kill_often(0);
}
END_TEST

START_TEST(the_destination_is_killed_after_any_commit)
{
	kill_often(1);
}
END_TEST

UNIT_MAIN("sessionkill",
    both_are_killed_after_any_commit,
    the_source_is_killed_after_any_commit,
    the_destination_is_killed_after_any_commit)
